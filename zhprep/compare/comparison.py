"""Compare finished runs: what ``zhprep compare`` prints and writes, and what an experiment ends with.

``compare`` gives a :class:`Comparison`; its ``results`` are what ``results.json`` holds:

    table       "comparison", with its version and that of zhprep
    variants    for each: name, runs, seeds, and the means over its runs of cost and of data figures
    runs        for each: name, variant, seed, cost (see ``COST``), data (counts and losses of its instances)
    scores      for each: score, metric, kind, better ("higher" or "lower"), best, not_told_apart (from the best),
                verdict in words, and by variant: mean, std, n, runs, values, baseline, against_baseline
    differences by kind (held-out, budget, tasks): in what the runs differ, where that was allowed
    settings    by name: the value of each variant, of the settings in which they differ
    notes       what is missing, and which variants are worse than their baseline

All of it is a function of the files of the runs: the same runs give the same bytes.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import math
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import zhprep
from zhprep.compare.fairness import characters_seen, check_fair, unequal
from zhprep.compare.judging import Score, warnings
from zhprep.compare.runs import ComparedRun, Entrant, read_runs
from zhprep.compare.scores import SENTENCES, diverged, lacking, scores_of, sentence_figures
from zhprep.compare.variants import Variant, differing, variants_of

VERSION = 1
COST = ("steps", "parameters", "instances", "tokens", "characters", "seconds", "flops")
"""What a run cost: ``characters`` is about how many the tokens stand for; None where it is not known."""

COLUMNS = (
    "variant", "run", "pretraining_seed", "task", "kind", "metric", "seed", "score", "test_score", "baseline",
    "dev_rows", "train_rows",
)  # fmt: skip
"""The columns of ``results.csv``: a row per run, task and seed of the fine-tuning, then one per run and figure on
sentences (``dev_rows`` of them; ``task`` is the name of the score); shares from 0 to 1."""


@dataclasses.dataclass(frozen=True)
class Comparison:
    """Runs, the variants they are of, their scores, and in what they differ that was allowed to differ."""

    runs: list[ComparedRun]
    variants: list[Variant]
    scores: list[Score]
    differences: dict[str, list[str]]

    @property
    def settings(self) -> dict[str, list[Any]]:
        """The settings in which the variants differ, a value for each variant."""
        return differing(self.variants)

    @property
    def notes(self) -> list[str]:
        """What is missing, and what is worse than its baseline."""
        missing = [note for run in self.runs for note in run.notes]
        alone = [
            f"{name} has no score of {score.name}, {score.metric.replace('_', ' ')}"
            for score in self.scores
            for name in (variant.name for variant in self.variants)
            if name not in score.spreads and score.kind not in ("held-out", *SENTENCES)
        ]
        return [
            *missing,
            *alone,
            *_copies(self.runs),
            *lacking(self.variants),
            *unequal(self.runs),
            *diverged(self.variants),
            *warnings(self.scores),
        ]

    @property
    def verdicts(self) -> list[str]:
        """What may be said of the variants, a sentence for each score."""
        refused: dict[str, list[str]] = {}
        for score in self.scores:
            if score.incomparable and len(score.spreads) > 1:
                refused.setdefault(score.incomparable, []).append(score.title)
        told = [score.verdict() for score in self.scores if not score.incomparable]
        return [*filter(None, told), *(f"{', '.join(titles)}: not compared, {why}." for why, titles in refused.items())]

    @property
    def results(self) -> dict[str, Any]:
        """What ``results.json`` holds."""
        names = [variant.name for variant in self.variants]
        return {
            "table": "comparison",
            "version": VERSION,
            "zhprep": zhprep.__version__,
            "variants": [_variant(variant) for variant in self.variants],
            "runs": [_run(variant, run) for variant in self.variants for run in variant.runs],
            "scores": [_score(score) for score in self.scores],
            "differences": self.differences,
            "settings": {name: dict(zip(names, row, strict=True)) for name, row in self.settings.items()},
            "notes": self.notes,
        }

    def csv(self) -> str:
        """Return ``results.csv``."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(_rows(self.variants))
        return out.getvalue()


def compare(entrants: Sequence[Path | Entrant], *, allow: Collection[str] = ()) -> Comparison:
    """Return the comparison of finished runs: folders, or an :class:`Entrant` where a caller knows the variant of one.

    Runs whose settings differ in the seed alone are one variant. ``allow`` names in what the runs may differ
    (``held-out``, ``budget``, ``tasks``); without it such a difference is a ``UsageError`` that says it run by run.
    Raises ``UsageError`` for what is no finished run and ``DataError`` for one that was changed.
    """
    runs = read_runs([one if isinstance(one, Entrant) else Entrant(one) for one in entrants])
    differences = check_fair(runs, allow)
    variants = variants_of(runs)
    return Comparison(runs, variants, scores_of(variants), differences)


def cost_of(run: ComparedRun) -> dict[str, float | int | None]:
    """Return what a run cost, by the names of ``COST``."""
    report = run.report
    known = {name: report.get(name) for name in ("steps", "parameters", "instances", "tokens", "flops")}
    seconds = report.get("training_seconds")
    return {name: {**known, "characters": characters_seen(run), "seconds": seconds}[name] for name in COST}


def data_of(run: ComparedRun) -> dict[str, Any]:
    """Return the counts and losses of the instances of a run, and the share of tokens that it was to predict."""
    report = run.report
    share = report["masked_tokens"] / max(report["tokens"], 1)
    account = {} if run.data is None else run.data.get("account", {})
    return {
        "masked_share": share,
        **{name: account.get(name, {}) for name in ("counts", "dropped", "changed", "inserted")},
    }


def mean_of(values: Sequence[float | int | None]) -> float | None:
    """Return the mean of values, None where one is not known."""
    known = [value for value in values if value is not None]
    return math.fsum(known) / len(known) if known and len(known) == len(values) else None


def _copies(runs: Sequence[ComparedRun]) -> Iterator[str]:
    """Yield in words which runs are one training under several names: they count as several, and deviate in nothing."""
    same: dict[tuple[str, str | None], list[str]] = {}
    for run in runs:
        same.setdefault((run.report["content_sha256"], run.setting), []).append(run.name)
    for names in (names for names in same.values() if len(names) > 1):
        yield f"{', '.join(names)} have the same weights: a run and its copies say no more than the run"


def _variant(variant: Variant) -> dict[str, Any]:
    costs = [cost_of(run) for run in variant.runs]
    return {
        "name": variant.name,
        "runs": [run.name for run in variant.runs],
        "seeds": [run.seed for run in variant.runs],
        "cost": {name: mean_of([cost[name] for cost in costs]) for name in COST},
        "masked_share": mean_of([data_of(run)["masked_share"] for run in variant.runs]),
    }


def _run(variant: Variant, run: ComparedRun) -> dict[str, Any]:
    return {
        "name": run.name,
        "variant": variant.name,
        "seed": run.seed,
        "content_sha256": run.report["content_sha256"],
        "cost": cost_of(run),
        "data": data_of(run),
        "held_out": run.intrinsic.get("held_out", {}),
    }


def _score(score: Score) -> dict[str, Any]:
    by_variant = {
        name: {
            "mean": spread.mean, "std": spread.std, "n": len(spread.values), "runs": spread.n_runs,
            "values": list(spread.values), "baseline": spread.baseline,
            "against_baseline": score.against_baseline(name) or None,
        }
        for name, spread in score.spreads.items()
    }  # fmt: skip
    return {
        "score": score.name,
        "metric": score.metric,
        "kind": score.kind,
        "better": "higher" if score.more_is_better else "lower",
        "variants": by_variant,
        "best": None if score.incomparable else score.best,
        "not_told_apart": [] if score.incomparable else score.near_best(),
        "verdict": score.verdict(),
    }


def _rows(variants: Sequence[Variant]) -> Iterator[list[Any]]:
    for variant in variants:
        for run in variant.runs:
            for name, task in run.tasks.items():
                metric, values = task["metric"], task[task["metric"]]["values"]
                tested = task.get("test", {}).get(metric, {}).get("values", [""] * len(values))
                seeds = task.get("seeds", range(len(values)))
                for seed, value, test in zip(seeds, values, tested, strict=True):
                    yield [
                        variant.name, run.name, run.seed, name, task["kind"], metric, seed, value, test,
                        task["baseline"][metric], task["dev_rows"], task.get("train_rows", ""),
                    ]  # fmt: skip
            for one in sentence_figures(run):
                yield [
                    variant.name, run.name, run.seed, one.name, one.kind, one.metric, "", one.value, "", one.baseline,
                    one.sentences, "",
                ]  # fmt: skip
