"""What neural methods share; everything here needs torch (extra `neural`)."""

from __future__ import annotations

import importlib.util

from mintmark.errors import MissingExtraError

if importlib.util.find_spec("torch") is None:
    raise MissingExtraError("torch", "neural")
