"""Find entities of a lexicon that stand in the text as whole words, so that their words are masked as one.

In: lexicon files, and sentences with their words. Out: the runs of words that are entities, and which they are.
The longest entity from the left counts, whatever characters and however many words it has.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa

from zhprep.core.errors import DataError
from zhprep.core.phrases import Phrases
from zhprep.core.ragged import Ints
from zhprep.core.report import Account
from zhprep.instances.layout.align import CharacterWords

Run = tuple[int, int]
"""A run of words: the number of the first, and how many there are, negative (so that the longest is the least)."""


class Entities:
    """A set of entities, each a string of two characters or more."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = Phrases(sorted({name for name in names if len(name) > 1}))

    def __len__(self) -> int:
        return len(self._names)

    def runs(self, words: CharacterWords, sentences: pa.Array, account: Account) -> list[Run]:
        """Return the runs of words that are entities, in order; of those that overlap, the longest from the left.

        Which entities were found is noted in ``account``.
        """
        text = "".join(sentences.to_pylist())
        edges = np.zeros(words.n_characters + 1, np.bool_)
        edges[words.starts] = True
        edges[-1] = True
        code_points = np.frombuffer(text.encode("utf-32-le"), np.uint32)
        found = list(self._names.find(code_points, stops=words.bases[1:], edges=edges))
        account.match("entities", len(self), (number for _, _, number in found))
        places = np.array([(start, stop) for start, stop, _ in found], np.int64).reshape(-1, 2)
        first, last = np.searchsorted(words.starts, places).T
        return list(zip(first.tolist(), (first - last).tolist(), strict=True))


def read_entities(paths: Iterable[str]) -> Entities:
    """Read lexicon files: an entity per line, before the first tab (THUOCL lists have a count behind it).

    Raises ``DataError`` for a file that is not there, is not UTF-8 or has nothing in it.
    """
    names: list[str] = []
    for path in paths:
        try:
            lines = Path(path).read_text("utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(
                f"cannot read entities from {path}: {error}", hint="a UTF-8 text file, one per line"
            ) from error
        names += [name for line in lines if (name := line.split("\t")[0].strip())]
    if not names:
        raise DataError(f"no entities in {', '.join(paths)}", hint="one entity per line")
    return Entities(names)


def longest(found: Iterable[Run]) -> list[Run]:
    """Take from the left the longest runs that do not overlap."""
    taken: list[Run] = []
    free = 0
    for word, n in sorted(found):
        if word >= free:
            free = word - n
            taken.append((word, n))
    return taken


def inner_words(runs: Iterable[Run]) -> Ints:
    """Return the numbers of the words that belong to a run but do not begin it, sorted."""
    return np.array([inner for word, n in runs for inner in range(word + 1, word - n)], np.int64)
