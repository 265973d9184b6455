"""Components: the parts that characters are written with, and what each part looks like.

In: a table from characters to parts (CHISE's or CJKVI's ``ids.txt``, or any file with a character, a tab and its
parts). Out: the distinct parts of a vocabulary's characters, which row has which, and ``components.npy`` and
``components.json`` beside the glyphs.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from zhprep.core.errors import DataError
from zhprep.vocab import is_ideograph

_DESCRIPTIONS = range(0x2FF0, 0x3000)
_STROKES = range(0x31C0, 0x31F0)
_RADICALS = range(0x2E80, 0x2FE0)
_UNENCODED = frozenset("①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳？&")


@dataclasses.dataclass(frozen=True)
class Components:
    """``parts`` are the distinct parts, by code point; ``rows[v]`` the indices of those of vocabulary entry ``v``, in
    the order of writing; ``account`` says how many rows were taken apart, and why others were not."""

    parts: list[str]
    rows: list[list[int]]
    account: dict[str, int]

    def record(self, images: dict[str, Any]) -> dict[str, Any]:
        """Return what ``components.json`` says; ``images`` is the record of the images."""
        return {**images, "parts": self.parts, "rows": self.rows, "account": self.account}


def read_table(path: Path) -> dict[str, str]:
    """Return how each character is described: the parts, with or without ideographic description characters.

    A line holds a character (``U+`` columns are skipped), a tab and its parts. Raises ``DataError`` for a file that is
    not there, is not UTF-8 or has no such line.
    """
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"cannot read components from {path}: {error}", hint="a UTF-8 file: 语<TAB>⿰讠吾") from error
    table = {}
    for line in lines:
        columns = [column for column in line.split("\t") if column and not column.startswith("U+")]
        if len(columns) > 1 and len(columns[0]) == 1 and is_ideograph(columns[0]):
            table[columns[0]] = columns[1]
    if not table:
        raise DataError(f"{path}: no line has a Chinese character and its parts", hint="lines are like 语<TAB>⿰讠吾")
    return table


def take_apart(entries: Sequence[str], table: dict[str, str]) -> Components:
    """Return the parts of the entries of one Chinese character, as far as they have code points."""
    account: Counter[str] = Counter()
    found = [_parts(entry, table, account) for entry in entries]
    parts = sorted(set(chain.from_iterable(found)))
    number = {part: index for index, part in enumerate(parts)}
    return Components(parts, [[number[part] for part in row] for row in found], dict(sorted(account.items())))


def _parts(entry: str, table: dict[str, str], account: Counter[str]) -> list[str]:
    if len(entry) != 1 or not is_ideograph(entry):
        account["not_one_character"] += 1
        return []
    if entry not in table:
        account["not_in_the_table"] += 1
        return []
    parts = [part for part in table[entry] if _is_part(part)]
    whole = not parts or parts == [entry]
    unencoded = not _UNENCODED.isdisjoint(table[entry])
    account["part_without_code_point" if unencoded else "whole" if whole else "taken_apart"] += 1
    return parts


def _is_part(character: str) -> bool:
    code = ord(character)
    return code not in _DESCRIPTIONS and (is_ideograph(character) or code in _RADICALS or code in _STROKES)
