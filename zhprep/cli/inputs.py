"""The inputs of a command: what is read, in which form, planned or streamed."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from zhprep.cli.options import Name, existing
from zhprep.cli.shared import Shared
from zhprep.core.corpus import PLAN_SUFFIX, Corpus, Input, ReadConfig, load_corpus, scan
from zhprep.core.corpus.inputs import STDIN, describe, find_files, is_remote, open_file, open_text, size_of, spool
from zhprep.core.errors import DataError, UsageError
from zhprep.core.shards import Claim, remove_leftovers, temporary_name
from zhprep.core.shards.making.job import WORTH_A_WORKER
from zhprep.core.temporary import naming
from zhprep.run.ahead import Ahead
from zhprep.run.bucket import naming_address, staging

_FORMS = {
    "text_key": click.option(
        "--text-key", default="text", help="The key or column that holds the text  [default: text]"
    ),
    "one_doc_per_line": click.option(
        "--one-doc-per-line", is_flag=True, help="Every line of a .txt is a document (else a blank line ends one)."
    ),
    "encoding": click.option(
        "--encoding",
        default="utf-8",
        help="Encoding of text files, or `auto` (GB18030, Big5, UTF-16)  [default: utf-8]",
    ),
    "on_error": click.option(
        "--on-error",
        type=Name(("fail", "skip")),
        default="fail",
        help="What to do with an unreadable line  [default: fail]",
    ),
    "columns": click.option(
        "--columns",
        metavar="NAME,…",
        default="",
        help="Of a .tsv with a header: the columns that hold text; a row is a document.",
    ),
    "form": click.option(
        "--input-form",
        "form",
        type=Name(("auto", "text", "words")),
        default="auto",
        help="Whether .txt lines are plain text or words as `segment` writes them  [default: auto]",
    ),
}


def input_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``[INPUT]...`` and the flags that say how inputs are read."""
    for option in reversed(_FORMS.values()):
        function = option(function)
    return click.argument("inputs", nargs=-1, type=str, metavar="[INPUT]...")(function)


def take_read_config(options: dict[str, Any]) -> ReadConfig:
    """Take the reading flags out of a command's options."""
    return ReadConfig(**{name: options.pop(name) for name in _FORMS})


def read_lines(path: Path) -> list[str]:
    """Return the lines of a text file, however compressed; raises ``DataError`` naming the line that is not UTF-8."""
    with open_text(describe(str(path))) as stream:
        data: bytes = stream.read(path.stat().st_size << 10)
    try:
        return data.decode().split("\n")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise DataError(f"{path}, line {line}: is not UTF-8", hint="convert the file to UTF-8") from error


def arguments_or_stdin(arguments: tuple[str, ...]) -> tuple[str, ...]:
    """Return the inputs named, else standard input, with a word to whoever sits at the terminal."""
    if not arguments and sys.stdin.isatty():
        print("reading standard input; end it with Ctrl-D", file=sys.stderr)
    return arguments or (STDIN,)


@contextlib.contextmanager
def planned(
    arguments: tuple[str, ...], read: ReadConfig, output: Path, shared: Shared, ahead: Ahead[Any] | None = None
) -> Iterator[Corpus]:
    """Plan the inputs; standard input is spooled beside the output first, since it is read twice.

    What ``ahead`` loads is loaded meanwhile, where there is work for several processes.
    """
    if any(argument.endswith(PLAN_SUFFIX) for argument in arguments):
        yield _kept_plan(arguments, read, shared)
        return
    arguments = arguments_or_stdin(arguments)
    if STDIN not in arguments:
        yield _scanned(list(_sources(arguments, read, output)), read, shared, ahead)
        return
    with Claim(output.parent), naming(output):
        remove_leftovers(output.parent, of=output.name)
        spooled = temporary_name(output)
        try:
            yield _scanned(list(_sources(arguments, read, spooled)), read, shared, ahead)
        finally:
            spooled.unlink(missing_ok=True)


def _kept_plan(arguments: tuple[str, ...], read: ReadConfig, shared: Shared) -> Corpus:
    """Return the corpus of the plan that is the only input; raises ``UsageError`` for flags that say otherwise."""
    if len(arguments) > 1:
        raise UsageError(
            f"{arguments[0]}: a plan is the whole input", hint="plan all inputs together: zhprep plan INPUT..."
        )
    corpus = _load_plan(arguments[0])
    if read not in (ReadConfig(), corpus.read) or shared.block_size is not None:
        hint = "leave out such flags, or plan again with them"
        raise UsageError(f"{arguments[0]}: how the corpus is read and cut is said by the plan", hint=hint)
    return corpus


def _load_plan(argument: str) -> Corpus:
    """Return the corpus of a plan, wherever that lies."""
    if not is_remote(argument):
        return load_corpus(existing(argument))
    with staging() as folder, naming_address(folder / "it", argument), open_file(argument) as file:
        (folder / "it").write_bytes(file.read())
        return load_corpus(folder / "it")


def _scanned(sources: list[Input], read: ReadConfig, shared: Shared, ahead: Ahead[Any] | None) -> Corpus:
    forking = shared.executor == "processes" and shared.n_workers() > 1
    pays = forking and sum(size_of(source.path) for source in sources) > WORTH_A_WORKER
    with contextlib.nullcontext() if ahead is None or not pays else ahead:
        return scan(sources, read, block_size=shared.block_size, progress=shared.progress("plan"))


def _sources(arguments: tuple[str, ...], read: ReadConfig, spooled: Path) -> Iterator[Input]:
    for file in find_files(arguments):
        if file.path != STDIN:
            yield file.described(read.encoding)
            continue
        spool(sys.stdin.buffer, spooled)
        source = describe(str(spooled), encoding=read.encoding, name=STDIN)
        yield replace(source, format="tsv") if read.columns and source.format == "text" else source
