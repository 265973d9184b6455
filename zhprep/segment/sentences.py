"""The sentences of a batch in the forms that segmenting wants, each made once."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zhprep.core.simplified import shadow, simplify
from zhprep.core.utf8 import Decoded, decoded
from zhprep.segment.cuts import Cuts, from_marks

SEPARATOR = "\0"
"""What stands between sentences: no word holds it, and no segmenter makes one word of it and a neighbour."""


class Sentences:
    """The sentences of a string array, also laid end to end with ``SEPARATOR`` between them."""

    def __init__(self, array: pa.Array) -> None:
        self._array = array

    @property
    def array(self) -> pa.Array:
        """The sentences as a string array."""
        return self._array

    @cached_property
    def _decoded(self) -> Decoded:
        return decoded(self.array, ord(SEPARATOR))

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """The length of each sentence in code points, int64[S]."""
        return self._decoded.lengths

    @cached_property
    def text(self) -> str:
        """All sentences, the separator between them."""
        return self.code_points.tobytes().decode("utf-32-le")

    @property
    def code_points(self) -> npt.NDArray[np.uint32]:
        """The code points of ``text``, uint32[N]."""
        return self._decoded.points

    @property
    def alphabet(self) -> npt.NDArray[np.uint32]:
        """The distinct code points of ``text``, uint32[A]."""
        return self._decoded.alphabet

    @cached_property
    def bases(self) -> npt.NDArray[np.int64]:
        """Where each sentence begins in ``text``, int64[S]."""
        bases: npt.NDArray[np.int64] = np.cumsum(self.lengths + 1) - self.lengths - 1
        return bases

    def simplified(self) -> Sentences:
        """Return the Simplified shadow of the sentences, themselves if nothing changes."""
        simple = simplify(self.code_points)
        return self if simple is self.code_points else _Shadow(self, simple)

    def marks(self, cuts: Cuts) -> npt.NDArray[np.bool_]:
        """Return for each place between characters of ``text`` whether a word begins or ends there, bool[N + 1].

        So the separator is a word too.
        """
        marks = np.zeros(len(self.code_points) + 1, np.bool_)
        marks[self.bases] = True
        marks[cuts.ends + np.repeat(self.bases, np.diff(cuts.offsets))] = True
        return marks

    def cuts(self, marks: npt.NDArray[np.bool_]) -> Cuts:
        """Return the words that end at ``marks`` (bool[N + 1]; what lies between sentences does not count)."""
        return from_marks(marks[1:], self.lengths)


class _Shadow(Sentences):
    """Sentences with the characters of their shadow in their places."""

    def __init__(self, written: Sentences, code_points: npt.NDArray[np.uint32]) -> None:
        self._written, self._decoded = written, Decoded(code_points, written.lengths)

    @cached_property
    def array(self) -> pa.Array:
        return shadow(self._written.array)
