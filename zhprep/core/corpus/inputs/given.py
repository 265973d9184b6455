"""Whether two arguments give one file, by whatever links."""

from __future__ import annotations

import os
from pathlib import Path

from zhprep.core.corpus.inputs.remote import is_remote, size_of
from zhprep.core.corpus.inputs.streams import STDIN
from zhprep.core.errors import UsageError


class Given:
    """Files that arguments gave, each by what it really is: its path, and the argument."""

    def __init__(self) -> None:
        self._files: dict[str, tuple[str, str]] = {}
        self._folders: dict[str, str] = {}

    def add(self, argument: str, paths: list[str]) -> None:
        """Add the files of an argument; raises ``UsageError`` where another gave one of them, by whatever link."""
        real = {path: self._real(path) for path in paths}
        for path, same in real.items():
            if same in self._files and (path == STDIN or size_of(path)):  # a store of blobs has one for all empty ones
                other, by = self._files[same]
                what = "is given twice" if other == path else f"is given twice, also as {other}"
                raise UsageError(f"{path}: {what}", hint=_give_once((path, argument), (other, by)))
        self._files.update({same: (path, argument) for path, same in real.items()})

    def _real(self, path: str) -> str:
        """Return what ``os.path.realpath`` does, which looks at every folder above each file."""
        if is_remote(path) or path == STDIN:
            return path
        if os.path.islink(path):
            return os.path.realpath(path)
        folder, name = os.path.split(path)
        if folder not in self._folders:
            self._folders[folder] = os.path.realpath(folder)
        return os.path.join(self._folders[folder], name)


def _give_once(one: tuple[str, str], other: tuple[str, str]) -> str:
    """Return what to do about a file that two arguments give, each as a path and by its argument."""
    if one[0] == STDIN:
        return "standard input can be read once"
    for (path, argument), (_, by) in ((one, other), (other, one)):
        if link := _link_below(argument, path):
            return f"remove the link {link}, or leave out {by}"
    return "give it once; what is to count double, as a copy of another name"


def _link_below(argument: str, path: str) -> str | None:
    """Return the link through which the folder ``argument`` gives the file ``path``; None where there is none."""
    if is_remote(argument) or not os.path.isdir(argument):
        return None
    depth = len(Path(argument).parts)
    below = (place for place in (Path(path), *Path(path).parents) if len(place.parts) > depth)
    return next((str(place) for place in below if place.is_symlink()), None)
