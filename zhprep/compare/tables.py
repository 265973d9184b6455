"""The tables of a comparison as rows of texts, for a terminal and for a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from zhprep.compare.comparison import COST, Comparison, cost_of, data_of, mean_of
from zhprep.compare.judging import Score

UNKNOWN = "–"
_COUNTS = ("documents_in", "documents_out", "sentences", "characters", "words", "tokens", "unk_tokens", "instances")
_CALLED = {
    "tokens": "tokens seen",
    "instances": "instances seen",
    "characters": "characters seen, about",
    "flops": "FLOPs",
}
_LOSSES = ("dropped", "changed", "inserted")
_SIZES = {1e21: "Z", 1e18: "E", 1e15: "P", 1e12: "T", 1e9: "G", 1e6: "M"}
Rows = list[list[str]]


def cost_rows(found: Comparison) -> Rows:
    """Return a head and, for each kind of cost, what one run of each variant cost on the average."""
    costs = [[cost_of(run) for run in variant.runs] for variant in found.variants]
    means = [{name: mean_of([cost[name] for cost in of_runs]) for name in COST} for of_runs in costs]
    rows = [["", *(variant.name for variant in found.variants)], ["runs", *(str(len(of_runs)) for of_runs in costs)]]
    for name in COST:
        whole = name not in ("seconds", "flops")
        rows.append([_CALLED.get(name, name), *(amount(mean[name], whole=whole) for mean in means)])
    speeds = [mean["tokens"] / mean["seconds"] if mean["tokens"] and mean["seconds"] else None for mean in means]
    return [*rows, ["tokens a second", *map(amount, speeds)]]


def data_rows(found: Comparison) -> Rows:
    """Return a head and, for each figure of the instances, that of each variant: of its first run."""
    data = [data_of(variant.runs[0]) for variant in found.variants]
    rows = [["", *(variant.name for variant in found.variants)]]
    for name in _COUNTS:
        if any(name in one["counts"] for one in data):
            rows.append([name.replace("_", " "), *(amount(one["counts"].get(name)) for one in data)])
    shares = (one["masked_share"] for one in data)
    return [*rows, ["masked share of tokens", *(f"{100 * share:.2f}%" if share else UNKNOWN for share in shares)]]


def loss_rows(found: Comparison) -> Rows:
    """Return a head and, for each reason why text was dropped, changed or inserted, how much of each variant was;
    nothing where nothing was."""
    data = [data_of(variant.runs[0]) for variant in found.variants]
    known = [variant.runs[0].data is not None for variant in found.variants]
    rows = [["", "reason", *(variant.name for variant in found.variants)]]
    for what in _LOSSES:
        for reason in sorted({reason for one in data for reason in one[what]}):
            counts = [one[what].get(reason, 0) if there else None for one, there in zip(data, known, strict=True)]
            rows.append([what, reason, *map(amount, counts)])
    return rows if len(rows) > 1 else []


def setting_rows(found: Comparison) -> Rows:
    """Return a head and, for each setting in which the variants differ, the value of each."""
    rows = [["setting", *(variant.name for variant in found.variants)]]
    return [*rows, *([name, *map(_setting, values)] for name, values in found.settings.items())]


def score_rows(found: Comparison) -> Rows:
    """Return a head and, for each score, mean and deviation of each variant, and its baseline."""
    names = [variant.name for variant in found.variants]
    rows = [["score", "metric", *(part for name in names for part in (name, "baseline"))]]
    for score in found.scores:
        cells = [part for name in names for part in score_cell(score, name)[:2]]
        rows.append([score.name, score.metric.replace("_", " "), *cells])
    return rows


def score_cell(score: Score, name: str) -> tuple[str, str, str]:
    """Return what a variant got in a score, its baseline, and how it stands to that."""
    if name not in score.spreads:
        return UNKNOWN, UNKNOWN, ""
    baseline = score.spreads[name].baseline
    shown = UNKNOWN if baseline is None else score.shown(baseline)
    return score.cell(name), shown, score.against_baseline(name)


def amount(value: float | int | None, *, whole: bool = True) -> str:
    """Return a count with its thousands; a measure with four digits, and with the letter of its size if it is large."""
    if value is None:
        return UNKNOWN
    if whole:
        return f"{round(value):,}"
    for size, letter in _SIZES.items():
        if abs(value) >= size:
            return f"{value / size:.4g} {letter}"
    return f"{value:,.1f}"


def _setting(value: Any) -> str:
    if value is None or value == "":
        return UNKNOWN
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(_setting, value)) or UNKNOWN
    if isinstance(value, dict):
        return ", ".join(f"{name} {_setting(one)}" for name, one in value.items()) or UNKNOWN
    return f"{value:g}" if isinstance(value, float) else str(value)
