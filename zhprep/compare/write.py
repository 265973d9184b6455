"""The page of a comparison, and the files beside it."""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from zhprep.compare import tables
from zhprep.compare.comparison import Comparison
from zhprep.compare.instances import instance_html, legend_html
from zhprep.compare.judging import BETTER, WITHIN, WORSE, Score
from zhprep.compare.masks import SENTENCE, masked_by
from zhprep.compare.page import Page, figure, table
from zhprep.compare.plots import HALF, Points, curve_chart
from zhprep.compare.probes import WHAT, layer_figure, probes
from zhprep.compare.runs import ComparedRun
from zhprep.compare.variants import Variant
from zhprep.core.seal import json_bytes
from zhprep.core.shards import committed
from zhprep.instances.inspect import Shown

RESULTS, ROWS = "results.json", "results.csv"
_STANDS = {
    WORSE: '<small class="worse">worse than its baseline</small>',
    WITHIN: '<small class="worse">not told apart from its baseline</small>',
    BETTER: "",
    "": "",
}
MOST_BESIDE = 3
"""Variants whose tables find room beside each other."""
_AXES = {"tokens": "tokens, padding left out", "seconds": "seconds of training"}


def beside(page: Path) -> tuple[Path, Path]:
    """Return the files that are written beside ``page``."""
    return page.with_name(RESULTS), page.with_name(ROWS)


def write_comparison(found: Comparison, page: Path, *, sentence: str = SENTENCE) -> list[Path]:
    """Write ``page``, and ``results.json`` and ``results.csv`` beside it, over what is there; return the three."""
    files = [page, *beside(page)]
    texts = (comparison_page(found, sentence).encode(), json_bytes(found.results), found.csv().encode())
    page.parent.mkdir(parents=True, exist_ok=True)
    for file, text in zip(files, texts, strict=True):
        with committed(file, replace=True) as out:
            out.write(text)
    return files


def comparison_page(found: Comparison, sentence: str = SENTENCE) -> str:
    """Return the page of a comparison, with everything it shows inside it."""
    n_runs, n_variants = len(found.runs), len(found.variants)
    names = ", ".join(variant.name for variant in found.variants)
    of = f"{n_runs} runs of {n_variants} variants" if n_runs > n_variants else f"{n_variants} variants, one run each"
    page = Page(f"Comparison: {names}", f"{of}; zhprep {found.results['zhprep']}")
    _differences(page, found)
    _findings(page, found)
    _scores(page, found)
    _layers(page, found.variants)
    _curves(page, found.variants)
    _costs(page, found)
    _masks(page, found.variants, sentence)
    _settings(page, found)
    _runs(page, found)
    return page.render()


def _differences(page: Page, found: Comparison) -> None:
    if found.differences:
        page.heading("Not a fair comparison", "These runs were compared as they are, though they differ:")
        page.bullets([f"{kind}: {line}" for kind, lines in found.differences.items() for line in lines], style="worse")


def _findings(page: Page, found: Comparison) -> None:
    page.heading(
        "What may be said",
        "A difference is more than one deviation of it, √(σ² + σ²); what is nearer is not told apart.",
    )
    if found.verdicts:
        page.bullets(found.verdicts)
    if found.notes:
        page.bullets(found.notes, style="worse")


def _scores(page: Page, found: Comparison) -> None:
    if not found.scores:
        return
    page.heading(
        "Scores",
        "Mean ± deviation over the seeds of pretraining and fine-tuning (n values), beside the baseline: of tasks, "
        "that of who has only counted; of held-out text, that of the unigram distribution. Bold: better than another.",
    )
    names = [variant.name for variant in found.variants]
    head = "".join(f"<th>{html.escape(name)}</th>" for name in ("score", *names))
    rows = "".join(f"<tr>{_score_head(score)}{_score_cells(score, names)}</tr>" for score in found.scores)
    page.markup(f'<div class="scroll"><table class="scores"><tr>{head}</tr>{rows}</table></div>')


def _score_head(score: Score) -> str:
    better = "" if score.more_is_better else ", less is better"
    what = html.escape(f"{score.metric.replace('_', ' ')}{better}")
    return f"<td><b>{html.escape(score.name)}</b><small>{what}</small></td>"


def _score_cells(score: Score, names: Sequence[str]) -> str:
    cells = []
    leads = not score.incomparable and len(score.near_best()) < len(score.spreads) - 1
    for name in names:
        shown, baseline, stands = tables.score_cell(score, name)
        if name not in score.spreads:
            cells.append(f"<td>{shown}</td>")
            continue
        strong = "b" if leads and name == score.best else "span"
        count = f'<small class="count">baseline {baseline}, n {len(score.spreads[name].values)}</small>'
        cells.append(f"<td><{strong}>{shown}</{strong}>{count}{_STANDS[stands]}</td>")
    return "".join(cells)


def _layers(page: Page, variants: Sequence[Variant]) -> None:
    """Show what each layer of models that were probed knows of each task."""
    found = {variant.name: [probes(run) for run in variant.runs] for variant in variants}
    tasks = dict.fromkeys(task for several in found.values() for one in several for task in one)
    if not tasks:
        return
    page.heading("What is learnt where", WHAT)
    figures = []
    for task in tasks:
        probed = {name: [one[task] for one in several if task in one] for name, several in found.items()}
        figures.append(layer_figure(task, {name: several for name, several in probed.items() if several}))
    page.beside(*figures)


def _curves(page: Page, variants: Sequence[Variant]) -> None:
    objectives = dict.fromkeys(
        name for variant in variants for run in variant.runs for line in run.log for name in line.get("loss", ())
    )
    if not objectives:
        return
    page.heading(
        "Learning curves",
        "Losses of training in nats, each run on its own masks, so that curves of other masks have other levels.",
    )
    for part, what in (("loss", "training loss"), ("held_out", "held-out loss")):
        for name in objectives:
            page.beside(*(_curve(variants, part, name, axis, what) for axis in _AXES))


def _curve(variants: Sequence[Variant], part: str, name: str, axis: str, what: str) -> str:
    """Return a figure of the losses of an objective, or nothing where no run has two points of it."""
    series = {variant.name: [_points(run, part, name, axis) for run in variant.runs] for variant in variants}
    if all(len(line) < 2 for lines in series.values() for line in lines):
        return ""
    plot = curve_chart(series, x_label=_AXES[axis], y_label="nats", width=HALF)
    return figure(plot, f"{name.replace('_', ' ')}, {what} against {axis}")


def _points(run: ComparedRun, part: str, name: str, axis: str) -> Points:
    found = []
    for line in run.log:
        value = line.get(part, {}).get(name)
        value = value.get("loss") if isinstance(value, dict) else value
        if axis in line and isinstance(value, (int, float)):
            found.append((float(line[axis]), float(value)))
    return found


def _costs(page: Page, found: Comparison) -> None:
    page.heading(
        "Cost",
        "The mean of its runs; characters are those of the tokens. FLOPs are those of products, forward and "
        "backward, without padding; seconds are those of the machine of each run.",
    )
    page.table(tables.cost_rows(found)[1:], head=tables.cost_rows(found)[0])
    page.heading("Data", "What the instances were made of, what was lost on the way, and how much is to be predicted.")
    losses = tables.loss_rows(found)
    shown = table(losses[1:], head=losses[0]) if losses else "<p>Nothing was dropped or changed.</p>"
    counts = table(tables.data_rows(found)[1:], head=tables.data_rows(found)[0])
    if len(found.variants) > MOST_BESIDE:
        page.markup(counts + shown)
    else:
        page.beside(counts, shown)


def _masks(page: Page, variants: Sequence[Variant], sentence: str) -> None:
    page.heading("The same sentence, as each masks it", "Under the key of its seed, in its first epoch.")
    found = [masked_by(variant.runs[0], sentence) for variant in variants]
    page.markup(legend_html([one for one in found if isinstance(one, Shown)]))
    for variant, one in zip(variants, found, strict=True):
        title = f'<div class="labels"><b>{html.escape(variant.name)}</b></div>'
        page.markup(title + (instance_html(one) if isinstance(one, Shown) else f"<p>{html.escape(one)}</p>"))


def _settings(page: Page, found: Comparison) -> None:
    if len(found.variants) < 2:
        return
    rows = tables.setting_rows(found)
    same = "All other settings are the same." if len(rows) > 1 else "In none of their settings."
    page.heading("In what their recipes differ", same)
    if len(rows) > 1:
        page.table(rows[1:], head=rows[0])


def _runs(page: Page, found: Comparison) -> None:
    page.heading("Runs")
    rows: list[Sequence[Any]] = [
        (variant.name, run.name, str(run.seed), run.report["content_sha256"][:12], str(run.plan["data"])[:12])
        for variant in found.variants
        for run in variant.runs
    ]
    page.table(rows, head=("variant", "run", "seed", "weights", "instances"))
