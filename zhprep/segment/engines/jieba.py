"""What ``jieba.cut`` gives, many times as fast, with nothing left to chance.

jieba cuts in three steps. (1) The text is split into blocks of Chinese characters, Latin letters, digits and
``+#&._%-``; any other character is a word, but ``\\r\\n`` is one. (2) In a block the dictionary words of the most
probable path are taken. (3) What the path left single is joined and cut again, Chinese by a hidden Markov model, the
rest by a regular expression; without the model, letters and digits are only joined. Here each step is done for all
sentences of a batch at once; or, where ``zhprep[fast]`` is installed, by one compiled loop (``jieba.loop``).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from zhprep.core.installed import version_of
from zhprep.segment.config import SegmentConfig
from zhprep.segment.cuts import Cuts, from_words, split
from zhprep.segment.jieba.fast import FastCut
from zhprep.segment.jieba.hidden_markov import jieba_model
from zhprep.segment.jieba.package import own_file, sha256
from zhprep.segment.jieba.paths import Paths
from zhprep.segment.jieba.tables import own_dictionary
from zhprep.segment.jieba.trie import Bools, Ids
from zhprep.segment.jieba.unknown import UnknownWords, join_latin
from zhprep.segment.jieba.user_words import JiebaItself, dictionary_with
from zhprep.segment.lexicon import read_user_dictionary
from zhprep.segment.sentences import Sentences

_PIECE = 1 << 19  # code points at a time: what is made for them stays in the cache
_STEP = 1 << 12
_RETURN, _FEED = map(ord, "\r\n")


class Jieba:
    """jieba's accurate mode, with and without HMM and with a user dictionary (``--cws jieba``)."""

    name = "jieba"

    def __init__(self, config: SegmentConfig) -> None:
        self._user_dictionary = config.user_dictionary
        self._hmm = config.hmm
        path = config.user_dictionary
        entries = read_user_dictionary(path, simplified=config.via_simplified) if path else []
        dictionary = dictionary_with(entries) if entries else own_dictionary()
        self._itself = None if dictionary else JiebaItself(entries)
        self._dictionary = dictionary or own_dictionary()
        self._paths = Paths(self._dictionary)
        model = jieba_model() if config.hmm else None
        self._unknown = UnknownWords(self._dictionary, model) if model else None
        self._fast = FastCut(self._dictionary, model)

    def fingerprint(self) -> str:
        """Return version, dictionary hashes and whether the HMM is on."""
        user = f" user {sha256(self._user_dictionary)[:16]}" if self._user_dictionary else ""
        version = f"jieba {version_of('jieba')} dictionary {sha256(own_file())[:16]}"
        return f"{version}{user} hmm={'on' if self._hmm else 'off'}"

    def knows(self, word: str) -> bool:
        """Return whether ``word`` is in the dictionary (for the recall of unknown words)."""
        return (self._itself or self._dictionary).knows(word)

    def matches(self, word: str) -> bool:
        """Return whether ``word`` can be found in text if the dictionary has it: no character of it ends a block."""
        return bool(self._dictionary.ids.take([ord(character) for character in word], mode="clip").all())

    def cut(self, sentences: list[str]) -> list[list[str]]:
        """Return the words of each sentence, as ``jieba.lcut`` does."""
        cuts = self.ends(pa.array(sentences, pa.string()))
        bounds, ends = cuts.offsets.tolist(), cuts.ends.tolist()
        return [split(text, ends[bounds[i] : bounds[i + 1]]) for i, text in enumerate(sentences)]

    def ends(self, sentences: pa.Array) -> Cuts:
        """Return the ends of all words of a whole batch."""
        return self.ends_of(Sentences(sentences))

    def ends_of(self, text: Sentences) -> Cuts:
        """Return the ends of all words of ``text``."""
        if self._itself is not None:
            texts = text.array.to_pylist()
            return from_words(texts, self._itself.cut(texts, hmm=self._hmm))
        marks = np.ones(len(text.code_points) + 1, np.bool_)
        marks[1:] = self._ends_word(text.code_points)
        return text.cuts(marks)

    def _ends_word(self, points: Ids) -> Bools:
        """Return, for each code point (``uint32[N]``), whether a word ends after it, ``bool[N]``."""
        found = self._fast.ends(points)
        if found is not None:
            return found
        ids = self._dictionary.ids.take(points, mode="clip")
        ends, chunk_ends = np.empty((2, len(points)), np.bool_)
        for start, stop in _pieces(ids):
            piece = slice(start, stop)
            ends[piece], chunk_ends[piece] = self._paths.ends(points[piece], ids[piece])
        if self._unknown is not None:
            self._unknown.cut_again(points, ids, ends, chunk_ends)
        else:
            join_latin(points, ids, ends)
        ends[:-1] &= ~((points[:-1] == _RETURN) & (points[1:] == _FEED))
        return ends


def _pieces(ids: Ids) -> Iterator[tuple[int, int]]:
    """Yield stretches of about ``_PIECE`` characters of ``ids`` (``[N]``, 0 outside of blocks), each but the last
    ending outside a block."""
    start = 0
    while start < len(ids):
        stop, step = start + _PIECE, _STEP
        while stop < len(ids) and ids[stop - 1]:
            outside = np.flatnonzero(ids[stop : stop + step] == 0)
            stop, step = (stop + int(outside[0]) + 1, step) if len(outside) else (stop + step, 2 * step)
        yield start, min(stop, len(ids))
        start = stop
