"""Find and open typefaces: the ones that travel with zhprep, by name, and the user's own, by file.

In: ``song``, ``kai``, ``xing``, ``FILE`` or ``FILE.ttc#INDEX``. Out: a :class:`Face`. The vendored files and
what is known of them (origin, licence, sha256) are in ``fonts/fonts.toml``.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import importlib.resources
import importlib.util
import tomllib
from pathlib import Path
from typing import Any

from PIL import ImageFont

from zhprep.core.errors import DataError, UsageError
from zhprep.core.registry import suggest
from zhprep.glyphs.coverage import code_points, n_faces


@dataclasses.dataclass(frozen=True)
class Face:
    """One typeface: its name as it was asked for, its file and the face's index in it, and the file's sha256.

    ``more`` are further files of the same typeface, each with characters of its own.
    """

    name: str
    path: Path
    index: int = 0
    sha256: str = ""
    family: str = ""
    more: tuple[Face, ...] = ()

    @functools.cached_property
    def characters(self) -> frozenset[str]:
        """The characters that it has a glyph for, by the character maps of its files."""
        return self._own.union(*(part.characters for part in self.more))

    @functools.cached_property
    def _own(self) -> frozenset[str]:
        return frozenset(map(chr, code_points(self.path, self.index)))

    def part_with(self, character: str) -> Face:
        """Return the file of this typeface that draws one of its ``characters``."""
        return self if character in self._own else next(part for part in self.more if character in part.characters)

    def at(self, pixels: int) -> ImageFont.FreeTypeFont:
        """Open it at a height of ``pixels``.

        The basic layout gives the same bits whether or not Pillow was built with raqm.
        """
        return ImageFont.truetype(str(self.path), pixels, index=self.index, layout_engine=ImageFont.Layout.BASIC)

    def as_dict(self) -> dict[str, Any]:
        """Return what identifies it, for the record beside the images."""
        return {
            "name": self.name,
            "family": self.family,
            "file": self.path.name,
            "index": self.index,
            "sha256": self.sha256,
        } | ({"more": [{"file": part.path.name, "sha256": part.sha256} for part in self.more]} if self.more else {})


@functools.cache
def folder() -> Path:
    """Return the folder of the vendored typefaces: in the installed package, else in a checkout.

    Raises ``DataError`` when there is neither.
    """
    package = Path(str(importlib.resources.files("zhprep")))
    for place in (package / "fonts", package.parent / "fonts"):
        if (place / "fonts.toml").is_file():
            return place
    raise DataError(
        "the typefaces of zhprep are not installed", hint="install zhprep again from its wheel, or give --font FILE"
    )


@functools.cache
def vendored() -> dict[str, Face]:
    """Return the typefaces that can be named: those that travel with zhprep, then those of optional packages."""
    table = tomllib.loads((folder() / "fonts.toml").read_text(encoding="utf-8"))
    faces = {}
    for entry in table["face"]:
        name, family = entry["name"], entry["family"]
        more = tuple(Face(name, folder() / part["file"], 0, part["sha256"], family) for part in entry.get("more", []))
        faces[name] = Face(name, folder() / entry["file"], 0, entry["sha256"], family, more)
    for entry in table.get("installed", []):
        spec = importlib.util.find_spec(entry["package"])
        if spec is not None and spec.submodule_search_locations:
            path = Path(spec.submodule_search_locations[0]) / entry["file"]
            faces[entry["name"]] = Face(entry["name"], path, 0, entry["sha256"], entry["family"])
    return faces


def open_face(name: str) -> Face:
    """Return the typeface called ``name``: a vendored one, ``FILE``, or ``FILE#INDEX`` for a collection.

    Raises ``UsageError`` for an unknown name, and for a collection without an index; ``DataError`` for a
    file that is not a font.
    """
    if name in vendored():
        return vendored()[name]
    file, index = _split(name)
    path = Path(file).expanduser()
    if not path.is_file():
        raise UsageError(
            f"no typeface {name!r}: neither a file nor a face that travels with zhprep",
            hint=suggest(name, list(vendored())),
        )
    faces = n_faces(path)
    if index is None and faces > 1:
        raise UsageError(f"{path} holds {faces} typefaces", hint=f"say which: {_listing(path, faces)}")
    index = index or 0
    if index >= faces:
        raise UsageError(
            f"{path} holds {faces} typefaces, numbered from 0; there is no #{index}",
            hint=f"say which: {_listing(path, faces)}",
        )
    return _user_face(name, path, index)


def _user_face(name: str, path: Path, index: int) -> Face:
    try:
        family, style = ImageFont.truetype(str(path), 16, index=index).getname()
    except OSError as error:
        raise DataError(
            f"{path} cannot be read as a font: {error}", hint="give a .ttf, .otf or .ttc file that a font viewer opens"
        ) from error
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Face(name, path, index, digest, f"{family} {style}")


def _split(name: str) -> tuple[str, int | None]:
    file, mark, index = name.rpartition("#")
    if mark and index.isdecimal() and not Path(name).is_file():
        return file, int(index)
    return name, None


def _listing(path: Path, faces: int) -> str:
    named = []
    for index in range(faces):
        family, style = ImageFont.truetype(str(path), 16, index=index).getname()
        named.append(f"{path.name}#{index} ({family} {style})")
    return ", ".join(named)
