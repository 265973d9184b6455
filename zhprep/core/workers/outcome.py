"""What an engine says of an item that it could not do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

ATTEMPTS = 3
"""How many workers may be killed at one item before it is given up."""


@dataclass(frozen=True)
class Killed:
    """The result for an ``item`` at which ``ATTEMPTS`` workers were killed, each in its turn; ``how`` the last was."""

    item: Any
    how: str = ""
