"""The line form of words (see ``wordline``) for a whole batch at once, without a loop over words."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zhprep.core.errors import DataError
from zhprep.segment.cuts import Cuts, join, lengths_of
from zhprep.segment.wordline import EMPTY, WRITTEN, read

CodePoints = npt.NDArray[np.uint32]
Places = npt.NDArray[np.int64]

_SPACE, _SHOWN, _BACKSLASH, _LINE_FEED, _E = map(ord, " ▁\\\ne")
_ESCAPED = [ord(character) for character, written in WRITTEN.items() if len(written) == 2]


def format_lines(sentences: pa.Array, cuts: Cuts) -> list[str]:
    """Return what ``format_words`` gives for each of ``sentences`` (a string array) with the words ``cuts``."""
    lengths = lengths_of(sentences)
    if not lengths.any():
        return [EMPTY] * len(sentences)
    text = _code_points(sentences)
    begins = np.cumsum(lengths + 1) - lengths - 1
    escaped = np.isin(text, _ESCAPED)
    escaped[begins[1:] - 1] = False  # the line feeds between sentences stay what they are
    shown = np.where(text == _SPACE, np.uint32(_SHOWN), text)
    for place in np.flatnonzero(escaped).tolist():
        shown[place] = ord(WRITTEN[chr(text[place])][1])
    places = np.arange(len(text)) + np.cumsum(_spaced(cuts, begins, len(text)) + escaped)
    line = np.full(int(places[-1]) + 1, _SPACE, np.uint32)
    line[places[escaped] - 1] = _BACKSLASH
    line[places] = shown
    return [written or EMPTY for written in line.tobytes().decode("utf-32-le").split("\n")]


def parse_lines(lines: pa.Array) -> Cuts:
    """Return what ``parse_words`` gives for each of ``lines`` (a string array), with the text.

    Raises ``DataError`` naming the line of the batch for a backslash that begins no escape.
    """
    lengths = lengths_of(lines)
    if not lengths.any():
        return Cuts(np.zeros(len(lines) + 1, np.int64), np.zeros(0, np.int32), lines)
    text = _code_points(lines)
    stops = np.cumsum(lengths + 1) - 1  # where the line feed after each line stands, or would
    kept = text != _SPACE
    kept[stops[:-1]] = False
    last = kept & ~np.append(kept[1:], False)
    plain = np.where(text == _SHOWN, np.uint32(_SPACE), text)
    for place in _escapes(text):
        character = _read(text, place, stops)
        kept[place] = False
        kept[place + 1] = character != ""
        plain[place + 1] = ord(character or "\0")
    passed = np.concatenate(([0], np.cumsum(kept)))
    bounds = np.concatenate(([0], passed[stops]))
    ends = passed[np.flatnonzero(last & kept) + 1]
    offsets = np.searchsorted(ends, bounds, side="right")
    ends -= np.repeat(bounds[:-1], np.diff(offsets))
    return Cuts(offsets, ends.astype(np.int32), _strings(plain[kept], bounds))


def _code_points(lines: pa.Array) -> CodePoints:
    """Return lines as code points, ``uint32[N]``, each but the last with a line end."""
    return np.frombuffer(join(lines, "\n").encode("utf-32-le"), np.uint32)


def _spaced(cuts: Cuts, begins: Places, size: int) -> npt.NDArray[np.int8]:
    """Return 1 for each of ``size`` characters that begins a word, but not a sentence, ``int8[size]``; sentences begin
    at ``begins`` (``int64[S]``)."""
    counts = np.diff(cuts.offsets)
    word_begins = cuts.ends + np.repeat(begins, counts)
    followed = np.ones(len(cuts.ends), np.bool_)
    followed[cuts.offsets[1:][counts > 0] - 1] = False
    spaced = np.zeros(size, np.int8)
    spaced[word_begins[followed]] = 1
    return spaced


def _escapes(text: CodePoints) -> list[int]:
    """Return where escapes begin in ``uint32[N]``: at each backslash that is not itself escaped by the one before
    it."""
    begins: list[int] = []
    for place in np.flatnonzero(text == _BACKSLASH).tolist():
        if not begins or begins[-1] != place - 1:
            begins.append(place)
    return begins


def _read(text: CodePoints, place: int, stops: Places) -> str:
    """Return the character that the escape at ``place`` of ``text`` (``uint32[N]``) stands for, nothing for the mark of
    an empty line; lines end at ``stops`` (``int64[L]``)."""
    number = int(np.searchsorted(stops, place))
    begin = int(stops[number - 1]) + 1 if number else 0
    written = text[place : min(place + 2, int(stops[number]))].tobytes().decode("utf-32-le")
    if written == EMPTY and int(stops[number]) - begin == len(EMPTY):
        return ""
    try:
        return read(written)
    except DataError as error:
        raise DataError(f"line {number + 1} of the batch: {error}", hint=error.hint) from error


def _strings(code_points: CodePoints, bounds: Places) -> pa.Array:
    """Return the strings of ``uint32[N]`` between ``bounds`` (``int64[S+1]``) as a string array."""
    n_bytes = 1 + (code_points > 0x7F).astype(np.int8) + (code_points > 0x7FF) + (code_points > 0xFFFF)
    offsets = np.concatenate(([0], np.cumsum(n_bytes, dtype=np.int64)))[bounds].astype(np.int32)
    data = code_points.tobytes().decode("utf-32-le").encode()
    return pa.StringArray.from_buffers(len(bounds) - 1, pa.py_buffer(offsets), pa.py_buffer(data))
