"""A batch of documents as one array of code points, and the four ways in which a step may change it.

Goes in: the lists of sentences of a record batch. Comes out: lists of sentences again. Between the two,
sentences stand one after another, parted by marks. Every change goes through a method that counts it, so
that characters in + inserted - dropped == characters out, exactly and always.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from zhprep.core import utf8
from zhprep.core.compiled import Kernel, Loop, Signature, address
from zhprep.core.errors import DataError
from zhprep.core.report import Account
from zhprep.core.sets import distinct
from zhprep.normalize.characters import N_CODES, Characters, Codes, Flags, Positions

# Lone surrogates cannot stand in Arrow's UTF-8, so two of them are free to part sentences.
LINE = 0xD800
"""Parts two sentences of the input."""
SENTENCE = 0xD801
"""Parts two sentences that were one in the input."""

SIGNATURE = Signature(
    *("uint32*", "int64", "int64", "int64"),  # code points, how many, the mark between lines and that within one
    *("uint8*", "int32*", "int64*", "int64*"),  # what is written: bytes, where sentences begin, their lines, counts
)
"""Types of the arguments of :func:`write_points`."""

N_BYTES, N_SENTENCES = range(2)
"""Where the counts are written."""


def write_points(
    points: Any, size: Any, line_mark: Any, mark: Any, data: Any, offsets: Any, lines: Any, counts: Any
) -> None:
    """Write the sentences that are not empty, and the number of the line that each is of."""
    written = began = n_sentences = line = offsets[0] = np.int64(0)
    for place in range(size):
        point = np.int64(points[place])
        if point < 0x80:
            data[written] = point
            written += 1
        elif (point == line_mark) | (point == mark):
            if written > began:
                offsets[n_sentences + 1], lines[n_sentences] = written, line
                n_sentences += 1
                began = written
            line += np.int64(point == line_mark)
        elif point < 0x800:
            data[written], data[written + 1] = 0xC0 | point >> 6, 0x80 | point & 0x3F
            written += 2
        elif point < 0x10000:
            data[written], data[written + 1] = 0xE0 | point >> 12, 0x80 | point >> 6 & 0x3F
            data[written + 2] = 0x80 | point & 0x3F
            written += 3
        else:
            data[written], data[written + 1] = 0xF0 | point >> 18, 0x80 | point >> 12 & 0x3F
            data[written + 2], data[written + 3] = 0x80 | point >> 6 & 0x3F, 0x80 | point & 0x3F
            written += 4
    if written > began:
        offsets[n_sentences + 1], lines[n_sentences] = written, line
        n_sentences += 1
    counts[N_BYTES], counts[N_SENTENCES] = written, n_sentences


_WRITE = Kernel(write_points, SIGNATURE)

_FEW = 8  # characters that are faster looked for one by one
_SPARSE = 256  # one dropped character in so many, and whole slices are copied


def is_mark(codes: Codes) -> Flags:
    """Return where ``codes`` are marks between sentences."""
    flags: Flags = (codes & np.uint32(0x1FFFFE)) == LINE
    return flags


@dataclasses.dataclass(frozen=True)
class Text:
    """Code points with marks between sentences. Never changed in place: a step returns another, or the same."""

    codes: Codes
    alphabet: Codes
    """The distinct code points, in order: what is decided per character is decided on these few.

    It may list one that is gone, and never lacks one that is there.
    """

    @classmethod
    def read(cls, sentences: pa.Array, account: Account) -> Text:
        """Lay a flat array of sentences out as one text; line breaks inside a sentence part it.

        Raises ``DataError`` when a sentence is not valid UTF-8.
        """
        try:
            found = utf8.decoded(sentences, LINE)
        except UnicodeDecodeError as error:
            raise DataError(f"text is not valid UTF-8: {error}", hint="read it with its own encoding") from error
        account.count(characters=int(found.lengths.sum()))
        codes, alphabet = found.points, found.alphabet
        is_break = alphabet == ord("\n")
        if is_break.any():
            breaks = np.flatnonzero(codes == ord("\n"))
            codes = codes.copy()
            codes[breaks] = SENTENCE
            account.drop("characters.line_separators", breaks.size)
            alphabet = distinct(np.append(alphabet[~is_break], np.uint32(SENTENCE)))
        return cls(codes, alphabet)

    @functools.cached_property
    def string(self) -> str:
        """The text as a string, marks as line feeds."""
        codes = self.codes.copy()
        codes[self.bounds[1][:-1]] = ord("\n")
        return as_string(codes)

    @functools.cached_property
    def bounds(self) -> tuple[Positions, Positions]:
        """Where each sentence starts and stops."""
        marks = np.flatnonzero(is_mark(self.codes))
        return np.append(0, marks + 1), np.append(marks, self.codes.size)

    @property
    def n_characters(self) -> int:
        """How many code points there are without the marks."""
        return int(self.codes.size - self.bounds[0].size + 1)

    def found(self, characters: Characters) -> Codes:
        """Return which of ``characters`` may occur."""
        return self.alphabet[characters.table[self.alphabet]]

    def places(self, characters: Codes) -> Positions:
        """Return the places that hold one of a few code points."""
        if characters.size > _FEW:
            table = np.zeros(N_CODES, np.bool_)
            table[characters] = True
            return np.flatnonzero(table[self.codes])
        held = np.zeros(self.codes.size, np.bool_)
        for code in characters:
            held |= self.codes == code
        return np.flatnonzero(held)

    def at(self, places: Positions) -> Codes:
        """Return the code points at ``places``, a mark where a place lies beyond the ends."""
        beyond = (places < 0) | (places >= self.codes.size)
        codes: Codes = np.where(beyond, np.uint32(LINE), self.codes[np.where(beyond, 0, places)])
        return codes

    def without(self, places: Positions, account: Account, reason: str) -> Text:
        """Leave out the characters at ``places`` and count them."""
        if not places.size:
            return self
        account.drop(reason, places.size)
        if places.size * _SPARSE > self.codes.size:
            return Text(np.delete(self.codes, places), self.alphabet)
        bounds = zip([0, *(places + 1).tolist()], [*places.tolist(), self.codes.size], strict=True)
        return Text(np.concatenate([self.codes[start:stop] for start, stop in bounds]), self.alphabet)

    def drop(self, characters: Characters, account: Account, reason: str) -> Text:
        """Leave out every one of ``characters`` and count them."""
        found = self.found(characters)
        if not found.size:
            return self
        codes = self.without(self.places(found), account, reason).codes
        return Text(codes, self.alphabet[~characters.table[self.alphabet]])

    def part_at(self, characters: Characters, account: Account, reason: str) -> Text:
        """Put a mark in the place of every one of ``characters``; they count as dropped."""
        found = self.found(characters)
        if not found.size:
            return self
        places = self.places(found)
        account.drop(reason, places.size)
        codes = self.codes.copy()
        codes[places] = SENTENCE
        return Text(codes, self.alphabet[~characters.table[self.alphabet]])

    def _among_alphabet(self, wanted: Codes) -> Positions:
        """Return where the alphabet has those of ``wanted`` (``uint32[K]``, in order) that it has, ``intp[M]``."""
        if not self.alphabet.size:
            return np.empty(0, np.intp)
        at = np.searchsorted(self.alphabet, wanted)
        held: Positions = at[self.alphabet.take(at, mode="clip") == wanted]
        return held

    def translate(self, table: Mapping[int, int], account: Account, reason: str) -> Text:
        """Put one character in the place of another wherever ``table`` says so, and count the changes."""
        told = self._among_alphabet(np.array(sorted(table), np.uint32))
        found = self.alphabet[told]
        if not found.size:
            return self
        places = self.places(found)
        codes = self.codes.copy()
        targets = np.array([table[code] for code in found.tolist()], np.uint32)
        codes[places] = targets[np.searchsorted(found, codes[places])]
        account.change(reason, places.size)
        return Text(codes, distinct(np.append(np.delete(self.alphabet, told), targets)))

    def replace(
        self, starts: Positions, stops: Positions, pieces: Sequence[str], account: Account, reason: str
    ) -> Text:
        """Put ``pieces[i]`` in the place of the characters from ``starts[i]`` to ``stops[i]`` (in order, apart).

        Counts what the pieces gain and lose in length.
        """
        if not len(pieces):
            return self
        parts = []
        done = 0
        growth = np.fromiter(map(len, pieces), np.int64, len(pieces)) - (stops - starts)
        for start, stop, piece in zip(starts.tolist(), stops.tolist(), pieces, strict=True):
            parts += [self.codes[done:start], as_codes(piece)]
            done = stop
        account.insert(reason, int(growth[growth > 0].sum()))
        account.drop(reason, -int(growth[growth < 0].sum()))
        alphabet = distinct(np.append(self.alphabet, as_codes("".join(set("".join(pieces))))))
        return Text(np.concatenate([*parts, self.codes[done:]]), alphabet)

    def lines(self, numbers: Positions) -> Text:
        """Return only the sentences of these numbers, as a text of its own."""
        starts, stops = self.bounds
        mark = np.array([LINE], np.uint32)
        parts = [mark] * (2 * numbers.size - 1)
        parts[::2] = [self.codes[start:stop] for start, stop in zip(starts[numbers], stops[numbers], strict=True)]
        return Text(np.concatenate(parts), self.alphabet)

    def with_lines(self, numbers: Positions, other: Text) -> Text:
        """Put the lines of ``other``, made of :meth:`lines`, in the place of the sentences they come from."""
        starts, stops = self.bounds
        other_stops = np.append(np.flatnonzero(other.codes == LINE), other.codes.size)
        parts = []
        done = begin = 0
        for number, end in zip(numbers.tolist(), other_stops.tolist(), strict=True):
            parts += [self.codes[done : starts[number]], other.codes[begin:end]]
            done, begin = stops[number], end + 1
        return Text(np.concatenate([*parts, self.codes[done:]]), distinct(np.append(self.alphabet, other.alphabet)))

    def write(self) -> tuple[pa.Array, Positions]:
        """Return the sentences that are not empty and, for each, the number of its sentence in the input."""
        loop = _WRITE.get(self.codes.size)
        return self.written_by_arrays() if loop is None else self.written_by_loop(loop)

    def written_by_loop(self, loop: Loop) -> tuple[pa.Array, Positions]:
        """Return what :meth:`write` does, as the compiled loop finds it."""
        codes = np.ascontiguousarray(self.codes, np.uint32)
        most = 3 if int(self.alphabet.max(initial=0)) < 0x10000 else 4
        data, offsets = np.empty(most * codes.size, np.uint8), np.empty(codes.size + 2, np.int32)
        lines, counts = np.empty(codes.size + 1, np.int64), np.zeros(2, np.int64)
        loop(
            address(codes, np.uint32), codes.size, LINE, SENTENCE,
            address(data, np.uint8), address(offsets, np.int32), address(lines, np.int64), address(counts, np.int64),
        )  # fmt: skip
        n_bytes, n_sentences = counts.tolist()
        places = pa.py_buffer(offsets[: n_sentences + 1].copy())
        return pa.StringArray.from_buffers(n_sentences, places, pa.py_buffer(data[:n_bytes])), lines[
            :n_sentences
        ].copy()

    def written_by_arrays(self) -> tuple[pa.Array, Positions]:
        """Return it by arrays."""
        starts, stops = self.bounds
        line = np.append(0, np.cumsum(self.codes[stops[:-1]] == LINE))
        filled = stops > starts
        if not filled.any():
            return pa.array([], pa.string()), line[:0]
        text = self
        if not filled.all():
            kept = ~is_mark(self.codes)
            kept[stops[filled][:-1]] = True  # marks between two filled sentences; the others part nothing
            text = Text(self.codes[kept], self.alphabet)
        return _lines(text.string), line[filled]


def _lines(string: str) -> pa.Array:
    """Return what stands between the line feeds of ``string``, as strings over one buffer without these."""
    utf8 = string.encode()
    breaks = np.flatnonzero(np.frombuffer(utf8, np.uint8) == ord("\n"))
    offsets = np.concatenate(([0], breaks - np.arange(breaks.size), [len(utf8) - breaks.size])).astype(np.int32)
    whole = utf8.replace(b"\n", b"")
    return pa.StringArray.from_buffers(offsets.size - 1, pa.py_buffer(offsets), pa.py_buffer(whole))


def as_codes(string: str) -> Codes:
    """Return the code points of a string."""
    return np.frombuffer(string.encode("utf-32-le"), np.uint32)


def as_string(codes: Codes) -> str:
    """Return the string of code points (no marks among them)."""
    return str(codes.astype("<u4", copy=False).data, "utf-32-le")
