"""The inputs of a command: what is read, in which form, planned or streamed."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from zhprep.core.corpus import Corpus, ReadConfig, find_inputs, scan
from zhprep.core.corpus.inputs import STDIN, describe, spool

_FORMS = {
    "text_key": click.option("--text-key", default="text", help="The key or column that holds the text  [default: text]"),
    "one_doc_per_line": click.option("--one-doc-per-line", is_flag=True, help="Every line of a .txt is a document (else a blank line ends one)."),
    "encoding": click.option("--encoding", default="utf-8", help="Encoding of text files, or `auto` (GB18030, Big5, UTF-16)  [default: utf-8]"),
    "on_error": click.option("--on-error", type=click.Choice(["fail", "skip"]), default="fail", help="What to do with an unreadable line  [default: fail]"),
    "form": click.option("--input-form", "form", type=click.Choice(["auto", "text", "words"]), default="auto",
                         help="Whether .txt lines are plain text or words as `segment` writes them  [default: auto]"),
}  # fmt: skip


def input_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``[INPUT]...`` and the flags that say how inputs are read."""
    for option in reversed(_FORMS.values()):
        function = option(function)
    return click.argument("inputs", nargs=-1, type=str, metavar="[INPUT]...")(function)


def take_read_config(options: dict[str, Any]) -> ReadConfig:
    """Take the reading flags out of a command's options."""
    return ReadConfig(**{name: options.pop(name) for name in _FORMS})


@contextlib.contextmanager
def planned(arguments: tuple[str, ...], read: ReadConfig, output: Path, block_size: int | None) -> Iterator[Corpus]:
    """Plan the inputs; standard input is spooled beside the output first, since it is read twice."""
    spooled = output.parent / f".spool-{output.name}"
    try:
        if STDIN in (arguments or (STDIN,)):
            output.parent.mkdir(parents=True, exist_ok=True)
            spool(sys.stdin.buffer, spooled)
        sources = []
        for argument in arguments or (STDIN,):
            if argument == STDIN:
                sources.append(describe(str(spooled), encoding=read.encoding, name=STDIN))
            else:
                sources.extend(find_inputs((argument,), encoding=read.encoding))
        yield scan(sources, read, block_size=block_size)
    finally:
        spooled.unlink(missing_ok=True)
