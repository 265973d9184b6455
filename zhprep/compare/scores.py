"""The scores that variants have: on held-out instances, on the same sentences, on tasks; which of them may be compared.

Held-out instances are masked as each model was trained; sentences under masks that all models share, so that these
figures tell variants apart that mask in other ways. Losses and accuracies are of tokens and need one vocabulary; bits
per character are of any.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from zhprep.compare.judging import Score, Spread
from zhprep.compare.runs import ComparedRun
from zhprep.compare.variants import Variant

Figures = Mapping[str, Any]
Metrics = Mapping[str, tuple[str, bool, bool]]

HELD_OUT: Metrics = {
    "loss": ("unigram_loss", False, True),
    "accuracy": ("unigram_accuracy", True, True),
    "bits_per_character": ("unigram_bits_per_character", False, False),
}
"""Figures on held-out tokens: their baseline, whether more is better, and whether they depend on the vocabulary."""
LIKELIHOOD: Metrics = {"pseudo_perplexity": ("", False, True), "bits_per_character": ("", False, False)}
"""The same of the pseudo-log-likelihood of sentences, which has no baseline."""
SENTENCES = ("shared masks", "pseudo-likelihood")
"""The kinds of scores on sentences."""
MOST_UNKNOWN = 0.01
"""Share of unknown tokens among those predicted up to which bits per character of several vocabularies are compared."""


class SentenceFigure(NamedTuple):
    """A figure of a run on sentences: which score and metric it is, its baseline (empty text without one), and how many
    sentences it is of."""

    name: str
    kind: str
    metric: str
    value: float
    baseline: float | str
    sentences: int


def scores_of(variants: Sequence[Variant]) -> list[Score]:
    """Return the scores that some of ``variants`` have: held-out figures, those on sentences, then tasks."""
    return [*_held_out(variants), *_on_sentences(variants), *_tasks(variants)]


def diverged(variants: Sequence[Variant]) -> Iterator[str]:
    """Yield in words which runs have figures that are not finite numbers, and so are left out of the scores."""
    for run in (run for variant in variants for run in variant.runs):
        for name in HELD_OUT:
            if not math.isfinite(run.intrinsic.get(name, 0.0)):
                yield f"{run.name}: its held-out {name} is not a finite number: the model diverged"


def lacking(variants: Sequence[Variant]) -> Iterator[str]:
    """Yield in words which runs have no figures on sentences where others have."""
    runs = [run for variant in variants for run in variant.runs]
    if any(run.shared_masks for run in runs):
        for run in runs:
            if not run.shared_masks:
                how = "zhprep evaluate RUN --held-out TEXT gives them to models that tell hidden tokens"
                yield f"{run.name} has no scores under the shared masks ({how})"


def sentence_figures(run: ComparedRun) -> Iterator[SentenceFigure]:
    """Yield the figures of ``run`` on sentences."""
    for name, kind, of, metrics in _SOURCES:
        figures = of(run)
        sentences = _text_of(run, kind).get("sentences", 0)
        for metric, (baseline, _, _) in metrics.items():
            if metric in figures:
                yield SentenceFigure(name, kind, metric, figures[metric], figures.get(baseline, ""), sentences)


_SOURCES: tuple[tuple[str, str, Callable[[ComparedRun], Figures], Metrics], ...] = (
    ("hidden characters", SENTENCES[0], lambda run: dict(run.shared_masks.get("characters", {})), HELD_OUT),
    ("hidden words", SENTENCES[0], lambda run: dict(run.shared_masks.get("words", {})), HELD_OUT),
    ("pseudo-likelihood", SENTENCES[1], lambda run: run.pll, LIKELIHOOD),
)
"""The scores on sentences: their names and kinds, where the figures of a run are, and the metrics."""


def _text_of(run: ComparedRun, kind: str) -> Figures:
    """Return what is known of the sentences that figures of ``kind`` of a run are on."""
    found: Figures = (run.shared_masks if kind == SENTENCES[0] else run.pll).get("text", {})
    return found


def _held_out(variants: Sequence[Variant]) -> Iterator[Score]:
    why_not = _masked_otherwise(variants)
    yield from _of_tokens("held-out", "held-out", variants, lambda run: run.intrinsic, HELD_OUT, why_not)
    runs = [run for variant in variants for run in variant.runs if run.intrinsic]
    for name in dict.fromkeys(name for run in runs for name in _other_objectives(run)):
        figures = {variant.name: [_other_objectives(run).get(name) for run in variant.runs] for variant in variants}
        spreads = {key: _accuracies([one for one in some if one]) for key, some in figures.items() if any(some)}
        yield Score("held-out", f"{name} accuracy", "held-out", spreads, incomparable=why_not)


def _on_sentences(variants: Sequence[Variant]) -> Iterator[Score]:
    for name, kind, of, metrics in _SOURCES:
        texts = {_text_of(run, kind)["sha256"] for variant in variants for run in variant.runs if of(run)}
        why_not = "they were scored on other sentences" if len(texts) > 1 else ""
        yield from _of_tokens(name, kind, variants, of, metrics, why_not)


def _of_tokens(
    name: str, kind: str, variants: Sequence[Variant], of: Callable[[ComparedRun], Figures], metrics: Metrics,
    why_not: str,
) -> Iterator[Score]:  # fmt: skip
    """Yield the scores of the ``metrics`` that figures ``of`` runs on tokens have; ``why_not`` says why none may be
    compared, if so."""
    runs = [run for variant in variants for run in variant.runs if of(run)]
    several = len({run.plan["vocabulary"] for run in runs}) > 1
    for metric, (baseline, more, by_token) in metrics.items():
        values = {variant.name: _spread_of([of(run) for run in variant.runs], metric, baseline) for variant in variants}
        spreads = {key: spread for key, spread in values.items() if spread is not None}
        other = _other_tokens(runs, of, by_token) if several else ""
        if spreads:
            yield Score(name, metric, kind, spreads, more, metric == "accuracy", why_not or other)


def _other_objectives(run: ComparedRun) -> dict[str, Any]:
    """Return the figures of the objectives beside the one whose figures stand for the model."""
    loss = run.intrinsic.get("loss", math.nan)
    objectives = run.intrinsic.get("objectives", {})
    same = {name for name, one in objectives.items() if math.isclose(one["loss"], loss, rel_tol=1e-6)}
    return {name: one for name, one in objectives.items() if name not in same and math.isfinite(one["loss"])}


def _accuracies(figures: Sequence[Figures]) -> Spread:
    values = tuple(float(one["accuracy"]) for one in figures)
    levels = [float(one["baseline_accuracy"]) for one in figures if "baseline_accuracy" in one]
    return Spread(values, len(values), _mean(levels))


def _spread_of(figures: Sequence[Figures], metric: str, baseline: str) -> Spread | None:
    values = tuple(value for one in figures if metric in one and math.isfinite(value := float(one[metric])))
    levels = [float(one[baseline]) for one in figures if baseline in one]
    return Spread(values, len(values), _mean(levels)) if values else None


def _mean(levels: Sequence[float]) -> float | None:
    return math.fsum(levels) / len(levels) if levels else None


def _masked_otherwise(variants: Sequence[Variant]) -> str:
    """Return why held-out figures cannot be compared where runs mask by other rules: some masks are harder."""
    names = ("mask", "mask_prob", "budget", "replacement", "ratios", "per", "ngram_weights", "corruption", "static")
    masks = [[str(variant.runs[0].masks.get(name)) for name in names] for variant in variants]
    return "each is scored on its own masks, and some masks are harder" if any(m != masks[0] for m in masks) else ""


def _other_tokens(runs: Sequence[ComparedRun], of: Callable[[ComparedRun], Figures], by_token: bool) -> str:
    """Return why figures on tokens of several vocabularies cannot be compared: of tokens never, of characters where
    many are unknown, which count as one character each and are easily guessed."""
    if by_token:
        return "their tokens are others (bits per character are of any)"
    shares = {run.name: _unknown(of(run)) for run in runs}
    name = max(shares, key=lambda name: shares[name])
    if shares[name] <= MOST_UNKNOWN:
        return ""
    return f"{shares[name]:.0%} of what {name} predicts are unknown tokens, which may stand for any text"


def _unknown(figures: Figures) -> float:
    predicted = max(*(figures.get(name, 0) for name in ("masked_tokens", "written_tokens", "tokens")), 1)
    return float(figures.get("unknown_tokens", 0) / predicted)


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


def _spread(tasks: Sequence[Figures], metric: str) -> Spread:
    values = tuple(float(value) for task in tasks for value in task[metric]["values"])
    return Spread(values, len(tasks), _mean([float(task["baseline"][metric]) for task in tasks]))
