"""``zhprep plan``."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from zhprep.cli.delivery import Delivering
from zhprep.cli.inputs import input_options, planned, take_read_config
from zhprep.cli.options import Existing
from zhprep.cli.outputs import file_output
from zhprep.cli.run import SIZES, make_run
from zhprep.cli.shared import Shared, Size, once_put, shared_options, split_shared
from zhprep.core.corpus import PLAN_SUFFIX, Corpus, ReadConfig, corpus_facts, find_inputs, take_samples
from zhprep.core.corpus.inputs import STDIN, size_of
from zhprep.core.errors import DataError, UsageError
from zhprep.core.progress import byte_size, duration
from zhprep.core.shards import Claim, write_json
from zhprep.instances import InstancesConfig

PLANNED_WHOLE = 1 << 30
"""Bytes of text under which an estimate reads all of the corpus, to count its blocks: there each counts."""


@click.command(cls=Delivering)
@input_options
@click.option(
    "-o", "--output", metavar=f"NAME{PLAN_SUFFIX}", help="Keep the plan; it is given to commands as their INPUT."
)
@click.option("--estimate", is_flag=True, help="Say what the stages of a recipe will take, from a sample.")
@click.option("--recipe", default="bert-wwm", metavar="NAME|FILE", help="Whose stages  [default: bert-wwm]")
@click.option("--size", default="base", help=f"{SIZES}  [default: base]")
@click.option("--vocab", metavar="VOCAB", type=Existing(), help="A vocabulary to use instead of building one.")
@click.option("--sample", type=Size(), default="8MiB", help="How much of the corpus is measured  [default: 8MiB]")
@click.option("--parts", type=click.IntRange(2), default=16, help="In how many parts  [default: 16]")
@click.option(
    "--as-if",
    type=Size(),
    help="Reckon for a corpus like this one with so many bytes in its files: 1TB (10^12), 1TiB (2^40).",
)
@shared_options("work")
def command(inputs: tuple[str, ...], output: str | None, estimate: bool, **options: Any) -> None:
    """Read a corpus once and say how it is cut; or, without reading it all, what it will cost.

    With -o the plan is kept, and tasks of an array take it for their INPUT instead of reading everything each; what
    they read is held to its hashes. With --estimate parts of the corpus go through the stages of a recipe on this
    machine: core-hours, disk, files and memory a worker are those of the whole, with the standard error by sampling.
    """
    shared, options = split_shared(options)
    read = take_read_config(options)
    if estimate:
        if output:
            raise UsageError("--estimate reads a sample, of which no plan is kept", hint="give one of them")
        facts = _estimate(inputs, read, shared, **options)
        print(json.dumps(facts)) if shared.json else _show_estimate(facts, shared)
        return
    path = _plan_output(output, shared) if output else None
    with planned(inputs, read, path or Path("corpus"), shared) as corpus:
        if path is not None:
            if any(source.name == STDIN for source in corpus.inputs):
                raise UsageError("standard input cannot be read again later", hint="give files by their names")
            with Claim(path.parent):
                write_json(path, corpus_facts(corpus), replace=shared.overwrite)
        facts = _facts(corpus, path)

    def show(address: str) -> None:
        told = {**facts, "output": address or facts["output"]}
        print(json.dumps(told)) if shared.json else _show(told)

    once_put(show)


def _plan_output(output: str, shared: Shared) -> Path:
    if not output.endswith(PLAN_SUFFIX):
        raise UsageError(f"{output}: a plan is named NAME{PLAN_SUFFIX}", hint=f"-o corpus{PLAN_SUFFIX}")
    return file_output(output, overwrite=shared.overwrite)


def _facts(corpus: Corpus, path: Path | None) -> dict[str, Any]:
    pieces = [piece for block in corpus.blocks for piece in block.pieces]
    return {
        "inputs": len(corpus.inputs), "bytes": sum(facts["bytes"] for facts in corpus.facts), "table": corpus.table,
        "documents": sum(piece.documents for piece in pieces), "text_bytes": sum(piece.weight for piece in pieces),
        "blocks": len(corpus.blocks), "largest_block_bytes": max(block.weight for block in corpus.blocks),
        "damaged": [facts["damaged"] for facts in corpus.facts if facts["damaged"]],
        "output": "" if path is None else str(path),
    }  # fmt: skip


def _show(facts: dict[str, Any]) -> None:
    print(f"inputs    {facts['inputs']:,} files, {byte_size(facts['bytes'])}, a table of {facts['table']}")
    print(f"holds     {facts['documents']:,} documents, {byte_size(facts['text_bytes'])} of text")
    array = f"--array=0-{facts['blocks'] - 1}"
    print(f"blocks    {facts['blocks']:,}, up to {byte_size(facts['largest_block_bytes'])}; a task for each: {array}")
    for damage in facts["damaged"]:
        print(f"damaged   {damage}")
    if facts["output"]:
        print(f"output    {facts['output']}")


def _estimate(
    inputs: tuple[str, ...], read: ReadConfig, shared: Shared, *, recipe: str, size: str, vocab: Path | None,
    sample: int, parts: int, as_if: int | None,
) -> dict[str, Any]:  # fmt: skip
    """Measure a sample and reckon the whole."""
    from zhprep.run.estimate import measure, plan_whole, reckon

    with tempfile.TemporaryDirectory(prefix="zhprep-estimate-") as name:
        folder = Path(name)
        run = make_run(recipe, folder / "made", shared, size=size, vocab=vocab, data_alone=True)
        if run.instances.tags:
            raise UsageError("tags of words are named by documents, which a sample has not", hint="name another recipe")
        languages = run.config(InstancesConfig, "instances").languages
        read = replace(read, columns=read.columns or ",".join(languages))
        if not inputs or STDIN in inputs:
            raise UsageError("a pipe cannot be sampled", hint="give files by their names")
        sources = find_inputs(inputs, encoding=read.encoding)
        there = sum(size_of(source.path) for source in sources)
        (folder / "sample").mkdir()
        samples = take_samples(sources, read, folder / "sample", number=parts, size=max(1, sample // parts))
        if not samples:
            raise DataError(f"{inputs[0]}: no document in the sample", hint="take a larger --sample")
        with shared.progress("estimate").of(0, "stages") as bar:
            measured = measure(run, samples, read, folder / "made", bar)
        text = there * sum(part.text for part in measured.parts) / sum(part.raw for part in measured.parts)
        small = as_if is None and text < PLANNED_WHOLE
        whole = plan_whole(sources, read, shared.block_size) if small else None
        facts = reckon(measured, as_if or there, sampled_of=there, block_size=shared.block_size, planned=whole)
    return {"recipe": run.recipe["name"], "inputs": len(sources), **facts}


def _show_estimate(facts: dict[str, Any], shared: Shared) -> None:
    sample = facts["sample"]
    taken = f"{sample['parts']} parts, {byte_size(sample['bytes'])} of {facts['inputs']:,} files"
    print(f"sample    {taken}; recipe {facts['recipe']}")
    print(f"corpus    {byte_size(facts['bytes'])} in files, {_with_error(facts['text_bytes'], byte_size)} of text, "
          f"{_with_error(facts['documents'])} documents, {_with_error(facts['characters'])} characters")  # fmt: skip
    print(f"blocks    {facts['blocks']:,} of {byte_size(facts['block_size'])}")
    print(f"{'stage':<20}{'core-hours':>24}{'disk':>24}{'files':>12}{'memory a worker':>18}")
    for row in [*facts["stages"], {"stage": "total", **facts["total"]}]:
        hours, disk = _with_error(row["core_hours"], _hours), _with_error(row["disk_bytes"], byte_size)
        print(f"{row['stage']:<20}{hours:>24}{disk:>24}{row['files']:>12,}{byte_size(row['worker_bytes']):>18}")
    workers = min(shared.n_workers(), facts["blocks"])
    alone, spread = (
        sum(row["core_hours"]["value"] for row in facts["stages"] if row["workers"] == kind) for kind in ("one", "any")
    )
    seconds = 3600 * (alone + spread / workers)
    print(f"time      about {duration(seconds)} with {workers} workers as fast as this machine's cores, of which "
          f"{duration(3600 * alone)} is work of one")  # fmt: skip


def _with_error(amount: dict[str, float], show: Any = lambda value: f"{value:,.4g}") -> str:
    """Return a number and twice its standard error, in hundredths of it."""
    if not amount["error"] or not amount["value"]:
        return str(show(amount["value"]))
    percent = 200 * amount["error"] / amount["value"]
    return f"{show(amount['value'])} ± {f'{percent:,.0f}' if percent >= 10 else f'{percent:.2g}'} %"


def _hours(hours: float) -> str:
    return f"{hours:,.3g}" if hours >= 0.01 else f"{3600 * hours:,.3g} s"
