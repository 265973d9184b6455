"""``zhprep inspect``."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pyarrow as pa

from zhprep.cli.delivery import Fetching
from zhprep.cli.options import ExistingAnywhere
from zhprep.cli.outputs import file_output
from zhprep.cli.ruby import aligned, ruby_lines
from zhprep.cli.shared import shared_options, split_shared
from zhprep.cli.show import report_lines
from zhprep.core.config import LARGEST
from zhprep.core.errors import DataError, UsageError
from zhprep.core.registry import require_training
from zhprep.core.seal import read_object
from zhprep.core.shards import check_files, committed, open_batches, read_manifest
from zhprep.recipes import load_recipe, recipe_names
from zhprep.run.folders import parts_of
from zhprep.segment.wordline import format_words

if TYPE_CHECKING:
    from zhprep.collate import View
    from zhprep.instances.inspect import Syllables
    from zhprep.vocab import Vocabulary

Facts = dict[str, Any]


@click.command(cls=Fetching)
@click.argument("folder", type=ExistingAnywhere(), metavar="DIR")
@click.option(
    "--rows",
    "n_rows",
    type=click.IntRange(1, LARGEST),
    default=4,
    help="How many documents or instances to show  [default: 4]",
)
@click.option(
    "--epoch", type=click.IntRange(0, LARGEST), default=0, help="Whose masks to show on clean instances  [default: 0]"
)
@click.option(
    "--html",
    "html_file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write the view of instances as a page.",
)
@click.option("--batch", is_flag=True, help="Of instances: what a model gets, each tensor, each row by place.")
@click.option(
    "--recipe", help="With --batch: whose model it is for  [default: the recipe DIR was made with, if it is bundled]"
)
@click.option("--statistics", is_flag=True, help="Of instances: rates by word length, kinds, runs, labels, lengths.")
@click.option(
    "--corpus", multiple=True, metavar="INPUT", help="Of a vocabulary: how it does on text; may be given again."
)
@click.option("--glyphs", metavar="FILE.png", type=click.Path(path_type=Path), help="Of a vocabulary: draw its glyphs.")
@click.option("--text", help="With --glyphs: the characters to draw  [default: the first 240 Chinese ones]")
@click.option("--overwrite", is_flag=True, help="Write over a file that --html or --glyphs names.")
@click.option("--color/--no-color", default=None, help="Colours  [default: on a terminal]")
@shared_options("trust")
def command(folder: Path, **options: Any) -> None:
    """Look into a vocabulary, data or tables.

    What is shown depends on what DIR holds: figures of a vocabulary, masked instances in colour, documents, scores of
    a run. With `--json` only the figures. `--batch` shows what a model is fed, place by place, that of the recipe:
    readings that are compared too.
    """
    shared, options = split_shared(options)
    for name in ("html_file", "glyphs"):
        if options[name]:
            file_output(options[name], overwrite=shared.overwrite)
    facts, view = _VIEWS[_table(folder)](folder, options)
    if shared.json:
        print(json.dumps(facts, ensure_ascii=False))
        return
    for line in (*view, *report_lines(facts)):
        print(line)


def _table(folder: Path) -> str:
    parts = parts_of(folder)
    if parts != [folder]:
        raise UsageError(f"{folder}: is a run of a recipe", hint=f"inspect one of {', '.join(map(str, parts))}")
    if not (folder / "manifest.json").exists() and not (folder / "plan.json").exists():
        return "vocabulary"  # a tokenizer of somebody else's, perhaps
    return str(read_manifest(folder)["table"])


def _vocabulary(folder: Path, options: Facts) -> tuple[Facts, list[str]]:
    from zhprep.vocab import load
    from zhprep.vocab.inspect import describe

    vocabulary = load(folder)
    if options["glyphs"]:
        _draw(folder, vocabulary.tokens, options)
    facts = describe(vocabulary, _batches(options["corpus"]) if options["corpus"] else None)
    return {**facts, **{name: value for name, value in vocabulary.report.items() if name not in facts}}, []


def _draw(folder: Path, entries: list[str], options: Facts) -> None:
    from zhprep.glyphs import contact_sheet, load
    from zhprep.glyphs.sheet import rows_to_show

    images = load(folder, n_entries=len(entries))
    with committed(options["glyphs"], replace=True) as file:
        file.write(contact_sheet(images, rows_to_show(entries, options["text"])))


def _batches(inputs: tuple[str, ...]) -> Iterator[pa.RecordBatch]:
    """Yield the documents of a corpus, normalized."""
    from zhprep.core.corpus import ReadConfig, find_inputs, read_block, scan
    from zhprep.core.report import Account
    from zhprep.normalize import NormalizeConfig
    from zhprep.run.chain import Chain

    corpus = scan(find_inputs(inputs), ReadConfig())
    chain = Chain.over(corpus, "text", normalize=NormalizeConfig())
    for number, block in enumerate(corpus.blocks):
        yield from chain.run(read_block(corpus, block, Account()), number, Account())


def _instances(folder: Path, options: Facts) -> tuple[Facts, list[str]]:
    from zhprep.compare.instances import instances_page, syllables_of
    from zhprep.instances import instances_config
    from zhprep.instances.inspect import view_instances
    from zhprep.vocab import load

    manifest = read_manifest(folder, "instances")
    config = instances_config(folder, manifest)
    table = _first_rows(folder, options["n_rows"])
    vocabulary = load(folder / "vocab")
    syllables = syllables_of(table, vocabulary)
    shown = view_instances(table, vocabulary, config, epoch=options["epoch"], syllables=syllables)
    facts = {
        "shards": len(manifest["shards"]),
        **manifest["account"]["counts"],
        "config": manifest["config"]["instances"],
    }
    if options["statistics"]:
        from zhprep.run.masks import mask_statistics

        facts["statistics"] = mask_statistics(folder)
    if options["batch"]:
        return facts, list(_batch_lines(folder, vocabulary, syllables, options))
    if options["html_file"]:
        with committed(options["html_file"], replace=True) as file:
            file.write(instances_page(shown, config, folder.name).encode())
        return facts, []
    colored = sys.stdout.isatty() if options["color"] is None else options["color"]
    if syllables is not None:
        return facts, [line for instance in shown for line in _lines_with_pinyin(instance, colored)]
    return facts, [_instance_line(instance, colored) for instance in shown]


def _batch_lines(folder: Path, vocabulary: Vocabulary, syllables: Syllables | None, options: Facts) -> Iterator[str]:
    """Yield the first batch of a folder: a line for each tensor, then the places of each row, one below the other."""
    require_training("inspect --batch")
    from zhprep.collate import inspect as shown
    from zhprep.collate.readings import READINGS
    from zhprep.instances import COARSE_VOCABULARY
    from zhprep.vocab import load

    def token(value: int) -> str:
        return vocabulary.shown[value] if value >= 0 else ""

    names: dict[str, Callable[[int], str]] = dict.fromkeys(
        ("input_ids", "labels", "masked_labels", "next_tokens", *READINGS), token
    )
    if (folder / COARSE_VOCABULARY).is_dir():
        coarse = load(folder / COARSE_VOCABULARY)
        names |= dict.fromkeys(("coarse_input_ids", "coarse_masked_labels"), lambda value: coarse.shown[value])
    if syllables is not None:
        names["pinyin_ids"] = lambda value: syllables.names[value]
    view = _view(folder, options["recipe"])
    batch = shown.first_batch(folder, vocabulary, options["n_rows"], options["epoch"], view)
    yield from shown.tensor_lines(batch)
    for row in range(len(batch["input_ids"])):
        facts = "  ".join(f"{name}={value}" for name, value in shown.row_facts(batch, row).items())
        yield from ("", f"row {row}  {facts}")
        for axis, table in shown.row_tables(batch, row, names):
            yield from (f"by {axis.name}", *aligned([table.columns, *table.lines]))


def _view(folder: Path, recipe: str | None) -> View | None:
    """Return what the model of ``recipe`` sees of instances, or that of the bundled one that they were made with; None
    where there is no such model, or where nothing was named and it cannot be trained on them."""
    from zhprep.pretrain.job import view_for

    made_with = str(read_manifest(folder, "instances").get("recipe"))
    if recipe is None and made_with not in recipe_names():
        return None
    section = load_recipe(recipe or made_with).get("model")
    if section is None:
        return None
    try:
        return view_for(folder, section)
    except (DataError, UsageError):
        if recipe is not None:
            raise
        return None


def _first_rows(folder: Path, n_rows: int) -> pa.Table:
    """Return the first rows of a folder; shards after them are not looked at."""
    batches = []
    for batch in open_batches(folder):
        batches.append(batch.slice(0, n_rows))
        n_rows -= len(batches[-1])
        if n_rows <= 0:
            break
    return pa.Table.from_batches(batches)


def _documents(folder: Path, options: Facts) -> tuple[Facts, list[str]]:
    rows = (row for batch in open_batches(folder) for row in batch.to_pylist())
    lines = []
    for row in islice(rows, options["n_rows"]):
        lines.append(f"# {row['doc']}")
        for number, sentence in enumerate(row["sentences"]):
            lines.append(format_words(sentence, row["ends"][number]) if "ends" in row else sentence)
    return read_manifest(folder)["account"]["counts"], lines


def _run(folder: Path, options: Facts) -> tuple[Facts, list[str]]:  # noqa: ARG001
    check_files(folder, read_manifest(folder))
    facts: Facts = read_object(folder / "report.json")
    if (folder / "scores.json").exists():
        facts |= read_object(folder / "scores.json")
    return facts, []


def _refuse(folder: Path, options: Facts) -> tuple[Facts, list[str]]:  # noqa: ARG001
    raise UsageError(f"{folder}: holds a table of counts", hint="inspect the vocabulary folder above it")


_VIEWS: dict[str, Callable[[Path, Facts], tuple[Facts, list[str]]]] = {
    "vocabulary": _vocabulary,
    "instances": _instances,
    "text": _documents,
    "words": _documents,
    "pinyin": _documents,
    "run": _run,
    "counts": _refuse,
}

_COLORS = ("", "34", "31", "32", "35", "31", "36")


def _instance_line(instance: Any, colored: bool) -> str:
    labels = " ".join(f"{name}={value}" for name, value in instance.labels.items())
    line = " ".join([*(_painted(cell, colored) for cell in instance.cells), labels]).rstrip()
    if instance.target is None:
        return line
    return "\n".join([line, " ".join(["  →", *(_painted(cell, colored) for cell in instance.target)])])


def _lines_with_pinyin(instance: Any, colored: bool) -> Iterator[str]:
    """Yield the lines of an instance, pinyin above the tokens, and a blank one."""
    width = shutil.get_terminal_size((100, 24)).columns
    yield from ruby_lines(((cell.pinyin, _painted(cell, colored)) for cell in instance.cells), width)
    if instance.labels:
        yield " ".join(f"{name}={value}" for name, value in instance.labels.items())
    yield ""


def _painted(cell: Any, colored: bool) -> str:
    if not cell.kind:
        return str(cell.shown)
    text = f"{cell.shown}({cell.label})" if cell.label else str(cell.shown)
    return f"\x1b[{_COLORS[cell.kind]}m{text}\x1b[0m" if colored else text
