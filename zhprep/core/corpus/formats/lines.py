"""Line formats: where the lines are in a stream of bytes, and where the documents begin.

``text``: one sentence or paragraph a line, a blank line between documents; with one document a line,
and in ``jsonl`` and ``tsv``, every line that is not blank is a document. Lines end at ``\\n`` alone: other
separators (U+2028, U+0085, form feed) are text, which ``str.splitlines`` gets wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zhprep.core.corpus.formats.weights import weigh

DOCUMENT_LIMIT = 4 << 20
"""A document that weighs more is cut at the end of a line, so that memory stays bounded."""

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_BLANK = re.compile(rb"(?:[ \t\r\v\f]|\xe3\x80\x80)*")  # U+3000 is the space of Chinese

_HAN = r"[㐀-鿿豈-﫿\U00020000-\U000323AF]"
_GLUED = rf"(?m:{_HAN}[，。！？；：、]|  |^ | $)"
_ALONE = r"(?m:(?:^| )[，。！？；：、](?: |$))"
_MANY = 50
"""Words that are enough to tell by where no stop stands alone: a few words with spaces may be a title or a list."""


@dataclass
class Lines:
    """The lines of a run of whole lines.

    ``starts`` and ``stops`` are byte offsets into the run, ``full`` says which are not blank and
    ``begins`` which of those begin a document; the lines ``cuts`` do only because a document grew too
    long. ``weights`` says how much text each line holds. ``goes_on``: the first goes on with a line of the run before.
    """

    starts: Ints
    stops: Ints
    full: Flags
    begins: Flags
    weights: Ints
    cuts: list[int]
    goes_on: bool = False


class LineScanner:
    """Finds documents in consecutive runs of whole lines and parts of lines; they may be cut anywhere between these.

    Who knows that no document is too long need not have the lines weighed.
    """

    def __init__(
        self, *, line_is_document: bool, text: bool = True, weighing: bool = True, header: bool = False
    ) -> None:
        """``text``: lines may be cut, and documents within them. ``header``: the first line names columns, and counts
        as blank."""
        self._line_is_document = line_is_document
        self._text = text
        self._header = header
        self._weighing = weighing
        self._inside = False
        self._weight = 0
        self.goes_on = False
        """Whether the next run goes on with a line."""

    def scan(self, data: bytes) -> Lines:
        """Return the lines of ``data``, which ends at the end of a line (or of a part, or of the input)."""
        array = np.frombuffer(data, np.uint8)
        stops = np.flatnonzero(array == 10)
        if len(data) and (len(stops) == 0 or stops[-1] != len(data) - 1):
            stops = np.append(stops, len(data))
        starts = np.concatenate(([0], stops[:-1] + 1)) if len(stops) else stops
        full = _full(data, array, starts, stops)
        if self._header and len(full):
            full[0] = self._header = False
        goes_on, self.goes_on = self.goes_on, bool(data) and not data.endswith(b"\n")
        if goes_on and not self._text:
            full[0] = False
        weights = weigh(data, starts, stops - starts) if self._weighing else np.zeros(len(starts), np.int64)
        begins = self._begins(full, goes_on=goes_on)
        cuts = self._cut_long(begins, np.where(full, weights, 0)) if self._text else []
        return Lines(starts, stops, full, begins, weights, cuts, goes_on)

    def _begins(self, full: Flags, *, goes_on: bool) -> Flags:
        """Return which lines begin a document, by which of them are ``full`` (``bool[N]`` both); the blank rest of a
        line that is not blank parts nothing."""
        filled = full
        if goes_on and self._inside:
            filled = full.copy()
            filled[0] = True
        if self._line_is_document:
            begins = full.copy()
            begins[:1] &= not (goes_on and self._inside)
        else:
            begins = full & ~np.concatenate(([self._inside], filled[:-1]))[: len(full)]
        self._inside = bool(filled[-1]) if len(filled) else self._inside
        return begins

    def _cut_long(self, begins: Flags, weights: Ints) -> list[int]:
        """Make a document begin (``bool[N]``, in place) at each line that would carry one past the limit; return those
        lines.

        A piece that was cut off is within the limit, so that it is not cut again when it is read back; a line, or a
        part of one, that exceeds the limit alone stays whole. ``weights`` are ``int64[N]``.
        """
        upto = np.concatenate(([0], np.cumsum(weights)))
        borders = np.concatenate(([0], np.flatnonzero(begins), [len(weights)]))
        totals = np.diff(upto[borders])
        totals[0] += self._weight
        long = np.flatnonzero(totals > DOCUMENT_LIMIT).tolist()
        cuts = [cut for i in long for cut in cut_span(upto, borders[i], borders[i + 1], self._weight if i == 0 else 0)]
        begins[cuts] = True
        heads = np.flatnonzero(begins)
        self._weight = int(upto[-1] - upto[heads[-1]]) if len(heads) else self._weight + int(upto[-1])
        return cuts


def cut_span(upto: Ints, start: int, stop: int, held: int) -> Iterator[int]:
    """Yield where to cut the document in the lines ``[start, stop)``, of which ``held`` lies before them; ``upto``
    ``int64[N + 1]`` is the weight before each line."""
    while True:
        line = _first_past(upto, upto[start] + max(DOCUMENT_LIMIT - held, 0))
        if line < stop and held + upto[line] == upto[start]:  # all that there is before it weighs nothing
            line = _first_past(upto, upto[line + 1])
        if line >= stop:
            return
        yield line
        start, held = line, 0


def _first_past(upto: Ints, weight: int) -> int:
    """Return the first line with which more than ``weight`` has passed (``upto`` ``int64[N + 1]``)."""
    return int(np.searchsorted(upto, weight, side="right")) - 1


def _full(data: bytes, array: npt.NDArray[np.uint8], starts: Ints, stops: Ints) -> Flags:
    """Return which lines (``int64[N]`` each) are not blank, ``bool[N]``; ``array`` ``uint8[bytes]`` is ``data``."""
    full = stops > starts
    if not len(array):
        return full
    first, second = array[np.minimum(starts, len(array) - 1)], array[np.minimum(starts + 1, len(array) - 1)]
    for line in np.flatnonzero(full & ((first <= 32) | ((first == 0xE3) & (second == 0x80)))).tolist():
        full[line] = _BLANK.fullmatch(data, starts[line], stops[line]) is None
    return full


def strings(data: bytes, starts: Ints, stops: Ints) -> pa.StringArray:
    """Return the lines ``[starts, stops)`` of ``data``, which is UTF-8, without ``\\r`` at their ends."""
    array = np.frombuffer(data, np.uint8)
    if b"\r" in data:
        stops = stops - ((stops > starts) & (array[np.maximum(stops, 1) - 1] == 13))
    sizes = stops - starts
    offsets = np.concatenate(([0], np.cumsum(sizes))).astype(np.int32)
    joined = data.replace(b"\n", b"")
    if len(joined) != offsets[-1]:
        inside = np.zeros(len(data) + 1, np.int8)
        inside[starts] += 1
        np.subtract.at(inside, stops, 1)
        joined = array[np.cumsum(inside[:-1], dtype=np.int8).astype(np.bool_)].tobytes()
    return pa.StringArray.from_buffers(len(sizes), pa.py_buffer(offsets), pa.py_buffer(joined))


def first_undecodable(data: bytes) -> int | None:
    """Return the place of the first byte that is not UTF-8, or None."""
    whole = pa.StringArray.from_buffers(1, pa.py_buffer(np.array([0, len(data)], np.int32)), pa.py_buffer(data))
    try:
        whole.validate(full=True)  # twice as fast as to decode
    except pa.ArrowInvalid:
        try:
            data.decode()
        except UnicodeDecodeError as error:
            return error.start
    return None


def looks_segmented(sample: str) -> bool:
    """Return True when ``sample`` (the beginning of a file, whole lines or not) reads as words.

    ``segment`` writes words separated by one space, so that every Chinese stop stands apart from the
    word before it. No plain text does that, and no segmented text puts two spaces together.

    No Chinese stop is glued to a word, no two spaces meet, and the mean run of Chinese characters
    between spaces is as short as a word (at most 3); and there is enough to tell by.
    """
    sample = sample.replace("\r\n", "\n")
    runs = re.findall(_HAN + "+", sample)
    if not runs or " " not in sample or re.search(_GLUED, sample.rstrip("\n ")):
        return False
    if len(runs) < _MANY and not re.search(_ALONE, sample):
        return False
    return sum(map(len, runs)) <= 3 * len(runs) and sample.count(" ") >= len(runs) // 2
