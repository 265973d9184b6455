"""Scores of variants beside one another and beside their baselines, and what may be said of them.

Nothing within one deviation is called a difference: of two variants that of the difference of their means,
sqrt(std² + std²); where a variant has one value there is no deviation, and nothing is told apart.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from zhprep.compare.runs import ComparedRun
from zhprep.compare.variants import Variant

BASELINE = "baseline"
HELD_OUT = {
    "loss": ("unigram_loss", False, True),
    "accuracy": ("unigram_accuracy", True, True),
    "bits_per_character": ("unigram_bits_per_character", False, False),
}
"""Figures on held-out tokens: their baseline, whether more is better, and whether they depend on the vocabulary."""

MOST_UNKNOWN = 0.01
"""Share of unknown tokens among those predicted up to which bits per character of several vocabularies are compared."""
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


def diverged(variants: Sequence[Variant]) -> Iterator[str]:
    """Yield in words which runs have figures that are not finite numbers, and so are left out of the scores."""
    for run in (run for variant in variants for run in variant.runs):
        for name in HELD_OUT:
            if not math.isfinite(run.intrinsic.get(name, 0.0)):
                yield f"{run.name}: its held-out {name} is not a finite number: the model diverged"


def scores_of(variants: Sequence[Variant]) -> list[Score]:
    """Return the scores that some of ``variants`` have: held-out figures, then tasks."""
    return [*_held_out(variants), *_tasks(variants)]


def _held_out(variants: Sequence[Variant]) -> Iterator[Score]:
    why_not = _masked_otherwise(variants)
    runs = [run for variant in variants for run in variant.runs if run.intrinsic]
    vocabularies = {run.plan["vocabulary"] for run in runs}
    for name, (baseline, more, by_token) in HELD_OUT.items():
        values = {variant.name: _figures(variant.runs, name, baseline) for variant in variants}
        spreads = {key: spread for key, spread in values.items() if spread is not None}
        other = _other_tokens(runs, by_token) if len(vocabularies) > 1 else ""
        if spreads:
            yield Score("held-out", name, "held-out", spreads, more, name == "accuracy", why_not or other)
    for name in dict.fromkeys(name for run in runs for name in _other_objectives(run)):
        figures = {variant.name: [_other_objectives(run).get(name) for run in variant.runs] for variant in variants}
        spreads = {key: _accuracies([one for one in some if one]) for key, some in figures.items() if any(some)}
        yield Score("held-out", f"{name} accuracy", "held-out", spreads, incomparable=why_not)


def _other_objectives(run: ComparedRun) -> dict[str, Any]:
    """Return the figures of the objectives beside the one whose figures stand for the model."""
    loss = run.intrinsic.get("loss", math.nan)
    objectives = run.intrinsic.get("objectives", {})
    same = {name for name, one in objectives.items() if math.isclose(one["loss"], loss, rel_tol=1e-6)}
    return {name: one for name, one in objectives.items() if name not in same and math.isfinite(one["loss"])}


def _accuracies(figures: Sequence[Mapping[str, Any]]) -> Spread:
    values = tuple(float(one["accuracy"]) for one in figures)
    levels = [float(one["baseline_accuracy"]) for one in figures if "baseline_accuracy" in one]
    return Spread(values, len(values), math.fsum(levels) / len(levels) if levels else None)


def _figures(runs: Sequence[ComparedRun], name: str, baseline: str) -> Spread | None:
    there = [float(run.intrinsic[name]) for run in runs if name in run.intrinsic]
    values = tuple(value for value in there if math.isfinite(value))
    levels = [float(run.intrinsic[baseline]) for run in runs if baseline in run.intrinsic]
    return Spread(values, len(values), math.fsum(levels) / len(levels) if levels else None) if values else None


def _masked_otherwise(variants: Sequence[Variant]) -> str:
    """Return why held-out figures cannot be compared where runs mask by other rules: some masks are harder."""
    names = ("mask", "mask_prob", "budget", "replacement", "ratios", "per", "ngram_weights", "corruption", "static")
    masks = [[str(variant.runs[0].masks.get(name)) for name in names] for variant in variants]
    return "each is scored on its own masks, and some masks are harder" if any(m != masks[0] for m in masks) else ""


def _other_tokens(runs: Sequence[ComparedRun], by_token: bool) -> str:
    """Return why figures on tokens of several vocabularies cannot be compared: of tokens never, of characters where
    many are unknown, which count as one character each and are easily guessed."""
    if by_token:
        return "their tokens are others (bits per character are of any)"
    shares = {run.name: _unknown(run.intrinsic) for run in runs}
    name = max(shares, key=lambda name: shares[name])
    if shares[name] <= MOST_UNKNOWN:
        return ""
    return f"{shares[name]:.0%} of what {name} predicts are unknown tokens, which may stand for any text"


def _unknown(intrinsic: Mapping[str, Any]) -> float:
    predicted = max(intrinsic.get("masked_tokens", 0), intrinsic.get("written_tokens", 0), 1)
    return float(intrinsic.get("unknown_tokens", 0) / predicted)


def _tasks(variants: Sequence[Variant]) -> Iterator[Score]:
    found: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for variant in variants:
        for run in variant.runs:
            for name, task in run.tasks.items():
                found.setdefault(name, {}).setdefault(variant.name, []).append(task)
    for name, by_variant in found.items():
        first = next(iter(by_variant.values()))[0]
        spreads = {key: _spread(tasks, first["metric"]) for key, tasks in by_variant.items()}
        yield Score(name, first["metric"], first["kind"], spreads)


def _spread(tasks: Sequence[Mapping[str, Any]], metric: str) -> Spread:
    values = tuple(float(value) for task in tasks for value in task[metric]["values"])
    levels = [float(task["baseline"][metric]) for task in tasks]
    return Spread(values, len(tasks), math.fsum(levels) / len(levels))
