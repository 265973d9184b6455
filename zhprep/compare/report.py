"""The report of one run from raw text to scores: what a reader asks, in the order in which it is asked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from zhprep.compare.instances import LEGEND, instance_html
from zhprep.compare.page import Page
from zhprep.compare.plots import Points, bar_chart, line_chart
from zhprep.core.config import build
from zhprep.core.shards import open_table, read_manifest
from zhprep.instances import InstancesConfig
from zhprep.instances.view import masked_kinds, view_instances
from zhprep.vocab import Vocabulary, load

SAMPLE = 6
STATISTICS_ROWS = 4000


def report_page(folder: Path, *, title: str, size: str) -> str:
    """Return the page of the folder that ``zhprep run`` made, with everything it shows inside it."""
    data, run = folder / "data", folder / "run"
    manifest = read_manifest(data, "instances")
    vocabulary = load(data / "vocab")
    config = build(InstancesConfig, manifest["config"]["instances"])
    table = open_table(data)
    page = Page(title, f"size {size}; made by zhprep {manifest['zhprep']}")
    _corpus(page, manifest)
    _vocabulary(page, vocabulary, manifest)
    _masks(page, table.slice(0, STATISTICS_ROWS), vocabulary, config)
    page.heading("Instances", "As the model sees them in its first epoch.")
    rows = table.take(pa.array(np.linspace(0, table.num_rows - 1, min(SAMPLE, table.num_rows)).astype(np.int64)))
    page.markup(LEGEND + "".join(map(instance_html, view_instances(rows, vocabulary, config))))
    _training(page, run)
    _scores(page, json.loads((run / "scores.json").read_text("utf-8")))
    _reproduce(page, manifest)
    return page.render()


def _corpus(page: Page, manifest: dict[str, Any]) -> None:
    counts, account = manifest["account"]["counts"], manifest["account"]
    page.heading("Corpus", "What went in, what came out, and what was lost on the way, by reason.")
    names = ("documents_in", "documents_out", "sentences", "characters", "words", "tokens", "instances", "unk_tokens")
    page.table([(name.replace("_", " "), counts[name]) for name in names if name in counts])
    losses = [(what, reason, n) for what in ("dropped", "changed", "inserted") for reason, n in account[what].items()]
    if losses:
        page.table(losses, head=("", "reason", "count"))


def _vocabulary(page: Page, vocabulary: Vocabulary, manifest: dict[str, Any]) -> None:
    counts = manifest["account"]["counts"]
    lengths = np.bincount([min(len(token.removeprefix("##")), 12) for token in vocabulary.tokens[5:]], minlength=13)
    page.heading("Vocabulary")
    unknown = counts.get("unk_tokens", 0) / max(counts.get("tokens", 0), 1)
    page.table([("type", vocabulary.kind), ("entries", vocabulary.size), ("unknown tokens", f"{unknown:.4%}")])
    bars = [(str(length) if length < 12 else "12+", float(lengths[length])) for length in range(1, 13)]
    page.figure(bar_chart(bars, y_label="entries"), "Entries by length in characters")


def _masks(page: Page, rows: pa.Table, vocabulary: Vocabulary, config: InstancesConfig) -> None:
    kinds, n_tokens, lengths = masked_kinds(rows, vocabulary, config)
    chosen = int(kinds.sum())
    page.heading(
        "Masks",
        f"Strategy {config.mask}, replacement {config.replacing}, format {config.format}; "
        f"over {rows.num_rows:,} instances.",
    )
    shares = kinds / max(chosen, 1)
    page.table(
        [("chosen tokens", f"{chosen / max(n_tokens, 1):.2%} of {n_tokens:,}"),
         ("replaced by [MASK]", f"{shares[1]:.2%}"),
         ("replaced by a random token", f"{shares[2]:.2%}"), ("kept", f"{shares[3]:.2%}")]
    )  # fmt: skip
    edges = np.linspace(0, config.max_length, 17).astype(int)
    histogram, _ = np.histogram(lengths, edges)
    page.figure(
        bar_chart([(str(edge), float(n)) for edge, n in zip(edges[1:], histogram, strict=True)], y_label="instances"),
        "Instances by length in tokens",
    )


def _training(page: Page, run: Path) -> None:
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text("utf-8").splitlines()]
    steps = [line for line in lines if "loss" in line]
    names = list(steps[0]["loss"]) if steps else []
    series: dict[str, Points] = {name: [(line["step"], line["loss"][name]) for line in steps] for name in names}
    report = json.loads((run / "report.json").read_text("utf-8"))
    scores = json.loads((run / "scores.json").read_text("utf-8"))
    levels = {"unigram": scores["intrinsic"]["unigram_loss"]} if "intrinsic" in scores else {}
    page.heading("Training")
    facts = ("steps", "parameters", "tokens", "tokens_per_second", "seconds")
    page.table([(name.replace("_", " "), report[name]) for name in facts if name in report])
    page.figure(
        line_chart(series, x_label="step", y_label="loss (nats)", levels=levels),
        "Training loss; dashed: the unigram distribution on held-out tokens",
    )


def _scores(page: Page, scores: dict[str, Any]) -> None:
    page.heading("Scores")
    held_out = scores["intrinsic"]
    page.text("Held-out instances, masked the same way for every model:")
    page.table(
        [("loss (nats)", held_out["loss"], held_out["unigram_loss"]),
         ("bits per character", held_out["bits_per_character"], held_out["unigram_bits_per_character"]),
         ("accuracy", held_out["accuracy"], "")],
        head=("", "model", "unigram"),
    )  # fmt: skip
    rows = []
    for name, task in scores.get("tasks", {}).items():
        accuracy, f1 = task["accuracy"], task["macro_f1"]
        rows.append(
            (
                name,
                f"{accuracy['mean']:.2%} ± {accuracy['std']:.2%}",
                f"{f1['mean']:.2%}",
                f"{task['majority']:.2%}",
                task["dev_rows"],
            )
        )
    if rows:
        page.text("Fine-tuned on tasks, on dev:")
        page.table(rows, head=("task", "accuracy", "macro F1", "majority class", "rows"))


def _reproduce(page: Page, manifest: dict[str, Any]) -> None:
    page.heading(
        "To make it again", "The same inputs, settings and versions give the same bytes, with any number of workers."
    )
    facts = [
        ("content sha256", manifest["content_sha256"]),
        ("input sha256", manifest["input_sha256"]),
        ("segmenter", manifest.get("segmenter", "")),
    ]
    page.table([*facts, *sorted(manifest["dependencies"].items())])
    page.markup(f"<details><summary>settings</summary><pre>{_pretty(manifest['config'])}</pre></details>")


def _pretty(value: Any) -> str:
    import html

    return html.escape(json.dumps(value, ensure_ascii=False, indent=1))
