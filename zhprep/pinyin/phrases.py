"""pypinyin's dictionaries as arrays: what a character sounds like alone, and in which phrases otherwise.

In: the dictionaries of the installed pypinyin. Out: :class:`PhraseReadings`. To import pypinyin and to number its
47,000 phrases takes half a second, so the arrays are kept (``core.mapped``) under the hash of its files. Where pypinyin
has been imported already somebody may have added to its dictionaries, and they are taken as they are then.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
import os
import sys
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from zhprep.core.bundled import code_of
from zhprep.core.mapped import Arrays, mapped_arrays
from zhprep.core.ragged import offsets_of
from zhprep.core.registry import require
from zhprep.pinyin.syllables import ids

N_CODE_POINTS = 0x110000

_CODE = ("pinyin/phrases.py", "pinyin/syllables.py", "pinyin/syllables.txt", "core/ragged.py")
_FILES = ("__init__.py", "constants.py", "pinyin_dict.json", "phrases_dict.json", "contrib/tone_convert.py")
"""What the arrays are made of, by our code; other files of pypinyin only say how."""

_PARTED = "\0"


class PhraseReadings:
    """The dictionaries of the installed pypinyin as syllable ids.

    ``first`` uint16 ``[code points]``: the first reading of a character; ``moves`` bool ``[code points]``: whether
    some phrase reads it otherwise.
    """

    def __init__(self, arrays: Arrays) -> None:
        """``arrays`` are those that :func:`tables` makes."""
        self.first, self.moves = arrays["first"], arrays["moves"]
        self.version, self.sha256 = (arrays[name].tobytes().decode() for name in ("version", "sha256"))
        self._characters, self._bounds, self._readings = (arrays[name] for name in ("characters", "bounds", "readings"))
        phrases = arrays["phrases"].tobytes().decode().split(_PARTED) if len(arrays["phrases"]) else []
        self._numbers = {phrase: number for number, phrase in enumerate(phrases)}
        self._starts, self._syllables, self._open = (arrays[name].data for name in ("starts", "syllables", "open"))
        self._longest = int(np.diff(arrays["starts"]).max(initial=1))

    @classmethod
    @functools.cache
    def load(cls) -> PhraseReadings:
        """Return the dictionaries of the installed package.

        Raises ``UsageError`` when pypinyin is not installed.
        """
        made_of = "" if "pypinyin" in sys.modules else source()
        return cls(mapped_arrays("pypinyin", made_of, tables) if made_of else tables())

    def __contains__(self, word: str) -> bool:
        return word in self._numbers

    def readings(self, code: int) -> list[int]:
        """Return all readings of a character, the usual one first; none if it is not in the dictionary."""
        place = int(self._characters.searchsorted(code))
        if place == len(self._characters) or self._characters[place] != code:
            return []
        found: list[int] = self._readings[self._bounds[place] : self._bounds[place + 1]].tolist()
        return found

    def read(self, word: str) -> list[int]:
        """Return the syllables of a word as pypinyin reads it.

        Its phrases are found by forward maximum match; a character outside them has its first reading.
        """
        first = self.first
        return [found or int(first[ord(c)]) for c, found in zip(word, self.in_phrases(word), strict=True)]

    def in_phrases(self, word: str, *, decided: bool = False) -> list[int]:
        """Return the syllables of the characters that stand in a phrase of the word, 0 for the others.

        With ``decided`` a character that the phrase itself reads in two ways (朝阳) has 0 too.
        """
        result: list[int] = []
        start = 0
        while start < len(word):
            end = min(len(word), start + self._longest)
            while end > start + 1 and word[start:end] not in self._numbers:
                end -= 1
            result += self._of(word[start:end], decided) if end > start + 1 else [0]
            start = end
        return result

    def _of(self, phrase: str, decided: bool) -> list[int]:
        number = self._numbers[phrase]
        place = slice(self._starts[number], self._starts[number + 1])
        found: list[int] = self._syllables[place].tolist()
        if not decided:
            return found
        return [0 if others else syllable for syllable, others in zip(found, self._open[place].tolist(), strict=True)]


def tables() -> Arrays:
    """Return the arrays of the installed pypinyin, those of its characters and of its phrases; ``moves`` is of both.

    ``version``, and ``sha256`` over both dictionaries, as bytes. Raises ``UsageError`` when pypinyin is not installed.
    """
    package = require("pypinyin", purpose="--engine pypinyin", install="pypinyin")
    constants = require("pypinyin.constants", purpose="--engine pypinyin", install="pypinyin")
    known: dict[int, str] = constants.PINYIN_DICT
    phrases: dict[str, list[list[str]]] = constants.PHRASES_DICT
    lines = itertools.chain(known.items(), phrases.items())
    sha256 = hashlib.sha256("".join(f"{what} {readings}\n" for what, readings in lines).encode()).hexdigest()
    number = _Numbers()
    characters = _of_characters(known, number)
    kept = {
        phrase: syllables
        for phrase, syllables in phrases.items()
        if len(phrase) == len(syllables) and constants.RE_HANS.match(phrase)
    }
    found = _of_phrases(kept, number)
    moves = np.zeros(N_CODE_POINTS, np.bool_)
    written = np.frombuffer("".join(kept).encode("utf-32-le"), np.uint32)
    moves[written[characters["first"][written] != found["syllables"]]] = True
    told = {"version": _bytes(package.__version__), "sha256": _bytes(sha256)}
    return {**characters, **found, "moves": moves, **told}


def _of_characters(known: dict[int, str], number: _Numbers) -> dict[str, npt.NDArray[Any]]:
    """Return ``characters`` (int64 ``[C]``, in order), their ``readings`` (uint16), where those of each begin and end
    (``bounds`` int64 ``[C + 1]``), and ``first``."""
    codes = np.array(sorted(known), np.int64)
    heard = [[number[reading] for reading in known[code].split(",") if reading] for code in codes.tolist()]
    first = np.zeros(N_CODE_POINTS, np.uint16)
    first[codes] = [readings[0] for readings in heard]
    sizes = np.array([len(readings) for readings in heard], np.int64)
    flat = np.array(list(itertools.chain.from_iterable(heard)), np.uint16)
    return {"first": first, "characters": codes, "bounds": offsets_of(sizes), "readings": flat}


def _of_phrases(kept: dict[str, list[list[str]]], number: _Numbers) -> dict[str, npt.NDArray[Any]]:
    """Return the ``phrases`` as UTF-8, their ``syllables`` (uint16), where those of each begin and end (``starts``
    int64 ``[P + 1]``), and which a phrase has others beside (``open`` bool)."""
    each = list(itertools.chain.from_iterable(kept.values()))
    return {
        "phrases": _bytes(_PARTED.join(kept)),
        "syllables": np.array([number[readings[0]] for readings in each], np.uint16),
        "starts": offsets_of(np.array([len(phrase) for phrase in kept], np.int64)),
        "open": np.array([len(readings) > 1 for readings in each], np.bool_),
    }


def source() -> str:
    """Return what the arrays are made of, in hashes; nothing where that cannot be known without an import."""
    spec = PathFinder.find_spec("pypinyin")
    if spec is None or spec.origin is None:
        return ""
    try:
        files = [(Path(spec.origin).parent / name).read_bytes() for name in _FILES]
    except OSError:
        return ""
    hashes = [code_of(*_CODE), *(hashlib.sha256(data).hexdigest() for data in files)]
    return " ".join([os.environ.get("PYPINYIN_NO_PHRASES", ""), *hashes])


def _bytes(text: str) -> npt.NDArray[np.uint8]:
    """Return a text as UTF-8, ``uint8[bytes]``."""
    return np.frombuffer(text.encode(), np.uint8)


class _Numbers(dict[str, int]):
    """The id of a syllable written with tone marks, worked out once each."""

    def __missing__(self, marked: str) -> int:
        tones = require("pypinyin.contrib.tone_convert", purpose="--engine pypinyin", install="pypinyin")
        self[marked] = ids()[tones.to_tone3(marked, v_to_u=False, neutral_tone_with_five=True)]
        return self[marked]
