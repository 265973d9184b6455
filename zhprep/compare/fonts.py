"""The Chinese characters of a page as a font inside it, for readers on machines without Chinese fonts.

The glyphs are those of the typefaces that travel with zhprep (``song``, and ``kai`` for what that has not), cut out by
fontTools, some 200 bytes each; the bytes are a function of the characters.
"""

from __future__ import annotations

import base64
import importlib.util
import io
from collections.abc import Iterable, Iterator, Set

from zhprep.glyphs.fonts import Face, vendored

FAMILY = "zhprep"
"""What the font in a page is called. It has to stand first among the families: Chromium 150 passes it over in some
elements where it stands behind one that has none of the characters."""
_FACES = ("song", "kai")
_FIRST = 0x2E80
"""Characters from here on are Chinese, or stand in Chinese text; fonts for Latin text have what is before."""
_LICENCE = (0, 13)
"""Entries of the table of names that are kept: copyright and licence."""


def is_there() -> bool:
    """Whether fontTools is installed, which cuts fonts: ``pip install fonttools``."""
    return importlib.util.find_spec("fontTools") is not None


def needed(text: str) -> set[str]:
    """Return the characters of ``text`` that a machine without Chinese fonts has no glyph for."""
    return {character for character in text if ord(character) >= _FIRST and character.isprintable()}


def font_css(characters: Set[str]) -> str:
    """Return the style rules that hold the glyphs of ``characters``, nothing where there are none.

    Characters that none of the typefaces has are left out.
    """
    rules: list[str] = []
    left = set(characters)
    for face in _parts(_FACES):
        here = left & face.characters
        if here:
            data = base64.b64encode(_subset(face, here)).decode()
            ranges = ",".join(f"U+{ord(character):X}" for character in sorted(here))
            source = f"url(data:font/otf;base64,{data})"
            rules.append(f'@font-face{{font-family:"{FAMILY}";src:{source};unicode-range:{ranges}}}')
            left -= here
    return "".join(rules)


def _parts(names: Iterable[str]) -> Iterator[Face]:
    """Yield the files of typefaces, each as a typeface of its own."""
    for name in names:
        face = vendored()[name]
        yield Face(face.name, face.path)
        yield from face.more


def _subset(face: Face, characters: Set[str]) -> bytes:
    """Return the font of ``face`` with nothing but ``characters``."""
    from fontTools import subset
    from fontTools.ttLib import TTFont

    options = subset.Options()
    options.layout_features, options.hinting, options.recalc_timestamp = [], False, False
    options.name_IDs = list(_LICENCE)
    with TTFont(face.path, lazy=True, recalcTimestamp=False, recalcBBoxes=False) as font:  # boxes of all hold for some
        subsetter = subset.Subsetter(options)
        subsetter.populate(text="".join(sorted(characters)))
        subsetter.subset(font)
        out = io.BytesIO()
        font.save(out)
    return out.getvalue()
