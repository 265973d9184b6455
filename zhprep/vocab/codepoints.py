"""Text as arrays of code points.

In: an Arrow array of sentences. Out: its code points as one flat ``uint32`` array with sentence
offsets, in chunks that stay in the processor's cache; a lazily filled table over all code points;
and runs of code points as an Arrow array, so that Arrow finds the distinct ones.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zhprep.core import arrow, utf8
from zhprep.core.errors import DataError
from zhprep.core.ragged import offsets_of

N_CODE_POINTS = utf8.N_CODE_POINTS
CHUNK = 128 * 1024
"""Characters in a chunk: small enough for the second-level cache, large enough for numpy."""

Points = npt.NDArray[np.uint32]
Offsets = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclasses.dataclass(frozen=True)
class Chunk:
    """Whole sentences: ``points`` uint32[C], ``offsets`` int64[S+1] into them; ``first`` is the first one's number."""

    points: Points
    offsets: Offsets
    first: int


def as_strings(sentences: Any) -> pa.Array:
    """Return sentences (Arrow array, chunked array or sequence of str) as one Arrow string array without nulls."""
    if isinstance(sentences, pa.ChunkedArray):
        sentences = sentences.combine_chunks()
    if not isinstance(sentences, pa.Array):
        sentences = pa.array(sentences, pa.string())
    if not (pa.types.is_string(sentences.type) or pa.types.is_large_string(sentences.type)):
        sentences = sentences.cast(pa.string())
    return arrow.filled(sentences)


def chunks(sentences: Any, limit: int = CHUNK) -> Iterator[Chunk]:
    """Yield the code points of ``sentences`` in chunks of whole sentences of about ``limit`` characters."""
    strings = as_strings(sentences)
    if len(strings) == 0:
        return
    found = utf8.decoded(strings)
    ends = offsets_of(found.lengths)
    first = 0
    while first < len(strings):
        last = max(first + 1, int(np.searchsorted(ends, ends[first] + limit, side="right")) - 1)
        yield Chunk(found.points[ends[first] : ends[last]], ends[first : last + 1] - ends[first], first)
        first = last


def flat(strings: Any) -> tuple[Points, Offsets]:
    """Return the code points of all ``strings``, and where each begins and the last ends."""
    whole = next(chunks(strings, N_CODE_POINTS << 31), Chunk(np.empty(0, np.uint32), np.zeros(1, np.int64), 0))
    return whole.points, whole.offsets


class CodePointTable:
    """A map from code point to a small integer, filled when a code point is first met.

    ``ask`` gets new characters and returns their values; ``unseen`` is the largest value of the type,
    which it never returns.
    """

    def __init__(self, ask: Callable[[list[str]], npt.ArrayLike], dtype: npt.DTypeLike, unseen: int) -> None:
        self._ask = ask
        self._unseen = unseen
        self.values = np.full(N_CODE_POINTS, unseen, dtype)

    def look_up(self, points: Points) -> npt.NDArray[Any]:
        """Return the value of each code point."""
        codes = self.values.take(points, mode="clip")
        if int(codes.max(initial=0)) == self._unseen:
            self.learn(points[codes == self._unseen])
            codes = self.values.take(points, mode="clip")
        return codes

    def learn(self, points: Points) -> None:
        """Ask for the values of code points that have none yet."""
        met = np.zeros(int(points.max(initial=0)) + 1, np.bool_)  # quicker than to sort them
        met[points] = True
        new = np.flatnonzero(met)
        self.values[new] = self._ask([chr(point) for point in new.tolist()])


def run_bounds(is_run: Flags, sentence_offsets: Offsets) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return where maximal runs of True start and stop; no run crosses a sentence border."""
    if not is_run.any():
        return np.empty(0, np.int64), np.empty(0, np.int64)
    edge = np.zeros(len(is_run) + 1, np.bool_)
    edge[1:-1] = is_run[1:] != is_run[:-1]
    edge[0] = edge[-1] = True
    starts = edge[:-1] & is_run
    stops = edge[1:] & is_run
    borders = sentence_offsets[1:-1]
    borders = borders[(borders > 0) & (borders < len(is_run))]
    starts[borders] |= is_run[borders]
    stops[borders - 1] |= is_run[borders - 1]
    return np.flatnonzero(starts), np.flatnonzero(stops) + 1


def slices(points: Points, starts: npt.NDArray[np.int64], stops: npt.NDArray[np.int64]) -> pa.Array:
    """Return ``points[start:stop]`` of each pair as an Arrow binary array of UTF-32 (little endian)."""
    lengths = stops - starts
    offsets = np.zeros(len(starts) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    if len(starts) and offsets[-1] == stops[-1] - starts[0]:  # adjacent: no gather
        flat = points[starts[0] : stops[-1]]
    else:
        flat = points[np.repeat(starts - offsets[:-1], lengths) + np.arange(offsets[-1])]
    places = (offsets * 4).astype(np.int32)
    return pa.Array.from_buffers(
        pa.binary(), len(starts), [None, pa.py_buffer(places), pa.py_buffer(np.ascontiguousarray(flat))]
    )


def as_text(runs: pa.Array) -> pa.Array:
    """Return runs of code points (binary, UTF-32 little endian) as strings."""
    _, places, data = runs.buffers()
    if not len(runs) or data is None:
        return pa.array([""] * len(runs), pa.string())
    places = np.frombuffer(places, np.int32)[runs.offset : runs.offset + len(runs) + 1]
    raw = memoryview(data)[places[0] : places[-1]]
    points = np.frombuffer(raw, np.uint32)
    ends = np.concatenate((np.zeros(1, np.int32), np.cumsum(utf8_lengths(points), dtype=np.int32)))
    text = pa.py_buffer(str(raw, "utf-32-le").encode())
    return pa.Array.from_buffers(pa.string(), len(runs), [None, pa.py_buffer(ends[(places - places[0]) // 4]), text])


def utf8_lengths(points: Points) -> Offsets:
    """Return how many bytes each code point takes as UTF-8."""
    lengths: Offsets = 1 + (points >= 0x80).astype(np.int64) + (points >= 0x800) + (points >= 0x10000)
    return lengths


def word_bounds(chunk: Chunk, ends: Any) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return where the words of a chunk start and stop in its points.

    ``ends`` is the list<int32> array of all sentences that the chunk is of. Raises ``DataError`` where
    the words do not cover a sentence exactly.
    """
    mine = ends.slice(chunk.first, len(chunk.offsets) - 1)
    n_words = np.diff(mine.offsets.to_numpy().astype(np.int64))
    stops = arrow.items(mine).to_numpy().astype(np.int64) + np.repeat(chunk.offsets[:-1], n_words)
    starts = np.concatenate((np.zeros(1, np.int64), stops))[:-1]
    reached = np.concatenate((np.zeros(1, np.int64), stops))[np.cumsum(n_words)]
    wrong = np.concatenate((np.flatnonzero(reached != chunk.offsets[1:]), _sentences_of(chunk, stops[stops <= starts])))
    if len(wrong):
        raise DataError(
            f"sentence {chunk.first + int(wrong.min())} of the batch: its words do not join to its text",
            hint="segment it again",
        )
    return starts, stops


def _sentences_of(chunk: Chunk, places: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the sentences of ``places`` (``int64[N]``) in a chunk, ``int64[N]``."""
    return np.maximum(np.searchsorted(chunk.offsets, places, side="left") - 1, 0)
