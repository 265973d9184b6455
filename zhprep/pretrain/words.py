"""A user's lists of words travel with the run whose words they cut: texts of tasks are cut by the same lists later.

In: the settings and the fingerprint of the segmenter, as the data have them. Out: copies in ``segmenter/`` of the run,
sealed with it, and the settings that name them. A list that is not there, or no longer the one of the fingerprint, or
larger than :data:`MOST` keeps its path, as folders of models do; who reads it then holds it to the fingerprint.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from zhprep.core.shards import committed, sha256_of

SEGMENTER = "segmenter"
"""The folder of the copies."""
LISTS = {"user_dictionary": "user", "lexicon": "lexicon"}
"""Settings that name a list, and what stands before its hash in a fingerprint."""
FILES = tuple(f"{SEGMENTER}/{name}.txt" for name in LISTS)
MOST = 64 << 20
"""Bytes of a list that is copied: a million words are about 15 MiB."""


def carry_lists(segment: dict[str, Any], fingerprint: str, run: Path) -> dict[str, Any]:
    """Return the settings ``segment`` with the lists that were copied into ``run`` by their place in it."""
    carried = dict(segment)
    for name, file in zip(LISTS, FILES, strict=True):
        path = Path(segment.get(name) or "")
        if segment.get(name) and _travels(path, re.search(rf"\b{LISTS[name]} ([0-9a-f]{{16}})\b", fingerprint)):
            (run / SEGMENTER).mkdir(exist_ok=True)
            with committed(run / file, replace=True) as copy:
                copy.write(path.read_bytes())
            carried[name] = file
    return carried


def _travels(path: Path, known: re.Match[str] | None) -> bool:
    if not path.is_file() or path.stat().st_size > MOST:
        return False
    return known is None or sha256_of(path).startswith(known[1])
