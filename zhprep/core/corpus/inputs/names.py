"""Names of inputs, after which their documents are called: no two alike."""

from __future__ import annotations

import os
from collections import Counter
from itertools import takewhile

from zhprep.core.corpus.inputs.remote import is_remote
from zhprep.core.corpus.inputs.streams import STDIN


def told_apart(paths: list[str], names: list[str]) -> list[str]:
    """Return ``names``, of the files at ``paths`` (no two the same): those that only one file has as they are.

    The others become the paths of their files below the folder that holds all of these, wherever on a machine it lies.
    """
    names, ways = list(names), dict[int, list[str]]()  # of those alone that are alike: there may be a million files
    while True:
        counts = Counter(names)
        alike = {index for index, name in enumerate(names) if counts[name] > 1} - ways.keys()  # to longer ones, too
        if not alike:
            return names
        ways |= {index: _way(paths[index]) for index in alike}
        folders = zip(*(way[:-1] for way in ways.values()), strict=False)
        shared = len(list(takewhile(lambda several: len(set(several)) == 1, folders)))
        for index, way in ways.items():
            names[index] = "/".join(way[shared:])


def _way(path: str) -> list[str]:
    """Return the folders that lead to a file, and its name; standard input has none."""
    return path.split("/") if is_remote(path) or path == STDIN else os.path.abspath(path).split(os.sep)
