"""A file of JSON lines about documents, as a tagger writes it: each line found by the name of its document.

In: a file and the names of documents. Out: the JSON object of each. Lines may come in any order. Of the file only an
index is held, 16 bytes a line; lines are read when they are asked for.
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

from zhprep.core.errors import DataError
from zhprep.core.parsing import parse_json

_DOC_FIRST = re.compile(rb'\s*\{\s*"doc"\s*:\s*("(?:[^"\\]|\\.)*")')
_CHUNK = 1 << 20


class DocumentLines:
    """The lines of the file at ``path``, by document; ``example`` is one such line for hints, ``nothing`` one of a
    document about which nothing is said.

    The first line is passed over if ``headed``. Raises ``DataError`` for a file that cannot be read, a line that names
    no document, or two that name the same.
    """

    def __init__(self, path: str, example: str, nothing: str, *, headed: bool = False) -> None:
        self._path, self._nothing = path, nothing
        self.hint = f"JSON lines, not compressed: {example}"
        hashes, places = array("Q"), array("Q")
        for number, (place, line) in enumerate(self._lines()):
            if headed and not number:
                continue
            hashes.append(_hash(self._name(line, place)))
            places.append(place)
        keys = np.frombuffer(hashes, np.uint64) if hashes else np.zeros(0, np.uint64)
        order = np.argsort(keys, kind="stable")
        self._hashes = keys[order]
        self._places = np.frombuffer(places, np.uint64)[order] if places else keys
        twice = np.flatnonzero(self._hashes[1:] == self._hashes[:-1])
        if len(twice):
            raise self.error(int(self._places[twice[0] + 1]), "its document has a line before", "give each one line")

    def __len__(self) -> int:
        return len(self._hashes)

    def open(self) -> IO[bytes]:
        """Return the file, to be handed to :meth:`read`."""
        return open(self._path, "rb")

    def place(self, name: str) -> int:
        """Return where the line of the document ``name`` begins.

        Raises ``DataError`` when it has none.
        """
        key = np.uint64(_hash(name))
        row = int(np.searchsorted(self._hashes, key))
        if row == len(self._hashes) or self._hashes[row] != key:
            raise DataError(
                f"{self._path}: has no line for the document {name!r}",
                hint=f"name documents as the table does; one of which nothing is said has {self._nothing}",
            )
        return int(self._places[row])

    def read(self, file: IO[bytes], place: int, name: str) -> dict[str, Any]:
        """Return the line at ``place``, which is of the document ``name``.

        Raises ``DataError`` when it is not.
        """
        file.seek(place)
        try:
            row: dict[str, Any] = parse_json(file.readline())
        except ValueError as error:
            raise self.error(place, f"is not JSON ({error})", self.hint) from error
        if row.get("doc") != name:
            raise self.error(place, f"is not of {name!r}", "the file has changed; run the command again")
        return row

    def error(self, place: int, told: str, hint: str) -> DataError:
        """Return the error for the line at ``place``; only now are lines counted."""
        number = 1
        with self.open() as file:
            while place > 0 and (chunk := file.read(min(_CHUNK, place))):
                number += chunk.count(b"\n")
                place -= len(chunk)
        return DataError(f"{Path(self._path).name}, line {number}: {told}", hint=hint)

    def _lines(self) -> Iterator[tuple[int, bytes]]:
        """Yield the lines that are not blank and where they begin."""
        place = 0
        try:
            with self.open() as file:
                for line in file:
                    if line.strip():
                        yield place, line
                    place += len(line)
        except OSError as error:
            raise DataError(f"cannot read {self._path}: {error.strerror}", hint=self.hint) from error

    def _name(self, line: bytes, place: int) -> str:
        found = _DOC_FIRST.match(line)
        try:
            name = json.loads(found[1]) if found else parse_json(line)["doc"]
            return str.__str__(name)
        except (ValueError, KeyError, TypeError) as error:
            raise self.error(place, "is not a JSON object that names a 'doc'", self.hint) from error


def _hash(name: str) -> int:
    return int.from_bytes(blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")
