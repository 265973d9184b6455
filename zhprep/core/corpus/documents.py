"""Documents of runs of lines: parsed where the lines are JSON or rows, in batches of about as much text each."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from zhprep.core import schema
from zhprep.core.corpus.formats import (
    BATCH,
    BLANK,
    BadRow,
    Columns,
    Flags,
    Ints,
    Lines,
    check_columns,
    counted,
    first_undecodable,
    read_header,
    strings,
)
from zhprep.core.corpus.inputs import Input
from zhprep.core.corpus.pieces import Piece, ReadConfig, overlong, scanner_of, too_long, undecodable
from zhprep.core.errors import DataError
from zhprep.core.parsing import parse_json
from zhprep.core.report import Account

_SURROGATE = re.compile("[\ud800-\udfff]")


class LineDocuments:
    """Makes batches of documents out of runs of lines; the last document of a run waits for the next run."""

    def __init__(self, source: Input, read: ReadConfig, account: Account, piece: Piece | None = None) -> None:
        check_columns(source, read.column_names)
        self._source = source
        self._read = read
        self._account = account
        self._begin_of_input = piece is None or piece.start == 0
        weighing = piece is None or piece.cuts > 0
        self._scanner = scanner_of(source, read, begin=self._begin_of_input, weighing=weighing)
        self._columns: Columns | None = None
        self._number, self._line = (piece.first_document, piece.first_line) if piece else (0, 0)
        self._held: list[pa.StringArray] = []
        self._n_lines = self._size = 0
        self._names: list[str] = []
        self._heads: list[int] = []
        self._whole = source.format == "text" or len(read.column_names) > 1  # cut already, or pairs: not to be cut
        self.cuts = self.line_cuts = 0

    def take(self, data: bytes) -> Iterator[pa.RecordBatch]:
        """Add a run of lines; yield a batch when there is enough for one."""
        lines = self._scanner.scan(data)
        self.cuts += len(lines.cuts)
        self.line_cuts += lines.goes_on and self._source.format == "text"
        self._line -= lines.goes_on
        long = self._too_long(lines)
        good = self._good(data, lines)
        good[long] = False
        if self._source.format == "tsv" and self._columns is None:
            header = data.partition(b"\n")[0] if self._begin_of_input else read_header(self._source)
            self._columns = Columns.of(self._source, header, self._read.column_names)
        if self._source.format == "text":
            self._add_lines(data, lines, good)
        else:
            self._add_rows(data, lines, good, frozenset(long))
        self._line += len(lines.starts)
        self._size += len(data)
        if self._size >= BATCH and len(self._heads) > 1:
            yield from counted(self._batch(self._heads.pop(), self._names.pop()), self._account, whole=self._whole)

    def rest(self) -> Iterator[pa.RecordBatch]:
        """Yield what is left, at the end."""
        if self._heads:
            yield from counted(self._batch(self._n_lines, None), self._account, whole=self._whole)

    def _batch(self, stop: int, last: str | None) -> pa.RecordBatch:
        """Return the documents before line ``stop``; the document named ``last``, which begins there, is held on to."""
        lines = pa.concat_arrays(self._held)
        documents = pa.ListArray.from_arrays(pa.array([*self._heads, stop], pa.int32()), lines[:stop])
        batch = pa.RecordBatch.from_arrays([pa.array(self._names, pa.string()), documents], schema=schema.TEXT)
        self._held, self._n_lines = [lines[stop:]], len(lines) - stop
        self._names, self._heads = ([last], [0]) if last is not None else ([], [])
        self._size = self._held[0].nbytes
        return batch

    def _begin(self, line: int) -> None:
        """Let a document begin at line ``line`` of those held."""
        self._number += 1
        self._names.append(f"{self._source.name}:{self._number}")
        self._heads.append(line)

    def _add_lines(self, data: bytes, lines: Lines, good: Flags) -> None:
        """Hold the lines that are not blank and ``good`` (``bool[N]``), each a sentence; count the bad ones."""
        kept = lines.full & good
        n_bad = int(np.count_nonzero(lines.full & ~good))
        if n_bad:
            self._account.count(sentences=n_bad)
            self._account.drop("sentences.bad_encoding", n_bad)
        before: Ints = np.cumsum(kept) - kept
        for line in before[lines.begins].tolist():
            self._begin(self._n_lines + line)
        self._hold(strings(data, lines.starts[kept], lines.stops[kept]))

    def _add_rows(self, data: bytes, lines: Lines, good: Flags, long: frozenset[int]) -> None:
        """Hold the texts of the lines that are not blank, each a document; ``good`` ``bool[N]`` says which are text,
        and ``long`` which are left out because they are too long."""
        found: list[str] = []
        for i in np.flatnonzero(lines.full).tolist():
            texts = None
            if i in long:
                self._leave_out("documents.too_long")
            elif not good[i]:
                self._leave_out("documents.bad_encoding")
            else:
                texts = self._parse(data[lines.starts[i] : lines.stops[i]], self._line + i + 1)
            if texts is None:
                self._number += 1
            else:
                self._begin(self._n_lines + len(found))
                found += texts
        self._hold(pa.array(found, pa.string()))

    def _hold(self, lines: pa.StringArray) -> None:
        self._held.append(lines)
        self._n_lines += len(lines)

    def _good(self, data: bytes, lines: Lines) -> Flags:
        """Return which lines are text, ``bool[N]``; raises ``DataError`` for one that is not, unless such lines are
        left out."""
        place = first_undecodable(data)
        if place is None:
            return np.ones(len(lines.starts), np.bool_)
        if not self._read.skip:
            line = self._line + data.count(b"\n", 0, place) + 1
            raise undecodable(self._source, line, data[place], self._read.encoding)
        return np.array([first_undecodable(line) is None for line in data.split(b"\n")[: len(lines.starts)]])

    def _too_long(self, lines: Lines) -> list[int]:
        """Return which lines are too long; raises ``DataError`` for the first unless such lines are left out."""
        long = too_long(self._source, lines)
        if long and not self._read.skip:
            raise overlong(self._source, self._line + long[0] + 1)
        return long

    def _parse(self, line: bytes, number: int) -> list[str] | None:
        """Return the text of one JSON object or row, by lines, or None when it is bad and may be skipped."""
        try:
            return self._columns.texts(line) if self._columns else _lines_of(line, self._read.text_key)
        except ValueError as error:
            hint = "name the key with --text-key, or leave" if isinstance(error, _NoText) else "put it right, or leave"
            if not self._read.skip:
                raise DataError(
                    f"{self._source.name}, line {number}: {error}", hint=f"{hint} such lines out with --on-error skip"
                ) from error
            self._leave_out(error.reason if isinstance(error, BadRow) else "documents.bad_json")
        return None

    def _leave_out(self, reason: str) -> None:
        self._account.count(documents_in=1)
        self._account.drop(reason)


class _NoText(ValueError):
    """An object that has no text under the key."""


def _lines_of(line: bytes, key: str) -> list[str]:
    """Return the lines of the text of one JSON object; raises ``ValueError`` saying what is wrong with it."""
    try:
        value = parse_json(line.decode("utf-8-sig"))
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON ({error.msg}, column {error.colno})") from None
    except RecursionError:
        raise ValueError("not JSON (nested too deep)") from None
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    if key not in value:
        raise _NoText(f"no key {key!r}; there is {', '.join(map(repr, value)) or 'none'}")
    if not isinstance(value[key], str):
        raise _NoText(f"the value of {key!r} is not a string")
    if _SURROGATE.search(value[key]):
        raise ValueError(f"the value of {key!r} holds half of a surrogate pair")
    lines = [line.removesuffix("\r") for line in value[key].split("\n")]
    return [line for line in lines if line.strip(BLANK)]
