"""What an engine says of an item that it could not do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

ATTEMPTS = 3
"""How many workers may be killed at one item before it is given up."""

NO_MEMORY = "out of memory"
"""How a worker was killed, where an engine says that it was for want of memory."""


@dataclass(frozen=True)
class Killed:
    """The result for an ``item`` at which ``ATTEMPTS`` workers were killed, each in its turn; ``how`` the last was."""

    item: Any
    how: str = ""

    @property
    def wants_memory(self) -> bool:
        """Whether the last was killed as who takes too much memory is, by the kernel or by an engine."""
        return self.how in ("SIGKILL", NO_MEMORY)
