"""Rates that change while a model is trained: a curriculum over how much is masked.

In: a schedule as text, ``0:0.15,0.1:0.3,1:0.15``: points of the share of the training that is done, and the rate there.
Out: the rate at any share: straight lines between the points, flat before the first and after the last (Chinese
ModernBERT, arXiv 2510.12285, goes from 15 % to 30 % and back).
"""

from __future__ import annotations

import dataclasses
from itertools import pairwise

from zhprep.core.errors import UsageError

HINT = "shares of the training and rates, rising from 0 to 1: 0:0.15,0.1:0.3,1:0.15"


@dataclasses.dataclass(frozen=True)
class RateSchedule:
    """``points``: shares of the training done, rising, each with the rate there."""

    points: tuple[tuple[float, float], ...]

    @classmethod
    def parse(cls, text: str) -> RateSchedule:
        """Read a schedule; raises ``UsageError`` for one that is not."""
        try:
            pairs = [tuple(map(float, part.split(":"))) for part in text.split(",")]
            points = tuple((share, rate) for share, rate in pairs)
        except ValueError:
            raise UsageError(f"rate_schedule cannot be {text!r}", hint=HINT) from None
        if not all(0 <= value <= 1 for point in points for value in point):
            raise UsageError(f"rate_schedule {text!r} has a share or rate that is not from 0 to 1", hint=HINT)
        if any(after[0] <= before[0] for before, after in pairwise(points)):
            raise UsageError(f"rate_schedule {text!r} has shares that do not rise", hint=HINT)
        return cls(points)

    def at(self, progress: float) -> float:
        """Return the rate when the share ``progress`` of the training is done."""
        for (begin, low), (end, high) in pairwise(self.points):
            if begin <= progress < end:
                return low + (high - low) * (progress - begin) / (end - begin)
        return self.points[0][1] if progress < self.points[0][0] else self.points[-1][1]
