"""``python -m mintmark.cli``."""

from __future__ import annotations

import sys

from mintmark.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
