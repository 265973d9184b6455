"""Scores of variants beside one another and beside their baselines, and what may be said of them.

Nothing within one deviation is called a difference: of two variants that of the difference of their means,
sqrt(std² + std²); where a variant has one value there is no deviation, and nothing is told apart.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence

BASELINE = "baseline"
BETTER, WORSE, WITHIN = "better", "worse", "not told apart"


@dataclasses.dataclass(frozen=True)
class Spread:
    """The values of a variant in one score, of ``n_runs`` runs, and the baseline's mean over those, if it has one."""

    values: tuple[float, ...]
    n_runs: int
    baseline: float | None

    @property
    def mean(self) -> float:
        """The mean of the values."""
        return math.fsum(self.values) / len(self.values)

    @property
    def std(self) -> float:
        """Their standard deviation, as ``evaluate`` gives it: n in the denominator, 0 of one value."""
        return math.sqrt(math.fsum((value - self.mean) ** 2 for value in self.values) / len(self.values))


@dataclasses.dataclass(frozen=True)
class Score:
    """One score: of a task, or ``held-out``; its metric, and what each variant that has it got."""

    name: str
    metric: str
    kind: str
    spreads: dict[str, Spread]
    more_is_better: bool = True
    is_share: bool = True
    incomparable: str = ""

    @property
    def title(self) -> str:
        """What it is called in a sentence."""
        return f"{self.name} {self.metric.replace('_', ' ')}"

    @property
    def best(self) -> str:
        """The variant of the best mean."""
        return max(self.spreads, key=lambda name: self._sign * self.spreads[name].mean)

    @property
    def _sign(self) -> int:
        return 1 if self.more_is_better else -1

    def is_told_apart(self, one: str, other: str) -> bool:
        """Whether two variants are further apart than one deviation of their difference."""
        a, b = self.spreads[one], self.spreads[other]
        if self.incomparable or min(len(a.values), len(b.values)) < 2:
            return False
        return abs(a.mean - b.mean) > math.hypot(a.std, b.std)

    def near_best(self) -> list[str]:
        """Return the variants that are not told apart from the best one, which is left out."""
        return [name for name in self.spreads if name != self.best and not self.is_told_apart(name, self.best)]

    def against_baseline(self, name: str) -> str:
        """Return how a variant stands to its baseline: better, worse, not told apart, or nothing without one.

        Who is below it by any margin is worse.
        """
        spread = self.spreads[name]
        if spread.baseline is None:
            return ""
        above = self._sign * (spread.mean - spread.baseline)
        return WORSE if above < 0 else WITHIN if above <= spread.std else BETTER

    def shown(self, value: float, *, bare: bool = False) -> str:
        """Return a value of it for people."""
        text = f"{100 * value:.1f}" if self.is_share else f"{value:.3f}"
        return text if bare or not self.is_share else f"{text}%"

    def cell(self, name: str) -> str:
        """Return mean and deviation of a variant; without the latter where it has one value."""
        spread = self.spreads[name]
        deviation = f" ± {self.shown(spread.std)}" if len(spread.values) > 1 else ""
        return f"{self.shown(spread.mean)}{deviation}"

    def verdict(self) -> str:
        """Return what may be said of the variants in this score; nothing where there is one."""
        if len(self.spreads) < 2:
            return ""
        if self.incomparable:
            return f"{self.title}: not compared, {self.incomparable}."
        near, best = self.near_best(), self.best
        below = [name for name in self.spreads if name != best and name not in near]
        single = any(len(spread.values) < 2 for spread in self.spreads.values())
        why = " (of a single value there is no deviation)" if single and near else ""
        if not below:
            return f"{self.title}: not told apart: {', '.join(self.spreads)}{why}."
        rest = f"; not told apart from it: {', '.join(near)}{why}" if near else ""
        return f"{self.title}: {best} ({self.cell(best)}) is better than {', '.join(below)}{rest}."


def warnings(scores: Sequence[Score]) -> Iterator[str]:
    """Yield in words which variants are worse than their baselines, and which are not told apart from them."""
    for name in dict.fromkeys(name for score in scores for name in score.spreads):
        for stands, what in (
            (WORSE, "is worse than its baseline in"),
            (WITHIN, "is not told apart from its baseline in"),
        ):
            found = [score for score in scores if name in score.spreads and score.against_baseline(name) == stands]
            if found:
                yield f"{name} {what} {', '.join(score.title for score in found)}."
