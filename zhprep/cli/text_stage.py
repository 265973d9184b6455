"""What the commands that make documents of documents have in common: to a folder, to a file, to stdout."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from zhprep.cli.inputs import planned
from zhprep.cli.shared import Shared, output_form, show_report
from zhprep.core.corpus import Input, ReadConfig, find_inputs
from zhprep.core.corpus.inputs import STDIN, open_stdin
from zhprep.core.errors import UsageError
from zhprep.core.report import Account, Report, check_budgets
from zhprep.core.shards import Job, Output, run_job
from zhprep.core.shards.commit import committed
from zhprep.run.chain import Chain
from zhprep.run.streaming import run_stream, stream_documents

MakeChain = Callable[[str, bool], Chain]
"""From the table that the input holds, and whether it comes as lines, to the chain."""


def run_text_stage(
    inputs: tuple[str, ...], read: ReadConfig, make_chain: MakeChain, output: str | None, shared: Shared, label: str
) -> None:
    """Do one text stage over the inputs and report."""
    report = Report(output=output or "-")
    form = output_form(output)
    if form == "folder":
        report.account, report.content_sha256 = _to_folder(inputs, read, make_chain, Path(str(output)), shared, label)
    else:
        if form == "stdout" and shared.json:
            raise UsageError("--json and the data both want stdout", hint="give -o FILE or -o FOLDER")
        report.content_sha256 = _to_stream(inputs, read, make_chain, form, output, shared, report.account)
    check_budgets(report.account, max_drop_rate=shared.max_drop_rate, max_unk_rate=None)
    show_report(report.as_dict(), shared)


def job_output(path: Path, shared: Shared, label: str) -> Output:
    """Return where and how a job is done, from the shared flags."""
    index, number = shared.shard()
    return Output(path, shared.overwrite, shared.executor, shared.n_workers(), index, number, shared.progress(label))


def _to_folder(
    inputs: tuple[str, ...], read: ReadConfig, make_chain: MakeChain, output: Path, shared: Shared, label: str
) -> tuple[Account, str]:
    with planned(inputs, read, output, shared.block_size) as corpus:
        chain = make_chain(corpus.table, corpus.inputs[0].format in ("text", "jsonl"))
        return run_job(Job(corpus, chain), job_output(output, shared, label))


def _to_stream(
    inputs: tuple[str, ...],
    read: ReadConfig,
    make_chain: MakeChain,
    form: str,
    output: str | None,
    shared: Shared,
    account: Account,
) -> str:
    stdin = open_stdin(sys.stdin.buffer, encoding=read.encoding) if STDIN in (inputs or (STDIN,)) else None
    sources = [
        source
        for argument in inputs or (STDIN,)
        for source in ([stdin[0]] if stdin and argument == STDIN else find_inputs((argument,), encoding=read.encoding))
    ]
    batches = stream_documents(sources, stdin[1] if stdin else None, read, account)
    chain = make_chain(*_held(sources, read))
    if form == "stdout":
        return run_stream(chain, batches, "txt", sys.stdout.buffer, account, workers=shared.n_workers())
    with committed(Path(str(output)), replace=True) as file:
        return run_stream(chain, batches, form, file, account, workers=shared.n_workers())


def _held(sources: list[Input], read: ReadConfig) -> tuple[str, bool]:
    """Return the table of streamed inputs and whether they are lines. Lines are taken as text unless said otherwise."""
    from zhprep.core.corpus.rows import open_rows

    rows = {open_rows(source, text_key=read.text_key)[0] for source in sources if source.format in ("parquet", "arrow")}
    if len(rows) > 1:
        raise UsageError(
            f"the inputs hold different tables ({', '.join(sorted(rows))})", hint="give one kind at a time"
        )
    return (rows.pop(), False) if rows else ("words" if read.form == "words" else "text", True)
