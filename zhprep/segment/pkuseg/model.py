"""A converted model: fragments of a text in, ends of words out."""

from __future__ import annotations

import itertools
import json
import pathlib
from typing import Any

import numpy as np
import numpy.typing as npt

from zhprep.core.arrays import load_array
from zhprep.core.corpus.inputs import file_sha256
from zhprep.core.errors import DataError, UsageError
from zhprep.core.shape import SHA256, fault
from zhprep.segment.pkuseg.convert import ARRAYS, DICTIONARY, FORMAT
from zhprep.segment.pkuseg.decode import decode
from zhprep.segment.pkuseg.features import Features
from zhprep.segment.pkuseg.merge import Merger
from zhprep.segment.pkuseg.nodes import SEPARATOR, node_table

Bools = npt.NDArray[np.bool_]
Places = npt.NDArray[np.int64]

_AGAIN = "convert it again: python -m zhprep.segment.pkuseg --help"
_FILES = (*(f"{name}.npy" for name in ARRAYS), DICTIONARY)
_ABOUT = {"tags": [str], "sha256": {"*": SHA256}, "files": dict.fromkeys(_FILES, SHA256)}

_PIECE = 16_384  # characters whose scores are summed together: they stay in the cache


class PkusegModel:
    """The tables in a folder that ``convert`` wrote, mapped from disk: processes share them.

    Raises ``UsageError`` when there is no such model, ``DataError`` when a file is not the one that was written.
    """

    def __init__(self, folder: str) -> None:
        path = pathlib.Path(folder)
        try:
            self.about = json.loads((path / "model.json").read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise UsageError(
                f"no converted pkuseg model in {folder!r}: {error}", hint="see `python -m zhprep.segment.pkuseg --help`"
            ) from error
        _check(self.about, path)
        arrays = {name: load_array(path / f"{name}.npy", hint=_AGAIN) for name in ARRAYS}
        self._features = Features(arrays)
        self._node_of = node_table(arrays["characters"])
        self._transitions = np.array(arrays["transitions"])
        self._begins_word = np.array([tag.startswith("B") for tag in self.about["tags"]])
        self.merger = Merger((path / DICTIONARY).read_text("utf-8").split("\n"))

    def ends_word(self, text: str, inside: Bools) -> Bools:
        """Return, for each code point of ``text``, whether a word ends after it.

        ``inside`` (bool[N]) says which code points belong to fragments; each stretch of True is one.
        """
        code_points = np.frombuffer(text.encode("utf-32-le"), np.uint32)
        edges = np.flatnonzero(np.diff(inside, prepend=False, append=False))
        starts, stops = edges[::2], edges[1::2]
        ends = np.zeros(len(text), np.bool_)
        if not len(starts):
            return ends
        nodes = np.where(inside, self._node_of.take(code_points), np.uint16(SEPARATOR))
        tags = decode(self._scores(nodes, starts), self._transitions, starts, stops - starts)
        begins = self._begins_word.take(tags)
        ends[:-1] = begins[1:] & inside[:-1]
        ends[stops - 1] = True
        if self.merger:
            self._merge(text, ends, starts, stops)
        return ends

    def _scores(self, nodes: npt.NDArray[np.uint16], starts: Places) -> npt.NDArray[np.float64]:
        """Return the scores (``float64[N, T]``) of ``nodes`` (``uint16[N]``), piece by piece; a piece is whole
        fragments, which begin at ``starts``."""
        after = np.searchsorted(starts, np.arange(_PIECE, len(nodes), _PIECE))
        bounds = np.unique(np.concatenate(([0], starts[after[after < len(starts)]], [len(nodes)])))
        return np.concatenate([self._features.scores(nodes[a:b]) for a, b in itertools.pairwise(bounds.tolist())])

    def _merge(self, text: str, ends: Bools, starts: Places, stops: Places) -> None:
        """Join the words that stand in the dictionary together, in ``ends`` (``bool[N]``); fragments are from
        ``starts`` to ``stops`` (``int64[F]``)."""
        word_ends = np.flatnonzero(ends) + 1
        fragments = np.searchsorted(stops, word_ends)
        word_starts = np.concatenate((starts[:1], word_ends[:-1]))
        first = np.flatnonzero(np.diff(fragments, prepend=-1))
        word_starts[first] = starts
        for fragment in self.merger.candidates(text, word_starts, word_ends, fragments).tolist():
            start, stop = int(starts[fragment]), int(stops[fragment])
            places = np.flatnonzero(ends[start:stop]) + 1
            words = [text[start + a : start + b] for a, b in zip([0, *places.tolist()], places.tolist(), strict=False)]
            ends[start:stop] = False
            ends[start + np.cumsum([len(word) for word in self.merger.merge(words)]) - 1] = True


def _check(about: Any, path: pathlib.Path) -> None:
    """Raise ``UsageError`` for a model of another format, ``DataError`` where it is not what ``about`` says."""
    if not isinstance(about, dict) or about.get("format") != FORMAT:
        raise UsageError(f"the model in {str(path)!r} has another format", hint=_AGAIN)
    if found := fault(about, _ABOUT):
        raise DataError(f"{path / 'model.json'}: {found}", hint=_AGAIN)
    for name in _FILES:
        file = path / name
        if not file.is_file() or file_sha256(file) != about["files"][name]:
            raise DataError(f"{file}: is not the file that was written", hint=_AGAIN)
