"""Cuts at given word borders, for vocabularies made of words."""

from __future__ import annotations

import unicodedata
from typing import Any

import numpy as np
from tokenizers import normalizers, pre_tokenizers

from zhprep.core.ragged import ranges
from zhprep.vocab import codepoints
from zhprep.vocab.cuts.cut import Cut, Marks
from zhprep.vocab.hashed import StringTable


class WordCuts:
    """Gives each word to the library, as if there were spaces around it."""

    def __init__(self, marks: Marks) -> None:
        self.marks = marks

    def cut(self, chunk: codepoints.Chunk, ends: object, held: codepoints.Flags | None) -> Cut:  # noqa: ARG002 all go
        """Return every word as a run; raises ``DataError`` where ``ends`` do not cover the sentences."""
        starts, stops = codepoints.word_bounds(chunk, ends)
        return Cut(np.full(len(chunk.points), self.marks.run, self.marks.dtype), starts, stops)


class KnownWordCuts:
    """Looks words up itself: an entry is one token; another word is its characters, or the unknown token.

    The library gets the words that hold an added token or a character that its normaliser does not change to one
    character whatever is beside it.
    """

    def __init__(self, model: dict[str, Any], normalizer: Any, marks: Marks) -> None:
        """``model`` and ``normalizer`` are parts of tokenizer.json. Raises ``ValueError`` as ``StringTable`` does."""
        self.marks = marks
        self._entries: dict[str, int] = model["vocab"]
        self._unk = self._entries[model["unk_token"]]
        self._by_character = model["type"] == "BPE"
        self._words = StringTable([entry for entry in self._entries if entry])
        self._ids = np.array([number for entry, number in self._entries.items() if entry], marks.dtype)
        self._normalizer = _normalizer(normalizer)
        self._split = pre_tokenizers.WhitespaceSplit()
        self._table = codepoints.CodePointTable(self._ask, marks.dtype, marks.unseen)
        self._normal = np.arange(codepoints.N_CODE_POINTS, dtype=np.uint32)

    def cut(self, chunk: codepoints.Chunk, ends: object, held: codepoints.Flags | None) -> Cut:
        """Return the codes of ``chunk`` and as runs the words for the library, among them those that hold code points
        flagged in ``held``; raises ``DataError`` where ``ends`` do not cover the sentences."""
        starts, stops = codepoints.word_bounds(chunk, ends)
        sizes = stops - starts
        codes = self._table.look_up(chunk.points)
        asked = self._asked(codes, starts, sizes, held)
        longer = np.flatnonzero((sizes > 1) & ~asked)
        points = self._normal.take(chunk.points, mode="clip")
        found = self._words.find(points, starts[longer], sizes[longer])
        ids = self._ids.take(found, mode="clip")
        ids[found < 0] = self._unk
        if self._by_character:
            longer, ids = longer[found >= 0], ids[found >= 0]
        codes[ranges(starts[longer] + 1, sizes[longer] - 1)] = self.marks.space
        codes[starts[longer]] = ids
        reach = np.arange(1, len(codes) + 1)
        reach[starts[longer]] = stops[longer]
        codes[ranges(starts[asked], sizes[asked])] = self.marks.run
        return Cut(codes, starts[asked], stops[asked], reach)

    def _asked(
        self, codes: Any, starts: codepoints.Offsets, sizes: codepoints.Offsets, held: codepoints.Flags | None
    ) -> codepoints.Flags:
        """Return which words the library gets, ``bool[W]``; ``codes`` ``[C]`` are those of single characters."""
        asked = np.zeros(len(starts), np.bool_)
        odd = np.flatnonzero(codes >= self.marks.space)
        words = starts.searchsorted(odd, "right") - 1
        asked[words[(sizes[words] > 1) | (codes[odd] == self.marks.run)]] = True
        if held is not None:
            asked[starts.searchsorted(np.flatnonzero(held), "right") - 1] = True
        return asked

    def _ask(self, characters: list[str]) -> list[int]:
        """Return for each character its id as a word, or what it is, space or run; note what it is normalised to."""
        return [self._code(character) for character in characters]

    def _code(self, character: str) -> int:
        normal: str = self._normalizer.normalize_str(character) if self._normalizer else character
        if not self._split.pre_tokenize_str(normal):
            return self.marks.space
        if len(normal) > 1 or unicodedata.combining(character) or unicodedata.combining(normal):
            return self.marks.run
        self._normal[ord(character)] = ord(normal)
        return int(self._entries.get(normal, self._unk))


def _normalizer(part: Any) -> Any:
    """Return the library's normaliser (BERT's) for that part of tokenizer.json, None for none."""
    if not part:
        return None
    return normalizers.BertNormalizer(**{name: value for name, value in part.items() if name != "type"})
