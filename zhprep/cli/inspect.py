"""``zhprep inspect``."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import click

from zhprep.cli.shared import shared_options, split_shared
from zhprep.core.config import build
from zhprep.core.errors import UsageError
from zhprep.core.shards import open_batches, read_manifest
from zhprep.segment.wordline import format_words


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True), metavar="DIR")
@click.option(
    "--rows", "n_rows", type=click.IntRange(1), default=4, help="How many documents or instances to show  [default: 4]"
)
@click.option("--epoch", type=click.IntRange(0), default=0, help="Whose masks to show on clean instances  [default: 0]")
@click.option("--html", "html_file", type=click.Path(path_type=Path), help="Write the view of instances as a page.")
@click.option("--color/--no-color", default=None, help="Colours  [default: on a terminal]")
@shared_options()
def command(folder: Path, **options: Any) -> None:
    """Look into a vocabulary, data or tables.

    What is shown depends on what DIR holds: figures of a vocabulary, masked instances in colour, documents, scores of a run.
    """
    shared, options = split_shared(options)
    has_manifest = (folder / "manifest.json").exists()
    table = json.loads((folder / "manifest.json").read_text())["table"] if has_manifest else "vocabulary"
    facts = _VIEWS[table](folder, options)
    if shared.json:
        print(json.dumps(facts, ensure_ascii=False))


def _vocabulary(folder: Path, options: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG001
    from zhprep.vocab import inspect, load

    facts: dict[str, Any] = inspect.describe(load(folder))
    _show_facts(facts)
    return facts


def _instances(folder: Path, options: dict[str, Any]) -> dict[str, Any]:
    from zhprep.core.shards import open_table
    from zhprep.instances import InstancesConfig
    from zhprep.instances.view import view_instances
    from zhprep.vocab import load

    manifest = read_manifest(folder, "instances")
    config = build(InstancesConfig, manifest["config"]["instances"])
    table = open_table(folder).slice(0, options["n_rows"])
    shown = view_instances(table, load(folder / "vocab"), config, epoch=options["epoch"])
    if options["html_file"]:
        from zhprep.compare import Page
        from zhprep.compare.instances import LEGEND, instance_html

        page = Page(
            f"Instances of {folder.name}",
            f"mask {config.mask}, replacement {config.replacement}, format {config.format}",
        )
        page.markup(LEGEND + "".join(map(instance_html, shown)))
        options["html_file"].write_text(page.render(), "utf-8")
    else:
        colored = sys.stderr.isatty() if options["color"] is None else options["color"]
        for instance in shown:
            print(" ".join(_painted(cell, colored) for cell in instance.cells), instance.labels or "", file=sys.stderr)
    facts = {
        "shards": len(manifest["shards"]),
        **manifest["account"]["counts"],
        "config": manifest["config"]["instances"],
    }
    _show_facts({name: value for name, value in facts.items() if name != "config"})
    return facts


def _documents(folder: Path, options: dict[str, Any]) -> dict[str, Any]:
    shown = 0
    for batch in open_batches(folder):
        for row in islice(batch.to_pylist(), options["n_rows"] - shown):
            print(f"# {row['doc']}", file=sys.stderr)
            for number, sentence in enumerate(row["sentences"]):
                print(format_words(sentence, row["ends"][number]) if "ends" in row else sentence, file=sys.stderr)
            shown += 1
        if shown >= options["n_rows"]:
            break
    facts: dict[str, Any] = read_manifest(folder)["account"]["counts"]
    _show_facts(facts)
    return facts


def _run(folder: Path, options: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG001
    facts: dict[str, Any] = json.loads((folder / "report.json").read_text())
    if (folder / "scores.json").exists():
        facts["evaluated"] = json.loads((folder / "scores.json").read_text())
    _show_facts(facts)
    return facts


def _refuse(folder: Path, options: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG001
    raise UsageError(f"{folder}: holds a table of counts", hint="inspect the vocabulary folder above it")


_VIEWS: dict[str, Callable[[Path, dict[str, Any]], dict[str, Any]]] = {
    "vocabulary": _vocabulary,
    "instances": _instances,
    "text": _documents,
    "words": _documents,
    "pinyin": _documents,
    "run": _run,
    "counts": _refuse,
}

_COLORS = ("", "34", "31", "32", "35", "31", "36")


def _painted(cell: Any, colored: bool) -> str:
    if not cell.kind:
        return str(cell.shown)
    text = f"{cell.shown}({cell.label})"
    return f"\x1b[{_COLORS[cell.kind]}m{text}\x1b[0m" if colored else text


def _show_facts(facts: dict[str, Any]) -> None:
    for name, value in facts.items():
        print(f"{name:<28}{value:,}" if isinstance(value, int) else f"{name:<28}{value}", file=sys.stderr)
