"""The report of one run from raw text to scores: what a reader asks, in the order in which it is asked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from zhprep.compare.instances import instances_html, syllables_of
from zhprep.compare.page import Page, figure, table
from zhprep.compare.plots import HALF, WIDE, bar_chart, line_chart
from zhprep.core.shards import open_table, read_manifest
from zhprep.instances import InstancesConfig, instances_config
from zhprep.instances.inspect import masked_kinds, view_instances
from zhprep.instances.masks import KINDS
from zhprep.vocab import Vocabulary, load

SAMPLE = 6
STATISTICS_ROWS = 4000
LONGEST = 8


def report_page(folder: Path, *, title: str, size: str) -> str:
    """Return the page of the folder that ``zhprep run`` made, with everything it shows inside it."""
    data, run = folder / "data", folder / "run"
    manifest = read_manifest(data, "instances")
    vocabulary = load(data / "vocab")
    config = instances_config(data, manifest)
    rows = open_table(data)
    scores, report = (json.loads((run / f"{name}.json").read_bytes()) for name in ("scores", "report"))
    page = Page(
        title, f"model size {size}, masks {config.mask}, instances {config.format}; zhprep {manifest['zhprep']}"
    )
    _summary(page, manifest, report, scores)
    _scores(page, scores)
    _training(page, run, report, scores)
    _corpus(page, manifest)
    _vocabulary(page, vocabulary, manifest)
    _masks(page, rows.slice(0, STATISTICS_ROWS), vocabulary, config)
    page.heading("Instances", "Some of them, as the model sees them in its first epoch.")
    sample = rows.take(pa.array(np.linspace(0, rows.num_rows - 1, min(SAMPLE, rows.num_rows)).astype(np.int64)))
    page.markup(instances_html(view_instances(sample, vocabulary, config, syllables=syllables_of(rows, vocabulary))))
    _reproduce(page, manifest)
    return page.render()


def _summary(page: Page, manifest: dict[str, Any], report: dict[str, Any], scores: dict[str, Any]) -> None:
    counts, held_out = manifest["account"]["counts"], scores["intrinsic"]
    tiles = [
        ("characters of text", f"{counts['characters']:,}", f"in {counts['documents_in']:,} documents"),
        ("training steps", f"{report['steps']:,}", f"of a model of {report['parameters']:,} parameters"),
    ]
    if "loss" in held_out:
        tiles.append(("held-out loss", f"{held_out['loss']:.3f}", f"nats; unigram {held_out['unigram_loss']:.3f}"))
    for name, task in scores.get("tasks", {}).items():
        metric = task["metric"]
        tiles.append(
            (f"{metric}, {name}", f"{task[metric]['mean']:.1%}", f"without a model {task['baseline'][metric]:.1%}")
        )
    page.tiles(tiles)


def _scores(page: Page, scores: dict[str, Any]) -> None:
    held_out = scores["intrinsic"]
    names = ("loss", "bits_per_character", "perplexity_per_character", "perplexity")
    rows = [
        (name.replace("_", " "), held_out[name], held_out.get(f"unigram_{name}", ""))
        for name in names
        if name in held_out
    ]
    if "accuracy" in held_out:
        rows.append(("accuracy", f"{held_out['accuracy']:.2%}", ""))
    rows += _hidden_rows(scores.get("shared_masks", {}))
    others = {name: figures for name, figures in held_out.get("objectives", {}).items() if name != "mlm"}
    rows += [(f"{name.replace('_', ' ')}, loss", figures["loss"], "") for name, figures in others.items()]
    page.heading(
        "Scores",
        "Held-out instances are masked by the rule of the training; hidden characters and words of held-out sentences "
        "are the same for models of any recipe. Tasks are fine-tuned on and scored on dev.",
    )
    intrinsic = table(rows, head=("held out", "model", "unigram"))
    tasks = [
        (name, (metric := task["metric"]), f"{task[metric]['mean']:.2%} ± {task[metric]['std']:.2%}",
         f"{task['baseline'][metric]:.2%}", task["dev_rows"])
        for name, task in scores.get("tasks", {}).items()
    ]  # fmt: skip
    page.beside(intrinsic, table(tasks, head=("task", "score", "model", "without", "rows")) if tasks else "")


def _hidden_rows(shared: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Return rows of the figures under the shared masks: what is hidden, the model's figure, that of frequencies."""
    rows: list[tuple[Any, ...]] = []
    for mask in ("characters", "words"):
        hidden = shared.get(mask, {})
        if "loss" in hidden:
            guessed = f"{hidden['unigram_accuracy']:.2%}" if "unigram_accuracy" in hidden else ""
            rows.append((f"hidden {mask}, accuracy", f"{hidden['accuracy']:.2%}", guessed))
            bits = (hidden["bits_per_character"], hidden.get("unigram_bits_per_character", ""))
            rows.append((f"hidden {mask}, bits per character", *bits))
    return rows


def _training(page: Page, run: Path, report: dict[str, Any], scores: dict[str, Any]) -> None:
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text("utf-8").splitlines()]
    steps = [line for line in lines if "loss" in line]
    names = list(steps[0]["loss"]) if steps else []
    page.heading(
        "Training",
        f"{report['tokens']:,} tokens in {report['seconds']:,.0f} s, {report['tokens_per_second']:,.0f} tokens/s; "
        "losses in nats. Dashed: what the unigram distribution would give on held-out tokens.",
    )
    width = WIDE if len(names) == 1 else HALF
    plots = []
    for name in names:
        levels = {"unigram": scores["intrinsic"]["unigram_loss"]} if name == "mlm" else {}
        points = [(line["step"], line["loss"][name]) for line in steps]
        plot = line_chart({name: points}, x_label="step", y_label="loss", levels=levels, width=width)
        plots.append(figure(plot, name.replace("_", " ")))
    page.beside(*plots)


def _corpus(page: Page, manifest: dict[str, Any]) -> None:
    counts, account = manifest["account"]["counts"], manifest["account"]
    page.heading("Corpus", "What went in, what came out, and what was lost on the way, by reason.")
    names = ("documents_in", "documents_out", "sentences", "characters", "words", "tokens", "instances")
    losses = [(what, reason, n) for what in ("dropped", "changed", "inserted") for reason, n in account[what].items()]
    page.beside(
        table([(name.replace("_", " "), counts[name]) for name in names if name in counts]),
        table(losses, head=("", "reason", "count")) if losses else "<p>Nothing was dropped or changed.</p>",
    )


def _vocabulary(page: Page, vocabulary: Vocabulary, manifest: dict[str, Any]) -> None:
    counts = manifest["account"]["counts"]
    pieces = [token.removeprefix("##") for token in vocabulary.tokens if token not in vocabulary.specials]
    lengths = np.bincount([min(len(piece), LONGEST) for piece in pieces], minlength=LONGEST + 1)
    unknown = counts.get("unk_tokens", 0) / max(counts.get("tokens", 0), 1)
    bars = [(f"{n}{'+' if n == LONGEST else ''}", float(lengths[n])) for n in range(1, LONGEST + 1)]
    plot = bar_chart(bars, y_label="entries", x_label="characters", width=HALF)
    facts = [("type", vocabulary.kind), ("entries", f"{vocabulary.size:,}"), ("unknown tokens", f"{unknown:.4%}")]
    page.heading("Vocabulary")
    page.beside(table(facts), figure(plot, "Entries by length"))


def _masks(page: Page, rows: pa.Table, vocabulary: Vocabulary, config: InstancesConfig) -> None:
    kinds, n_words, lengths = masked_kinds(rows, vocabulary, config)
    chosen, n_tokens = int(kinds.sum()), int(lengths.sum())
    asked = f"asked for {config.mask_prob:.0%}" + (
        f", ratios {' / '.join(f'{r:.0%}' for r in config.ratios)}" if config.ratios else ""
    )
    page.heading(
        "Masks", f"Strategy {config.mask}, replacement {config.replacing}, {asked}; over {rows.num_rows:,} instances."
    )
    facts = [
        ("tokens", f"{n_tokens:,}"),
        ("chosen, of all tokens", f"{chosen / max(n_tokens, 1):.2%}"),
        ("chosen, special tokens aside", f"{chosen / max(n_words, 1):.2%}"),
        *((f"of the chosen: {name}", f"{n / max(chosen, 1):.2%}") for name, n in zip(KINDS, kinds, strict=True) if n),
    ]
    edges = np.unique(np.linspace(0, config.max_length, 13).astype(int))
    histogram, _ = np.histogram(lengths, edges)
    bars = [(str(edge), float(n)) for edge, n in zip(edges[1:], histogram, strict=True)]
    plot = bar_chart(bars, y_label="instances", x_label="tokens, at most", width=HALF)
    page.beside(table(facts), figure(plot, "Instances by length"))


def _reproduce(page: Page, manifest: dict[str, Any]) -> None:
    page.heading(
        "To make it again", "The same inputs, settings and versions give the same bytes, with any number of workers."
    )
    versions = ", ".join(f"{name} {version}" for name, version in sorted(manifest["dependencies"].items()))
    page.table(
        [("content sha256", manifest["content_sha256"]), ("input sha256", manifest["input_sha256"]),
         ("segmenter", manifest.get("segmenter", "")), ("versions", versions)]
    )  # fmt: skip
    page.fold("settings", json.dumps(manifest["config"], ensure_ascii=False, indent=1))
