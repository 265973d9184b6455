"""Whether what is read and what is written are one: the same file by any name, or one folder in the other."""

from __future__ import annotations

import glob
import os
import sys
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from zhprep.core.corpus.inputs.find import STDIN
from zhprep.core.corpus.inputs.folders import check_is_there, files_in, is_readable_name, linked_from


def reads(argument: str, path: Path) -> bool:
    """Whether the input ``argument`` (a file, folder, glob or ``-``) is or holds the file ``path``, by whatever link.

    A file that is not there yet counts where the folder or glob would find it the next time.
    """
    if path.exists() and any(os.path.samestat(state, path.stat()) for state in _states(argument)):
        return True
    if argument == STDIN or Path(argument).is_file():
        return False
    if Path(argument).is_dir():
        tops = [argument, *linked_from(argument)]
        inside = [os.path.relpath(os.path.realpath(path), os.path.realpath(top)) for top in tops]
        return any(not name.startswith(os.pardir) and is_readable_name(name) for name in inside)
    return _matches(Path(argument).absolute().parts, path.absolute().parts)


def lies_in(argument: str, folder: Path) -> bool:
    """Whether the input ``argument`` (a file, folder or glob) lies in ``folder``, or some of it."""
    there = [argument] if os.path.exists(argument) else glob.glob(argument, recursive=True)
    if os.path.isdir(argument):
        there += linked_from(argument)
    top = os.path.realpath(folder)
    return any(os.path.commonpath([top, os.path.realpath(path)]) == top for path in there)


def is_read(state: os.stat_result, argument: str) -> bool:
    """Whether the open file of this ``state`` is one that the input ``argument`` reads."""
    return any(os.path.samestat(state, other) for other in _states(argument))


def _states(argument: str) -> Iterator[os.stat_result]:
    """Yield the state of every file that ``argument`` reads; raises ``UsageError`` for one that is not there."""
    if argument == STDIN:
        try:
            yield os.fstat(sys.stdin.fileno())
        except (OSError, ValueError):  # closed, or no file at all
            return
    elif os.path.isdir(argument):
        yield from (os.stat(os.path.join(argument, name)) for name in files_in(argument) if is_readable_name(name))
    else:
        for name in [argument] if os.path.isfile(argument) else glob.glob(argument, recursive=True):
            if not os.path.isdir(name):
                check_is_there(name)
            yield os.stat(name)


def _matches(pattern: tuple[str, ...], parts: tuple[str, ...]) -> bool:
    """Whether a glob finds a path; ``**`` stands for any number of folders."""
    if not pattern or not parts:
        return not parts and not pattern
    if pattern[0] == "**":
        return any(_matches(pattern[1:] or ("*",), parts[first:]) for first in range(len(parts)))
    return fnmatchcase(parts[0], pattern[0]) and _matches(pattern[1:], parts[1:])
