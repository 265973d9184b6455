"""Spans of entities or phrases from a file, as any tagger gives them, so that their words are masked as one (ERNIE).

In: a file of JSON lines and documents with their words. Out: runs of words. A line is a document:
``{"doc": "news.txt:1", "spans": [[[0, 4, "ORG"]], [], [[2, 5]]]}``, a list for each sentence of the ``text`` or
``words`` table that was tagged, of begin and end in code points of that sentence; more behind them, such as a kind, is
not looked at. ``"spans": []`` says that there are none. Lines may come in any order.

Of the file only an index is held, 16 bytes a line; the lines of a window are read when it is made.
"""

from __future__ import annotations

import json
import re
from array import array
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow as pa

from zhprep.core.errors import DataError
from zhprep.core.ragged import Ints, rows_of
from zhprep.core.report import Account
from zhprep.instances.layout.align import CharacterWords
from zhprep.instances.layout.entities import Run, longest

_DOC_FIRST = re.compile(rb'\s*\{\s*"doc"\s*:\s*("(?:[^"\\]|\\.)*")')
_CHUNK = 1 << 20


class SpanFile:
    """The spans in the file at ``path``, by document.

    Raises ``DataError`` for a file that cannot be read, a line that names no document, or two that name the same.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        hashes, places = array("Q"), array("Q")
        for place, line in self._lines():
            hashes.append(_hash(self._name(line, place)))
            places.append(place)
        keys = np.frombuffer(hashes, np.uint64) if hashes else np.zeros(0, np.uint64)
        order = np.argsort(keys, kind="stable")
        self._hashes = keys[order]
        self._places = np.frombuffer(places, np.uint64)[order] if places else keys
        twice = np.flatnonzero(self._hashes[1:] == self._hashes[:-1])
        if len(twice):
            raise self._error(int(self._places[twice[0] + 1]), "its document has a line before", "give each one line")

    def __len__(self) -> int:
        return len(self._hashes)

    def runs(self, documents: pa.RecordBatch, words: CharacterWords, account: Account) -> list[Run]:
        """Return the runs of words that spans cover, in order, and count those that cut a word or overlap.

        Raises ``DataError`` for a document that has no line and for a line that does not fit its document.
        """
        with open(self._path, "rb") as file:
            spans = np.array(list(self._spans(file, documents, words.bases)), np.int64).reshape(-1, 2)
        edges = np.append(words.starts, words.n_characters)
        first, last = np.searchsorted(edges, spans[:, 0]), np.searchsorted(edges, spans[:, 1])
        whole = (edges[first] == spans[:, 0]) & (edges[last] == spans[:, 1])
        found = list(zip(first[whole].tolist(), (first - last)[whole].tolist(), strict=True))
        taken = longest(found)
        account.count(entity_spans=len(spans))
        account.drop("spans.cut_a_word", len(spans) - len(found))
        account.drop("spans.overlapping", len(found) - len(taken))
        return taken

    def _spans(self, file: IO[bytes], documents: pa.RecordBatch, bases: Ints) -> Iterator[tuple[int, int]]:
        """Yield the spans of ``documents``, in characters of the whole batch; ``bases`` ``int64[S + 1]``: where its
        sentences begin."""
        rows = rows_of(documents["sentences"]).tolist()
        begins: list[int] = bases.tolist()
        for number, name in enumerate(documents["doc"].to_pylist()):
            place = self._place(name)
            sentences = self._read(file, place, name)
            first, last = rows[number : number + 2]
            if sentences and len(sentences) != last - first:
                told = f"{len(sentences)} lists of spans for the {last - first} sentences of {name!r}"
                raise self._error(place, told, "tag the sentences of the table that instances are made of")
            for sentence, spans in enumerate(sentences, first):
                for start, stop in self._checked(spans, place, begins[sentence + 1] - begins[sentence], name):
                    yield begins[sentence] + start, begins[sentence] + stop

    def _checked(self, spans: Any, place: int, length: int, name: str) -> Iterator[tuple[int, int]]:
        for span in spans if isinstance(spans, list) else [spans]:
            fits = isinstance(span, list) and len(span) > 1 and type(span[0]) is type(span[1]) is int
            if not fits or not 0 <= span[0] < span[1] <= length:
                shown = json.dumps(span, ensure_ascii=False)
                told = f"{shown} is no span in a sentence of {length} characters of {name!r}"
                raise self._error(place, told, "[begin, end, kind] in code points, the end not included")
            yield span[0], span[1]

    def _place(self, name: str) -> int:
        key = np.uint64(_hash(name))
        row = int(np.searchsorted(self._hashes, key))
        if row == len(self._hashes) or self._hashes[row] != key:
            raise DataError(
                f"{self._path}: has no line for the document {name!r}",
                hint='name documents as the table does; one without spans is {"doc": …, "spans": []}',
            )
        return int(self._places[row])

    def _read(self, file: IO[bytes], place: int, name: str) -> list[Any]:
        """Return the lists of spans of the document whose line is at ``place``."""
        file.seek(place)
        try:
            row = json.loads(file.readline())
        except ValueError as error:
            raise self._error(place, f"is not JSON ({error})", _HINT) from error
        if row.get("doc") != name:
            raise self._error(place, f"is not of {name!r}", "the file has changed; run the command again")
        if not isinstance(row.get("spans"), list):
            raise self._error(place, "has no list 'spans'", _HINT)
        spans: list[Any] = row["spans"]
        return spans

    def _lines(self) -> Iterator[tuple[int, bytes]]:
        """Yield the lines that are not blank and where they begin."""
        place = 0
        try:
            with open(self._path, "rb") as file:
                for line in file:
                    if line.strip():
                        yield place, line
                    place += len(line)
        except OSError as error:
            raise DataError(f"cannot read spans from {self._path}: {error.strerror}", hint=_HINT) from error

    def _name(self, line: bytes, place: int) -> str:
        found = _DOC_FIRST.match(line)
        try:
            name = json.loads(found[1]) if found else json.loads(line)["doc"]
            return str.__str__(name)
        except (ValueError, KeyError, TypeError) as error:
            raise self._error(place, "is not a JSON object that names a 'doc'", _HINT) from error

    def _error(self, place: int, told: str, hint: str) -> DataError:
        """Return the error for the line at ``place``; only now are lines counted."""
        number = 1
        with open(self._path, "rb") as file:
            while place > 0 and (chunk := file.read(min(_CHUNK, place))):
                number += chunk.count(b"\n")
                place -= len(chunk)
        return DataError(f"{Path(self._path).name}, line {number}: {told}", hint=hint)


_HINT = 'JSON lines, not compressed: {"doc": "news.txt:1", "spans": [[[0, 4, "ORG"]], []]}'


def _hash(name: str) -> int:
    return int.from_bytes(blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")
