"""Hypothesis explores at will on a developer's machine and repeats itself in CI; no test counts
assessments in the developer's own ledger.
"""

import os

from hypothesis import settings

settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")

os.environ["MINTMARK_STATE"] = "off"
