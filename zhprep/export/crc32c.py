"""CRC-32C (Castagnoli, RFC 3720) of many records at once.

In: records laid end to end. Out: the checksum of each, masked as TFRecord masks it. Two bytes of every record are
taken at a time, so the loop is as long as the longest record and not as there are bytes.
"""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt

from zhprep.core.ragged import Ints

Checksums = npt.NDArray[np.uint32]

_POLYNOMIAL = np.uint32(0x82F63B78)  # reflected
_MASK_DELTA = np.uint32(0xA282EAD8)
_LOW, _HALF, _ONE = np.uint32(0xFFFF), np.uint32(16), np.uint32(1)


def crc32c(data: npt.NDArray[np.uint8], offsets: Ints) -> Checksums:
    """Return the checksum of every ``data[offsets[i]:offsets[i + 1]]``, uint32 ``[B]``; each has at least 4 bytes.

    A checksum that starts at 0 stays 0 over zero bytes, so the records are padded with zeros in front; that it
    starts at all ones is the same as the first four bytes inverted.
    """
    lengths = np.diff(offsets)
    width = int(lengths.max()) + 1 & ~1 if len(lengths) else 0
    matrix = np.zeros((len(lengths), width), np.uint8)
    matrix[np.arange(width) >= width - lengths[:, None]] = data
    first = (width - lengths)[:, None] + np.arange(4)
    matrix[np.arange(len(lengths))[:, None], first] ^= 0xFF
    table = _table()
    state: Checksums = np.zeros(len(lengths), np.uint32)
    for pair in np.ascontiguousarray(matrix.view("<u2").T):
        state = table[(state ^ pair) & _LOW] ^ (state >> _HALF)
    return ~state


def masked_crc32c(data: npt.NDArray[np.uint8], offsets: Ints) -> Checksums:
    """Return the checksums as TFRecord writes them: rotated by 15 bits, plus a constant."""
    plain = crc32c(data, offsets)
    return ((plain >> np.uint32(15)) | (plain << np.uint32(17))) + _MASK_DELTA


@functools.cache
def _table() -> Checksums:
    """Return what 16 bits do to the checksum, for each of their values: ``uint32[65536]``."""
    table: Checksums = np.arange(1 << 16, dtype=np.uint32)
    for _ in range(16):
        table = (table >> _ONE) ^ (table & _ONE) * _POLYNOMIAL
    return table
