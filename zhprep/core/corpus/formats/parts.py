"""Long lines: a stream of bytes as runs of whole lines, or of a part of a line that is too long to be held.

A line of text that is longer than ``LONG_LINE`` is given in parts, each cut in the second half of so much text where
that does least harm: after a sentence outside quotes, any sentence, a comma or a space, else between characters. Where
a part ends depends on nothing but where it begins, so that a piece that begins with a part is cut as its line was.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator
from itertools import chain

import numpy as np

from zhprep.core.corpus.formats.lines import Ints, looks_segmented
from zhprep.core.corpus.inputs import Damaged, Stream, streams

LONG_LINE = 1 << 20
"""The longest part of a line of text, in bytes."""

LINE_LIMIT = 64 << 20
"""The longest line that has to be held whole (a JSON object, a row), in bytes."""

ENDLESS = 1 << 62

_FORM_SAMPLE = 1 << 12
_LONGEST_CHARACTER = 4


def _any_of(characters: str) -> bytes:
    """Return the alternatives of a pattern for the UTF-8 of one of ``characters``."""
    return b"(?:" + b"|".join(re.escape(character.encode()) for character in characters) + b")"


_STOPS, _CLOSERS = _any_of("。！？…!?"), _any_of("”’」』）》】〉〕\"')]")
_NO_END = b"(?!" + _any_of("。！？…!?”’」』）》】〉〕\"')]，、；：,;:—～") + b")"
_OPENED = b"".join(b"(?<!" + before.encode() + b")" for before in "。！？…“‘「『（《")
_PLACES = (
    re.compile(_STOPS + b"+" + _CLOSERS + b"*" + _NO_END),
    re.compile(_any_of("；，、：") + b"|[,;](?= )"),
    re.compile(b"[ \t]|" + "\u3000".encode()),
    re.compile(rb"(?<=[\x80-\xbf])(?=[\xe4-\xe9][\x80-\xbf]{2})"),  # between ideographs
)
_PLACES_OF_WORDS = (re.compile(b" " + _any_of("。！？…") + b" "), re.compile(b" "))
_FULL_STOP = re.compile(_OPENED + "。".encode() + _NO_END)
_OPENING, _CLOSING, _STRAIGHT = re.compile(_any_of("“「")), re.compile(_any_of("”」")), re.compile(b'"')


def runs(stream: Stream, *, text: bool, size: int = ENDLESS, salvage: bool = False) -> Iterator[bytes]:
    """Yield ``size`` bytes of ``stream``, or what there is, as runs of whole lines.

    A run without a line feed at its end is the last of its stream, or goes on in the next: a part of a long line of
    ``text``; of other lines, which can only be used whole, one that is longer than ``LINE_LIMIT``. Raises ``Damaged``
    where the stream is; the piece of a line that the damage left comes before it only if that is to be ``salvage``d.
    """
    longest, place_of = (LONG_LINE, cut_place) if text else (LINE_LIMIT + 1, len)
    pending: list[bytes] = []
    held = 0
    while size > 0:
        try:
            chunk = stream.read(min(streams.CHUNK, longest, size))
        except Damaged:
            if salvage and held:
                yield b"".join(pending)
            raise
        if not chunk:
            break
        size -= len(chunk)
        pending.append(chunk)
        end = chunk.find(b"\n")
        held, end = held + len(chunk), held + (len(chunk) if end < 0 else end)
        if end == held <= longest:
            continue
        data = b"".join(pending)
        pending.clear()
        start = yield from _parts(data, end, longest, place_of)
        border = data.rfind(b"\n", start) + 1
        if border:
            yield data[start:border] if start else data[:border]
        pending.append(data[border or start :])
        held = len(pending[0])
    if held:
        yield b"".join(pending)


def cut_place(window: bytes) -> int:
    """Return where the part ends that begins with ``window``, the first ``LONG_LINE`` bytes of what is left of a line.

    Words as ``segment`` writes them are cut between words alone.
    """
    words = looks_segmented(window[:_FORM_SAMPLE].decode(errors="ignore"))
    first = () if words else (_outside_quotes(window, _ends(window, _FULL_STOP)),)
    found = chain(first, (_ends(window, pattern) for pattern in (_PLACES_OF_WORDS if words else _PLACES)))
    place = next((int(ends[-1]) for ends in found if len(ends)), len(window) - 1)
    while window[place] & 0xC0 == 0x80 and place > max(1, len(window) - _LONGEST_CHARACTER):
        place -= 1
    return place


def part_ends(line: memoryview) -> list[int]:
    """Return where the parts of a line end, in bytes; one that is not too long is one part."""
    ends = []
    start = 0
    while len(line) - start > LONG_LINE:
        start += cut_place(bytes(line[start : start + LONG_LINE]))
        ends.append(start)
    return [*ends, len(line)]


def _ends(window: bytes, pattern: re.Pattern[bytes]) -> Ints:
    """Return where ``pattern`` ends in the second half of ``window``: ``int64[N]``; not at its end, past which nothing
    is known."""
    ends = np.array([match.end() for match in pattern.finditer(window, len(window) // 2)], np.int64)
    return ends[ends <= len(window) - _LONGEST_CHARACTER]


def _outside_quotes(window: bytes, ends: Ints) -> Ints:
    """Return those of ``ends`` (``int64[N]``) at which every quotation of the part is closed."""
    opening, closing, straight = (
        np.searchsorted([match.start() for match in pattern.finditer(window)], ends)
        for pattern in (_OPENING, _CLOSING, _STRAIGHT)
    )
    closed: Ints = ends[(opening == closing) & (straight % 2 == 0)]
    return closed


def _parts(data: bytes, end: int, longest: int, place_of: Callable[[bytes], int]) -> Generator[bytes, None, int]:
    """Yield the parts of the line in ``data`` that ends at ``end``, all but the last; return where that begins."""
    start = 0
    while end - start > longest:
        part = data[start : start + longest]
        part = part[: place_of(part)]
        yield part
        start += len(part)
    return start
