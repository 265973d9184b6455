"""pkuseg's default segmentation, by its own model evaluated in batches (see ``zhprep.segment.pkuseg``)."""

from __future__ import annotations

import hashlib
import pathlib

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zhprep.core.errors import UsageError
from zhprep.segment.config import SegmentConfig
from zhprep.segment.cuts import Cuts, from_marks, join, lengths_of, split
from zhprep.segment.lexicon import read_user_dictionary
from zhprep.segment.pkuseg.forced import ForcedWords
from zhprep.segment.pkuseg.model import PkusegModel

_BATCH = 1 << 18  # characters at a time: the scores of each take 40 bytes


class Pkuseg:
    """Cut with the CRF of pkuseg (``--cws pkuseg --model FOLDER``); ``user_dictionary`` are words never cut.

    White space separates fragments that know nothing of each other, as in pkuseg, and is a word here.
    """

    name = "pkuseg"

    def __init__(self, config: SegmentConfig) -> None:
        if config.model is None:
            raise UsageError(
                "--cws pkuseg needs its model, converted once",
                hint="get the model: python -m zhprep.segment.pkuseg --help; then give --model FOLDER",
            )
        self._model = PkusegModel(config.model)
        self._user_dictionary = config.user_dictionary
        self._forced = _forced_words(config)
        self._is_space = np.zeros(0x110000, np.bool_)
        self._is_space[[point for point in range(0x3001) if chr(point).isspace()]] = True

    def fingerprint(self) -> str:
        """Return the hashes of the model's files and of the user dictionary."""
        files = " ".join(f"{name}={digest[:16]}" for name, digest in self._model.about["sha256"].items())
        if self._user_dictionary is None:
            return f"pkuseg {files}"
        return (
            f"pkuseg {files} user {hashlib.sha256(pathlib.Path(self._user_dictionary).read_bytes()).hexdigest()[:16]}"
        )

    def matches(self, word: str) -> bool:
        """Return whether ``word`` can be found in text if the dictionary has it: fragments have no white space."""
        return not any(map(str.isspace, word))

    def cut(self, sentences: list[str]) -> list[list[str]]:
        """Return the words of each sentence."""
        cuts = self.ends(pa.array(sentences, pa.string()))
        bounds, ends = cuts.offsets.tolist(), cuts.ends.tolist()
        return [split(text, ends[bounds[i] : bounds[i + 1]]) for i, text in enumerate(sentences)]

    def ends(self, sentences: pa.Array) -> Cuts:
        """Return the ends of all words of a whole batch, some hundred thousand characters at a time."""
        lengths = lengths_of(sentences)
        passed = np.cumsum(lengths + 1)
        marks, start = [], 0
        while start < len(sentences):
            begin = int(passed[start - 1]) if start else 0
            stop = max(start + 1, int(np.searchsorted(passed, begin + _BATCH)))
            marks.append(self._marks(sentences.slice(start, stop - start), lengths[start:stop]))
            start = stop
        return from_marks(np.concatenate([*marks, np.zeros(0, np.bool_)]), lengths)

    def _marks(self, sentences: pa.Array, lengths: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Return for each character, and for one place after each sentence, whether a word ends after it, ``bool[N +
        S]``; sentences have ``lengths`` characters, ``int64[S]``."""
        text = join(sentences, "\n") + "\n"
        code_points = np.frombuffer(text.encode("utf-32-le"), np.uint32)
        breaks = np.cumsum(lengths + 1) - 1
        space = self._is_space.take(code_points)
        inside = ~space
        inside[breaks] = False
        forced = self._forced.find(text, inside) if self._forced else []
        for start, stop in forced:
            inside[start:stop] = False
        ends = self._model.ends_word(text, inside)
        space[breaks] = False
        ends[:-1] |= space[:-1] & ~space[1:]
        for _, stop in forced:
            ends[stop - 1] = True
        return ends


def _forced_words(config: SegmentConfig) -> ForcedWords | None:
    if config.user_dictionary is None:
        return None
    return ForcedWords(
        entry.word for entry in read_user_dictionary(config.user_dictionary, simplified=config.via_simplified)
    )
