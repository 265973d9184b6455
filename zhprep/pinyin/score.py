"""How well an engine reads a gold standard.

In: a table of ``sentence``, ``index``, ``character``, ``pinyin`` separated by tabs, one character judged per row, as
the CPP benchmark has it (Park and Lee, arXiv 2004.03136). Out: accuracy, and where it errs.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from zhprep.core.errors import DataError
from zhprep.pinyin.flat import FlatText
from zhprep.pinyin.syllables import ids, names
from zhprep.pinyin.words import Read


@dataclasses.dataclass(frozen=True)
class Gold:
    """A gold standard: ``sentences``, and per row the ``index`` of the judged character and its syllable id."""

    sentences: list[str]
    index: npt.NDArray[np.int64]
    syllables: npt.NDArray[np.uint16]


def read_gold(path: Path) -> Gold:
    """Read a gold table.

    Raises ``DataError`` naming the line for a row of another form, a place outside its sentence or a syllable
    that does not exist.
    """
    sentences, index, syllables = [], [], []
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                row = line.decode().rstrip("\r\n").split("\t")
            except UnicodeDecodeError as error:
                raise DataError(f"{path}:{number}: is not UTF-8", hint="convert the file to UTF-8") from error
            if number == 1 and row[:2] == ["sentence", "index"]:
                continue
            sentence, place, syllable = _check(row, f"{path}:{number}")
            sentences.append(sentence)
            index.append(place)
            syllables.append(syllable)
    return Gold(sentences, np.array(index, np.int64), np.array(syllables, np.uint16))


def score(gold: Gold, read: Read, word_ends: list[list[int]] | None = None) -> dict[str, Any]:
    """Return ``accuracy``, ``rows``, ``correct`` and the most frequent ``errors`` of what ``read`` hears.

    ``word_ends`` are the words of each sentence; without them every sentence is handed over as one word.
    """
    text = FlatText.from_sentences(gold.sentences, word_ends)
    places = text.sentence_offsets[:-1] + gold.index
    heard = read(text)[places]
    wrong = np.flatnonzero(heard != gold.syllables)
    errors = Counter(
        f"{chr(text.codes[places[row]])} {names()[gold.syllables[row]]} read as {names()[heard[row]] or 'nothing'}"
        for row in wrong
    )
    correct = len(heard) - len(wrong)
    return {
        "accuracy": correct / max(len(heard), 1),
        "rows": len(heard),
        "correct": correct,
        "errors": dict(errors.most_common(20)),
    }


def _check(row: list[str], where: str) -> tuple[str, int, int]:
    if len(row) != 4 or not row[1].isdecimal():
        raise DataError(
            f"{where}: not a row of sentence, index, character, pinyin", hint="separate four columns by tabs"
        )
    sentence, place, character, syllable = row
    if sentence[int(place) : int(place) + 1] != character:
        raise DataError(
            f"{where}: character {int(place)} of the sentence is not {character!r}", hint="count characters from 0"
        )
    if syllable not in ids():
        raise DataError(f"{where}: {syllable!r} is not a syllable", hint="write zhong1, lv4, de5")
    return sentence, int(place), ids()[syllable]
