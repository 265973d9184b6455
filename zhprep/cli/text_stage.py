"""What the commands that make documents of documents have in common: to a folder, to a file, to stdout."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO

import click

from zhprep.cli.delivery import delivery_at_hand
from zhprep.cli.inputs import arguments_or_stdin, planned
from zhprep.cli.options import Existing
from zhprep.cli.outputs import check_stdout, file_output, folder_output, output_form
from zhprep.cli.shared import Shared, show_report
from zhprep.core.corpus import Input, ReadConfig
from zhprep.core.corpus.inputs import STDIN, File, find_files, open_stdin
from zhprep.core.errors import UsageError
from zhprep.core.progress import NO_PROGRESS
from zhprep.core.report import Report, check_budgets
from zhprep.core.shards import BlockJob, Claim, Output, committed, run_job
from zhprep.run.ahead import Ahead
from zhprep.run.chain import Chain, takes_lines
from zhprep.run.folders import finished_characters
from zhprep.run.streaming import held_table, run_stream, stream_documents

MakeChain = Callable[[str, bool], Chain]
"""From the table that the input holds, and whether it comes as lines, to the chain."""


OUTPUT = click.option(
    "-o",
    "--output",
    metavar="OUT",
    help="A .txt, .jsonl or .arrow file, or a folder of shards; or the address of one  [default: text on stdout]",
)
SCORE = click.option(
    "--score",
    "gold",
    metavar="GOLD",
    type=Existing(),
    help="Compare with a file of gold and print scores; no INPUT is read.",
)


def run_text_stage(
    inputs: tuple[str, ...], read: ReadConfig, make_chain: MakeChain, output: str | None, shared: Shared, label: str
) -> None:
    """Do one text stage over the inputs and report."""
    form = output_form(output)
    if form == "folder":
        report = _to_folder(inputs, read, make_chain, folder_output(str(output)), shared, label)
    else:
        path = None if form == "stdout" else file_output(str(output), overwrite=shared.overwrite)
        report = _to_stream(inputs, read, make_chain, path, shared, label)
    check_budgets(report.account, max_drop_rate=shared.max_drop_rate, max_unk_rate=None)
    show_report(report, shared)


def job_output(path: Path, shared: Shared, label: str) -> Output:
    """Return where and how a job is done, from the shared flags."""
    index, number = shared.shard()
    if shared.overwrite and number > 1:
        hint = "remove the folder, then start the array"
        raise UsageError("--overwrite in an array would remove what its other tasks have made", hint=hint)
    delivery = delivery_at_hand()
    return Output(
        path, shared.overwrite, shared.executor, shared.n_workers(), index, number, shared.on_kill,
        shared.progress(label), None if delivery is None else delivery.keep, trust=delivery is not None,
    )  # fmt: skip


def show_scores(report: Report, names: Sequence[str], shared: Shared) -> None:
    """Print the scores asked for: they are the data."""
    if not shared.json:
        found = {name: report.scores.get(name) for name in names}
        shown = {name: f"{value:.4f}" if isinstance(value, float) else str(value) for name, value in found.items()}
        print("  ".join(f"{name} {shown[name]}" for name in names if found[name] is not None))
        return
    show_report(report, shared)


def _to_folder(
    inputs: tuple[str, ...], read: ReadConfig, make_chain: MakeChain, path: Path, shared: Shared, label: str
) -> Report:
    output = job_output(path, shared, label)
    report = Report(output=str(path))
    ahead = Ahead(make_chain("text", True))
    with planned(inputs, read, path, shared, ahead) as corpus:
        job = BlockJob(corpus, ahead.instead_of(make_chain(corpus.table, takes_lines(corpus))))
        report.kept_characters = (
            0 if shared.overwrite else finished_characters(path, output.shard_index, output.num_shards)
        )
        report.account, report.content_sha256 = run_job(job, output)
    return report


def _to_stream(
    inputs: tuple[str, ...], read: ReadConfig, make_chain: MakeChain, path: Path | None, shared: Shared, label: str
) -> Report:
    """Read the inputs once, in order, and write to ``path`` or to stdout."""
    if path is None and shared.json:
        raise UsageError("--json and the data both want stdout", hint="give -o FILE or -o FOLDER")
    if shared.num_shards is not None or shared.shard_index is not None:
        raise UsageError("an array of tasks needs a folder to write to", hint="give -o FOLDER")
    if shared.executor == "ray":
        raise UsageError("Ray makes shards, which need a folder to lie in", hint="give -o FOLDER")
    arguments = arguments_or_stdin(inputs)
    files = find_files(arguments)
    first, stdin = open_stdin(sys.stdin.buffer, encoding=read.encoding) if STDIN in arguments else (None, None)
    sources = [_stream_input(file, first, read) for file in files]
    report = Report(output="-" if path is None else str(path))
    chain = make_chain(*held_table(sources, read))
    batches = stream_documents(sources, stdin, read, report.account)
    workers = shared.n_workers() if chain.word_table is None else 1  # so that the words are known to this process
    with _sink(path, overwrite=shared.overwrite) as sink:
        form = "txt" if path is None else output_form(str(path))
        shown = NO_PROGRESS if path is None and sys.stdout.isatty() else shared.progress(label)
        report.content_sha256 = run_stream(chain, batches, form, sink, report.account, workers=workers, progress=shown)
        sink.flush()
        if path is not None:
            os.fsync(sink.fileno())  # what is left to do takes no space: a disk that is full has none of both
        chain.keep_words()
    return report


@contextlib.contextmanager
def _sink(path: Path | None, *, overwrite: bool) -> Iterator[IO[bytes]]:
    if path is None:
        check_stdout()
        yield sys.stdout.buffer
        return
    with Claim(path.parent), committed(path, replace=overwrite) as file:
        yield file


def _stream_input(file: File, stdin: Input | None, read: ReadConfig) -> Input:
    if stdin is not None and file.path == STDIN:
        return replace(stdin, format="tsv") if read.columns and stdin.format == "text" else stdin
    return file.described(read.encoding)
