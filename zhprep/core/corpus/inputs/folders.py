"""What a folder of a disk holds: every file under it, through links too, or an error; never a part of it in silence."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from zhprep.core.corpus.inputs.streams import COMPRESSIONS
from zhprep.core.errors import UsageError

FORMATS = {
    ".txt": "text", ".text": "text", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl",
    ".tsv": "tsv", ".parquet": "parquet", ".arrow": "arrow",
}  # fmt: skip

_ONLY_NAMED = (".json", ".tsv")
"""What may be anything: read if it is named, left where it is when a folder is."""

_REPAIRS = "lost+found"
"""What the repair of a file system keeps at its top, for root alone."""


def is_readable_name(name: str) -> bool:
    """Whether a file of this name (its path in a folder) is read when the folder is."""
    path = Path(name)
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in COMPRESSIONS:
        suffixes = suffixes[:-1]
    return not is_hidden(name) and bool(suffixes) and suffixes[-1] in FORMATS and suffixes[-1] not in _ONLY_NAMED


def is_hidden(name: str) -> bool:
    """Whether a file of this name (its path in a folder) is left where it is, whatever it holds."""
    return any(part.startswith(".") or part == _REPAIRS for part in Path(name).parts)


def files_in(folder: str) -> list[str]:
    """Return the paths in ``folder`` of all files under it that are not hidden, in order; no pipes and sockets.

    Raises ``UsageError`` for a folder that cannot be entered, and for what is to be read (or may be a folder) and is
    not there.
    """
    found = []
    for place, names in _walk(folder):
        inside = place[len(folder) :].lstrip(os.sep)
        for name in names:
            path = os.path.join(place, name)
            if not (is_readable_name(name) or _may_be_folder(path)) or stat.S_ISREG(_mode_of(path)):
                found.append(os.path.join(inside, name))
    return sorted(found)


def linked_from(folder: str) -> list[str]:
    """Return the links to folders through which ``folder`` reaches what is under it. Raises as :func:`files_in`."""
    return [place for place, _ in _walk(folder) if place != folder and os.path.islink(place)]


def check_is_there(path: str) -> None:
    """Raise ``UsageError`` where ``path``, named in its folder, is no file that can be had."""
    if not stat.S_ISREG(_mode_of(path)):
        raise UsageError(
            f"{path}: is neither a file nor a folder", hint="give what comes through a pipe on standard input, as `-`"
        )


def _mode_of(path: str) -> int:
    """Return of what kind ``path`` is; raises ``UsageError`` where it is not there."""
    try:
        return os.stat(path).st_mode
    except OSError as error:
        link = f"is a link to {os.readlink(path)}, which " if os.path.islink(path) else ""
        hint = "put there what is missing, or remove the link" if link else "check its permissions"
        raise UsageError(f"{path}: {link}cannot be read: {error.strerror}", hint=hint) from error


def _may_be_folder(path: str) -> bool:
    """Whether ``path`` is a link to what is not there and may have been a folder of the corpus.

    It has a name without a suffix, and leads elsewhere: locks (``lock -> host:123``) and names of what was last made
    (``latest -> run-7``) lead to no path.
    """
    plain = "." not in os.path.basename(path) and os.path.islink(path)
    return plain and os.sep in os.readlink(path) and not os.path.exists(path)


def _walk(folder: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each folder under ``folder``, itself first, with the names of its files; none twice, and no hidden ones.

    What links lead to comes after all that is there itself, so that a file has the name which it has without them.
    """
    entered: set[tuple[int, int]] = set()
    tops = [folder]
    for top in tops:
        for place, folders, names in os.walk(top, onerror=_refuse):
            state = os.stat(place)
            if (state.st_dev, state.st_ino) in entered:
                folders.clear()
                continue
            entered.add((state.st_dev, state.st_ino))
            folders[:] = sorted(name for name in folders if not is_hidden(name))
            tops += (path for name in folders if os.path.islink(path := os.path.join(place, name)))
            yield place, [name for name in names if not is_hidden(name)]


def _refuse(error: OSError) -> None:
    raise UsageError(
        f"{error.filename}: cannot be entered: {error.strerror}",
        hint="let it be read (chmod), or name the files and folders that are to be read",
    ) from error
