"""``python -m zhprep``."""

from __future__ import annotations

from zhprep.cli import main

if __name__ == "__main__":
    main()
