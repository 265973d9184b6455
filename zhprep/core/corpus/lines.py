"""Line formats: where the documents begin in a stream of bytes.

``text``: one sentence or paragraph a line, a blank line between documents; with one document a line,
and in ``jsonl``, every line that is not blank is a document. Lines end at ``\\n`` alone: other
separators (U+2028, U+0085, form feed) are text, which ``str.splitlines`` gets wrong.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

DOCUMENT_LIMIT = 4 << 20
"""A document longer than this many bytes is cut at the end of a line, so that memory stays bounded."""

_BLANK = frozenset(b" \t\r\v\f")
_UNDERSCORE = "▁".encode()  # how `segment` shows a space; white space too, as far as weight goes


@dataclass
class Lines:
    """The lines of a run of whole lines (byte offsets into it) and which of them begin a document."""

    starts: npt.NDArray[np.int64]
    stops: npt.NDArray[np.int64]
    full: npt.NDArray[np.bool_]
    begins: npt.NDArray[np.bool_]
    cuts: int


class LineScanner:
    """Finds documents in consecutive runs of whole lines; the runs may be cut anywhere between lines."""

    def __init__(self, *, line_is_document: bool) -> None:
        self._line_is_document = line_is_document
        self._inside = False
        self._length = 0

    def scan(self, data: bytes) -> Lines:
        """Return the lines of ``data``, which ends at the end of a line (or of the input)."""
        array = np.frombuffer(data, np.uint8)
        stops = np.flatnonzero(array == 10)
        if len(data) and (len(stops) == 0 or stops[-1] != len(data) - 1):
            stops = np.append(stops, len(data))
        starts = np.concatenate(([0], stops[:-1] + 1)) if len(stops) else stops
        full = _full(data, array, starts, stops)
        if self._line_is_document:
            return Lines(starts, stops, full, full.copy(), 0)
        before = np.concatenate(([self._inside], full[:-1])) if len(full) else full
        begins = full & ~before
        cuts = self._cut_long(starts, stops, full, begins, len(data))
        self._inside = bool(full[-1]) if len(full) else self._inside
        return Lines(starts, stops, full, begins, cuts)

    def _cut_long(self, starts: npt.NDArray[np.int64], stops: npt.NDArray[np.int64], full: npt.NDArray[np.bool_],
                  begins: npt.NDArray[np.bool_], size: int) -> int:  # fmt: skip
        """Make a document begin wherever one has grown past the limit; return how many were made."""
        first = -self._length
        cuts = 0
        heads = np.flatnonzero(begins)
        borders = np.concatenate(([first], starts[heads], [size]))
        if np.diff(borders).max(initial=0) > DOCUMENT_LIMIT:
            for line in np.flatnonzero(full):
                if begins[line]:
                    first = int(starts[line])
                elif starts[line] - first >= DOCUMENT_LIMIT:
                    begins[line] = True
                    first = int(starts[line])
                    cuts += 1
        elif len(heads):
            first = int(starts[heads[-1]])
        self._length = size - first
        return cuts


def weight(data: bytes) -> int:
    """Return how much text ``data`` holds: its bytes without white space.

    The same before and after segmentation, so that a corpus is cut into the same blocks whether it
    comes as text or as words.
    """
    spaces = sum(data.count(byte) for byte in (b" ", b"\n", b"\r", b"\t"))
    return len(data) - spaces - len(_UNDERSCORE) * data.count(_UNDERSCORE)


def _full(data: bytes, array: npt.NDArray[np.uint8], starts: npt.NDArray[np.int64], stops: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    full = stops > starts
    suspects = np.flatnonzero(full & (array[np.minimum(starts, len(array) - 1)] <= 32)) if len(array) else []
    for line in suspects:
        full[line] = not _BLANK.issuperset(data[starts[line] : stops[line]])
    return full
