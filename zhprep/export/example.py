"""``tf.train.Example`` messages, many at once, without protobuf or tensorflow.

In: a matrix per feature, one row per message. Out: the messages end to end, with their offsets. All messages have the
same fields in the same order, so a message is a row of numbers of which each takes one to four bytes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from zhprep.core.ragged import Array, Ints, offsets_of

_LENGTH_DELIMITED = 2
_FLOAT_LIST, _INT64_LIST = 2, 3  # the fields of tf.train.Feature
_MOST = 1 << 28  # four groups of seven bits


@dataclasses.dataclass(frozen=True)
class Encodings:
    """Bytes of ``B`` messages side by side: the low ``sizes[b, i]`` bytes of ``values[b, i]``, uint32 and uint8
    ``[B, n]``."""

    values: npt.NDArray[np.uint32]
    sizes: npt.NDArray[np.uint8]

    @property
    def lengths(self) -> Ints:
        """How many bytes each message has so far."""
        lengths: Ints = self.sizes.sum(axis=1, dtype=np.int64)
        return lengths

    def joined(self) -> tuple[npt.NDArray[np.uint8], Ints]:
        """Return all bytes, uint8 ``[sum]``, and ``int64[B + 1]`` where each message begins."""
        each = np.ascontiguousarray(self.values, "<u4").view(np.uint8).reshape(*self.values.shape, 4)
        return each[np.arange(4) < self.sizes[:, :, None]], offsets_of(self.lengths)


def examples(features: Mapping[str, Array]) -> Encodings:
    """Return a message per row; float matrices become float lists, others int64 lists.

    Numbers are at least 0 and below 2**28, as ids, places and lengths are.
    """
    n_rows = len(next(iter(features.values())))
    entries = []
    for name, matrix in features.items():
        kind, numbers = (_FLOAT_LIST, _floats(matrix)) if matrix.dtype.kind == "f" else (_INT64_LIST, varints(matrix))
        values = _field(kind, _field(1, numbers))
        entries.append(_field(1, _beside(_field(1, _constant(name.encode(), n_rows)), _field(2, values))))
    return _field(1, _beside(*entries))


def varints(matrix: Array) -> Encodings:
    """Return numbers as protobuf writes them: seven bits a byte, low ones first, all but the last with the high bit."""
    if matrix.size and (matrix.min() < 0 or matrix.max() >= _MOST):
        raise ValueError("a number is not in 0 to 2**28 - 1")
    numbers = matrix.astype(np.uint32)
    sizes = (np.uint8(1) + (numbers >= 1 << 7) + (numbers >= 1 << 14) + (numbers >= 1 << 21)).astype(np.uint8)
    values: npt.NDArray[np.uint32] = numbers & np.uint32(0x7F)
    for group in range(1, 4):
        values |= (numbers >> np.uint32(7 * group) & np.uint32(0x7F)) << np.uint32(8 * group)
        values |= np.where(sizes > group, np.uint32(0x80 << 8 * (group - 1)), np.uint32(0))
    return Encodings(values, sizes)


def _floats(matrix: Array) -> Encodings:
    """Return the encodings of ``float[B, N]`` as four bytes each."""
    values = np.ascontiguousarray(matrix, "<f4").view("<u4")
    return Encodings(values, np.full(values.shape, 4, np.uint8))


def _constant(data: bytes, n_rows: int) -> Encodings:
    values = np.broadcast_to(np.frombuffer(data, np.uint8).astype(np.uint32), (n_rows, len(data)))
    return Encodings(values, np.ones(values.shape, np.uint8))


def _beside(*parts: Encodings) -> Encodings:
    values = np.concatenate([part.values for part in parts], axis=1)
    return Encodings(values, np.concatenate([part.sizes for part in parts], axis=1))


def _field(number: int, content: Encodings) -> Encodings:
    """Return ``content`` as the field of this number: its tag, its length, itself."""
    tag = _constant(bytes([number << 3 | _LENGTH_DELIMITED]), len(content.values))
    return _beside(tag, varints(content.lengths[:, None]), content)
