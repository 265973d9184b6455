"""The characters that a font file has, read from its ``cmap`` table.

In: a TrueType or OpenType file or collection. Out: the number of faces, or the sorted code points of one.
A blank image or a box is no proof that a glyph is missing (some fonts' ``.notdef`` is blank), so the
character map decides. Reading it takes these few lines, so no font library is needed at run time.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from zhprep.core.errors import DataError

CodePoints = npt.NDArray[np.uint32]

_SFNT = (b"\x00\x01\x00\x00", b"OTTO", b"true")
_WEB = {b"wOFF": "woff", b"wOF2": "woff2"}
# Encodings of Unicode, best first: (platform, encoding) as in the OpenType specification, "cmap".
_UNICODE = ((3, 10), (0, 6), (0, 4), (3, 1), (0, 3), (0, 2), (0, 1), (0, 0))


def n_faces(path: Path) -> int:
    """Return how many faces the file holds: 1, or the number in a collection.

    Raises ``DataError`` when it is not a font.
    """
    with _open(path) as file:
        return len(_face_offsets(file, path))


def code_points(path: Path, index: int = 0) -> CodePoints:
    """Return the sorted code points that face ``index`` maps to a glyph.

    Raises ``DataError`` when the file is not a font or has no Unicode character map.
    """
    with _open(path) as file:
        offset = _face_offsets(file, path)[index]
        try:
            return _code_points(_cmap(file, offset, path), path)
        except (struct.error, IndexError, ValueError) as error:
            raise DataError(
                f"{path}: the font's character map is damaged ({error})",
                hint="install the font again, or give another one",
            ) from error


def _open(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise DataError(
            f"{path}: cannot read the font: {error.strerror}", hint="check the path and its permissions"
        ) from error


def _face_offsets(file: BinaryIO, path: Path) -> list[int]:
    magic = file.read(4)
    if magic in _SFNT:
        return [0]
    if magic == b"ttcf":
        header = file.read(8)
        if len(header) == 8:
            (count,) = struct.unpack(">4xL", header)
            table = file.read(4 * count)
            if len(table) == 4 * count:
                return list(struct.unpack(f">{count}L", table))
    if magic in _WEB:
        raise DataError(
            f"{path} is a web font ({_WEB[magic]}), which cannot be drawn from here",
            hint=f"convert it once: fonttools ttLib.woff2 decompress {path.name}",
        )
    raise DataError(f"{path} is not a TrueType or OpenType font", hint="give a .ttf, .otf or .ttc file")


def _cmap(file: BinaryIO, offset: int, path: Path) -> bytes:
    file.seek(offset + 4)
    (n_tables,) = struct.unpack(">H6x", file.read(8))
    for _ in range(n_tables):
        tag, _, start, length = struct.unpack(">4sLLL", file.read(16))
        if tag == b"cmap":
            file.seek(start)
            return file.read(length)
    raise DataError(f"{path}: the font has no character map", hint="install the font again, or give another one")


def _code_points(table: bytes, path: Path) -> CodePoints:
    """Return the code points (``uint32[N]``, sorted) of the first table of Unicode that can be read in ``cmap``.

    Raises ``DataError`` when there is none.
    """
    (count,) = struct.unpack_from(">2xH", table)
    places: dict[tuple[int, int], int] = {}
    for record in range(count):
        platform, encoding, offset = struct.unpack_from(">HHL", table, 4 + 8 * record)
        places.setdefault((platform, encoding), offset)
    for kind in _UNICODE:
        if kind not in places:
            continue
        offset = places[kind]
        (form,) = struct.unpack_from(">H", table, offset)
        if form in _FORMS:
            return _FORMS[form](table[offset:])
    raise DataError(
        f"{path}: the font has no Unicode character map that can be read here",
        hint="install the font again, or give another one",
    )


def _segments(table: bytes) -> CodePoints:
    """Read format 4: segments of the Basic Multilingual Plane, each with a delta or an array of glyphs;
    ``uint32[N]``."""
    (twice,) = struct.unpack_from(">6xH", table)
    words = np.frombuffer(table[: len(table) // 2 * 2], ">u2").astype(np.int64)
    n = twice // 2
    ends, starts = words[7 : 7 + n], words[8 + n : 8 + 2 * n]
    deltas, offsets = words[8 + 2 * n : 8 + 3 * n], words[8 + 3 * n : 8 + 4 * n]
    found = []
    for i in range(n):
        codes = np.arange(starts[i], ends[i] + 1)
        if offsets[i]:
            places = 8 + 3 * n + i + offsets[i] // 2 + (codes - starts[i])
            inside = places < len(words)
            codes, glyphs = codes[inside], words[places[inside]]
            glyphs = np.where(glyphs == 0, 0, (glyphs + deltas[i]) & 0xFFFF)
        else:
            glyphs = (codes + deltas[i]) & 0xFFFF
        found.append(codes[(glyphs != 0) & (codes != 0xFFFF)])
    return np.unique(np.concatenate(found)).astype(np.uint32)


def _groups(table: bytes) -> CodePoints:
    """Read format 12: groups of consecutive characters and glyphs, over all of Unicode; ``uint32[N]``."""
    (count,) = struct.unpack_from(">12xL", table)
    groups = np.frombuffer(table, ">u4", count=3 * count, offset=16).astype(np.int64).reshape(count, 3)
    found = [np.arange(first + (glyph == 0), last + 1) for first, last, glyph in groups]
    return np.unique(np.concatenate(found)).astype(np.uint32)


def _trimmed(table: bytes) -> CodePoints:
    """Read format 6: one run of characters; ``uint32[N]``."""
    first, count = struct.unpack_from(">6xHH", table)
    glyphs = np.frombuffer(table, ">u2", count=count, offset=10)
    code_points: CodePoints = (first + np.flatnonzero(glyphs)).astype(np.uint32)
    return code_points


_FORMS = {12: _groups, 4: _segments, 6: _trimmed}
