"""Forward maximum matching: at each place, the longest word of a user's lexicon."""

from __future__ import annotations

import hashlib
import pathlib
import re

from zhprep.core.errors import UsageError
from zhprep.segment.config import SegmentConfig
from zhprep.segment.lexicon import read_lexicon

_LATIN = re.compile(r"[A-Za-z0-9]+")


class MaxMatch:
    """Cut by ``--lexicon FILE`` (``--cws max-match``).

    What no word of the lexicon begins at is a word of one character, but Latin letters and digits
    in a row stay together.
    """

    name = "max-match"

    def __init__(self, config: SegmentConfig) -> None:
        if config.lexicon is None:
            raise UsageError("--cws max-match needs a lexicon", hint="give --lexicon FILE: one word a line")
        self._path = config.lexicon
        self.lexicon = tuple(read_lexicon(config.lexicon, simplified=config.via_simplified))
        self._words = frozenset(self.lexicon)
        lengths: dict[str, set[int]] = {}
        for word in self.lexicon:
            lengths.setdefault(word[0], set()).add(len(word))
        self._lengths = {first: sorted(found, reverse=True) for first, found in lengths.items()}

    def fingerprint(self) -> str:
        """Return the name and the hash of the lexicon."""
        digest = hashlib.sha256(pathlib.Path(self._path).read_bytes()).hexdigest()
        return f"max-match lexicon {digest[:16]}"

    def knows(self, word: str) -> bool:
        """Return whether ``word`` is in the lexicon."""
        return word in self._words

    matches = knows

    def cut(self, sentences: list[str]) -> list[list[str]]:
        """Return the words of each sentence."""
        return [self._cut(sentence) for sentence in sentences]

    def _cut(self, sentence: str) -> list[str]:
        words, start, size = [], 0, len(sentence)
        while start < size:
            stop = self._longest(sentence, start)
            words.append(sentence[start:stop])
            start = stop
        return words

    def _longest(self, sentence: str, start: int) -> int:
        for length in self._lengths.get(sentence[start], ()):
            if sentence[start : start + length] in self._words:
                return min(start + length, len(sentence))
        latin = _LATIN.match(sentence, start)
        return latin.end() if latin else start + 1
