"""What ``-o`` may name: nothing that is read, and no file that is there already unless it may be written over."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from zhprep.core.corpus.inputs import STDIN, is_read, is_remote, lies_in, reads
from zhprep.core.errors import UsageError
from zhprep.core.shards import check_way, remove_leftovers

_OUTPUTS = ("output", "html_file", "glyphs", "word_table")
"""The parameters that say where something is written."""

_CORPORA = ("inputs", "corpus")
"""Those that name a corpus: what lies in such a folder later is read the next time."""

_SHARD = "data-00000-of-00001.arrow"
"""What lies in an output folder, for one."""


_APART = "name another file: nothing is written over what is read"


def output_form(output: str | None) -> str:
    """Return what ``-o`` asks for: ``stdout``, a file (``txt``, ``jsonl``, ``arrow``) or ``folder``."""
    if output in (None, "-"):
        return "stdout"
    suffix = Path(str(output)).suffix.lower()
    return suffix[1:] if suffix in (".txt", ".jsonl", ".arrow") else "folder"


def file_output(output: str | Path, *, overwrite: bool) -> Path:
    """Return the file that an option names; what a killed process left of it is removed.

    Raises ``UsageError`` when this command reads it, or would the next time, and, unless ``overwrite``, when it is
    there.
    """
    path = _local(output)
    if path.is_dir():
        raise UsageError(f"{path}: is a folder, not a file", hint="name a file in it")
    check_way(path)
    for argument in _corpora():
        if not is_remote(argument) and reads(argument, path):
            raise UsageError(f"{path}: is part of the input {argument}", hint=_APART)
    if path.exists() and any(path.samefile(other) for other in _files()):
        raise UsageError(f"{path}: is read by this command", hint=_APART)
    if path.exists() and not path.is_file():
        raise UsageError(f"{path}: is a device or a pipe", hint="name a file, or leave out -o to write to stdout")
    if os.path.lexists(path) and not overwrite:
        raise UsageError(f"{path}: is there already", hint="name another file, or write over it with --overwrite")
    remove_leftovers(path.parent, of=path.name)
    return path


def folder_output(output: str) -> Path:
    """Return the folder that ``-o`` names.

    Raises ``UsageError`` for what cannot be one, and where the corpus lies in it or it in the corpus.
    """
    path = _local(output)
    if output in ("", "-"):
        raise UsageError(f"-o {output!r} is not a folder", hint="what is made here is a folder of files: name one")
    if path.exists() and not path.is_dir():
        raise UsageError(f"{path}: is a file, not a folder", hint="name another folder")
    check_way(path)
    for argument in _corpora():
        if (
            argument != STDIN
            and not is_remote(argument)
            and (lies_in(argument, path) or reads(argument, path / _SHARD))
        ):
            raise UsageError(
                f"{path}: the input {argument} lies in it, or it in the input",
                hint="name a folder apart from the input",
            )
    return path


def _local(output: str | Path) -> Path:
    if is_remote(str(output)):
        hint = "write to this machine and copy it there (what has a manifest, by zhprep upload DIR ADDRESS)"
        raise UsageError(f"{output}: this is not written straight to an object store", hint=hint)
    return Path(output)


def check_stdout() -> None:
    """Raise ``UsageError`` when standard output is a file that is read: it would grow for ever."""
    try:
        own = os.fstat(sys.stdout.fileno())
    except (OSError, ValueError):
        return
    if stat.S_ISREG(own.st_mode) and any(is_read(own, argument) for argument in _corpora() if not is_remote(argument)):
        raise UsageError("standard output is one of the inputs", hint="name another file")


def _corpora() -> Iterator[str]:
    """Yield what the command at hand reads as a corpus."""
    given = click.get_current_context().params
    for name in _CORPORA:
        yield from map(str, given.get(name, ()))
    if given.get("inputs") == ():
        yield STDIN


def _files() -> Iterator[str]:
    """Yield every other file that the parameters of the command at hand name."""
    given = click.get_current_context().params
    for name, value in given.items():
        if name not in (*_OUTPUTS, *_CORPORA):
            yield from (str(one) for one in (value if isinstance(value, tuple) else (value,)) if _is_path(one))


def _is_path(value: Any) -> bool:
    try:
        return isinstance(value, (str, Path)) and Path(value).exists()
    except (OSError, ValueError):  # a text too long for a name, or with a NUL
        return False
