"""Names of inputs, after which their documents are called: no two alike."""

from __future__ import annotations

import os
from collections import Counter
from itertools import takewhile

from zhprep.core.corpus.inputs.remote import is_remote


def told_apart(paths: list[str], names: list[str]) -> list[str]:
    """Return ``names``, of the files at ``paths`` (no two the same): those that only one file has as they are.

    The others become the paths of their files below the folder that holds all of these, wherever on a machine it lies.
    """
    names, ways = list(names), [_way(path) for path in paths]
    alike: set[int] = set()
    while True:
        counts = Counter(names)
        before = len(alike)
        alike |= {index for index, name in enumerate(names) if counts[name] > 1}  # among longer ones, too
        if len(alike) == before:
            return names
        folders = zip(*(ways[index][:-1] for index in alike), strict=False)
        shared = len(list(takewhile(lambda several: len(set(several)) == 1, folders)))
        for index in alike:
            names[index] = "/".join(ways[index][shared:])


def _way(path: str) -> list[str]:
    """Return the folders that lead to a file, and its name; standard input has none."""
    return path.split("/") if is_remote(path) or path == "-" else os.path.abspath(path).split(os.sep)
