"""Columns of text in a ``.tsv``: parallel text, a language a column.

The first line names the columns, in any order, perhaps among others. Every other line that is not blank is a row, and a
row is a document: its sentences are what stands in the columns asked for, in the order asked for, each of them whole.
Fields stand between tabs as they are; there are no quotes and no escapes.
"""

from __future__ import annotations

from dataclasses import dataclass

from zhprep.core.corpus.formats.rows import BLANK
from zhprep.core.corpus.inputs import Input, open_text, streams
from zhprep.core.errors import DataError, UsageError
from zhprep.core.registry import nearest


class BadRow(ValueError):
    """A row that cannot be used: what is wrong with it, and the reason under which it is counted."""

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True)
class Columns:
    """The columns wanted, ``names``, where they are, ``places``, and how many columns there are in all."""

    names: tuple[str, ...]
    places: tuple[int, ...]
    n_columns: int

    @classmethod
    def of(cls, source: Input, header: bytes, names: tuple[str, ...]) -> Columns:
        """Find the columns ``names`` in the first line of ``source``.

        Raises ``UsageError`` for one that is not there, ``DataError`` for one that is there twice.
        """
        there = [name.strip() for name in header.decode("utf-8-sig", "replace").removesuffix("\r").split("\t")]
        for name in names:
            if name not in there:
                shown = ", ".join(part[:40] or "''" for part in there[:8])
                hint = nearest(name, there) or "the first line of a .tsv names its columns, with tabs between them"
                raise UsageError(f"{source.path}: has no column {name!r}; its first line is {shown}", hint=hint)
            if there.count(name) > 1:
                raise DataError(f"{source.path}: two columns are named {name!r}", hint="give each a name of its own")
        return cls(names, tuple(map(there.index, names)), len(there))

    def texts(self, line: bytes) -> list[str]:
        """Return what stands in the columns of one row; raises :class:`BadRow`."""
        fields = line.decode().removesuffix("\n").removesuffix("\r").split("\t")
        if len(fields) != self.n_columns:
            raise BadRow(f"has {len(fields)} columns, the first line {self.n_columns}", "documents.ragged_row")
        texts = [fields[place] for place in self.places]
        for name, text in zip(self.names, texts, strict=True):
            if not text.strip(BLANK):
                raise BadRow(f"the column {name!r} is empty", "documents.empty_column")
        return texts


def read_header(source: Input) -> bytes:
    """Return the first line of ``source``."""
    head = b""
    with open_text(source) as stream:
        while b"\n" not in head and len(head) < streams.CHUNK and (more := stream.read(1 << 12)):
            head += more
    return head.partition(b"\n")[0]


def check_columns(source: Input, names: tuple[str, ...]) -> None:
    """Raise ``UsageError`` where columns are named and ``source`` has none, or has some and none are named."""
    if source.format == "tsv" and not names:
        raise UsageError(
            f"{source.path}: is a table of columns", hint="name those that hold text: --columns zh,en (or --pairs)"
        )
    if source.format != "tsv" and names:
        raise UsageError(
            f"{source.path}: has no columns named {', '.join(names)}", hint="they are columns of a .tsv with a header"
        )
