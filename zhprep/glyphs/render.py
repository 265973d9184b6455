"""Entries -> images, and for every row which face drew it or why none did.

In: the entries of a vocabulary and typefaces, one per channel. Out: uint8 ``[V, fonts, size, size]``,
0 background to 255 ink, and int16 ``[V, fonts]``. The same bytes on any machine: fixed sizes, basic
layout, hinting-free subsets, integer arithmetic. Unlike the images of the paper's authors no glyph is
stretched: the few that are larger than the box are drawn smaller.
"""

from __future__ import annotations

import dataclasses
import enum
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import ImageFont

from zhprep.core.progress import work
from zhprep.glyphs.fonts import Face

Images = npt.NDArray[np.uint8]

_SMALLEST_CELL = 2
"""Pixels: of a character that has fewer in the image of a word nothing can be seen."""


class Source(enum.IntEnum):
    """Why a row has no image; a value of 0 or more is the index of the face that drew it."""

    SPECIAL = -1
    CONTINUATION = -2
    SEVERAL = -3
    MISSING = -4
    BLANK = -5


@dataclasses.dataclass(frozen=True)
class Rendered:
    """The images of a vocabulary and their account.

    ``images`` uint8 ``[V, fonts, size, size]``; ``source`` int16 ``[V, fonts]``: an index into ``faces``, or a
    :class:`Source`; ``faces``: the channels' faces in order, then the fallbacks that are not among them.
    """

    images: Images
    source: npt.NDArray[np.int16]
    faces: tuple[Face, ...]

    def account(self) -> list[dict[str, int]]:
        """Return per channel how many rows each face drew, and how many have no image, by reason."""
        names = {int(reason): reason.name.lower() for reason in Source} | {
            i: face.name for i, face in enumerate(self.faces)
        }
        return [
            {names[int(value)]: int(count) for value, count in zip(*np.unique(column, return_counts=True), strict=True)}
            for column in self.source.T
        ]

    def missing(self, entries: Sequence[str]) -> list[list[str]]:
        """Return per channel the entries that its own face lacks (drawn by the next face, or by none)."""
        own = np.arange(self.source.shape[1])
        lacking = (self.source == Source.MISSING) | ((self.source >= 0) & (self.source != own))
        return [[entries[row] for row in np.flatnonzero(column).tolist()] for column in lacking.T]

    def without_image(self, entries: Sequence[str]) -> list[str]:
        """Return the entries that no face has, in one channel or more."""
        return [entries[row] for row in np.flatnonzero((self.source == Source.MISSING).any(axis=1)).tolist()]

    def figures(self) -> list[dict[str, float]]:
        """Return per channel mean and variance of the pixels (0 to 1) of the rows that were drawn."""
        result = []
        for channel in range(self.images.shape[1]):
            drawn = self.images[self.source[:, channel] >= 0, channel] / np.float64(255)
            mean = float(drawn.mean()) if drawn.size else 0.0
            variance = float(drawn.var()) if drawn.size else 0.0
            result.append({"rows": len(drawn), "mean": mean, "variance": variance})
        return result


def render(
    entries: Sequence[str],
    channels: Sequence[Face],
    *,
    size: int = 24,
    fallback: Sequence[Face] = (),
    words: bool = False,
    specials: Iterable[str] = (),
) -> Rendered:
    """Draw every entry in every channel.

    A character that a channel's face lacks is drawn by the first of ``fallback`` that has it. Special
    entries, continuations (``##x``) and entries of several characters stay zero; with ``words`` the latter
    are composed of their characters' images, unless those are so many that none has two pixels. Shapes and account:
    see :class:`Rendered`.
    """
    faces = _distinct([*channels, *fallback])
    images = np.zeros((len(entries), len(channels), size, size), np.uint8)
    source = np.zeros((len(entries), len(channels)), np.int16)
    special = frozenset(specials)
    with work(len(entries) * len(channels), "images") as bar:
        for channel, face in enumerate(channels):
            pens = [_Pen(faces.index(one), one) for one in _distinct([face, *fallback])]
            for row, entry in enumerate(entries):
                source[row, channel], image = _draw_entry(entry, pens, size, words, special)
                if image is not None:
                    images[row, channel] = image
                bar.advance(1)
    return Rendered(images, source, tuple(faces))


def compose(images: Sequence[Images], size: int) -> Images:
    """Return one image of ``size`` made of several (already drawn at the cell's size), in rows of a square grid."""
    columns = math.ceil(math.sqrt(len(images)))
    rows = math.ceil(len(images) / columns)
    cell = images[0].shape[0]
    top, left = (size - rows * cell) // 2, (size - columns * cell) // 2
    result = np.zeros((size, size), np.uint8)
    for place, image in enumerate(images):
        y, x = top + place // columns * cell, left + place % columns * cell
        result[y : y + cell, x : x + cell] = image
    return result


def _distinct(faces: Sequence[Face]) -> list[Face]:
    return list(dict.fromkeys(faces))


def _draw_entry(
    entry: str, pens: Sequence[_Pen], size: int, words: bool, special: frozenset[str]
) -> tuple[int, Images | None]:
    """Return which face drew an entry, or why none did, and its image ``uint8[S, S]``."""
    if entry in special:
        return Source.SPECIAL, None
    if len(entry) == 1:
        return _draw_character(entry, pens, size)
    if entry.startswith("##"):
        return Source.CONTINUATION, None
    if not words or not entry:
        return Source.SEVERAL, None
    cell = size // math.ceil(math.sqrt(len(entry)))
    if cell < _SMALLEST_CELL:
        return Source.SEVERAL, None
    drawn = [_draw_character(character, pens, cell) for character in entry]
    whole = [image for _, image in drawn if image is not None]
    if len(whole) < len(drawn):
        return Source.MISSING, None
    # A word is accounted to the last face in the order of fallback that it needed.
    order = [pen.number for pen in pens]
    return max((number for number, _ in drawn), key=order.index), compose(whole, size)


def _draw_character(character: str, pens: Sequence[_Pen], size: int) -> tuple[int, Images | None]:
    """Return which face drew a character, or why none did, and its image ``uint8[S, S]``."""
    for pen in pens:
        if character in pen.face.characters:
            image = pen.draw(character, size)
            return (Source.BLANK, None) if image is None else (pen.number, image)
    return Source.MISSING, None


def _middle(ink: Images, size: int) -> Images:
    """Return the middle of ``ink`` (uint8 ``[H, W]``), at most ``size`` high and wide.

    At one pixel to the em a glyph may still be larger than its box.
    """
    y, x = (max(0, extent - size) // 2 for extent in ink.shape)
    return ink[y : y + size, x : x + size]


class _Pen:
    """A face with its sizes kept open. ``number`` is its place among the faces of the account."""

    def __init__(self, number: int, face: Face) -> None:
        self.number = number
        self.face = face
        self._open: dict[tuple[Path, int], ImageFont.FreeTypeFont] = {}

    def draw(self, character: str, size: int) -> Images | None:
        """Return ``character`` centred by its ink in a box of ``size``, or None when it has no ink."""
        pixels = max(1, size * 22 // 24)
        part = self.face.part_with(character)
        while True:
            if (part.path, pixels) not in self._open:
                self._open[part.path, pixels] = part.at(pixels)
            mask = self._open[part.path, pixels].getmask(character)
            box = mask.getbbox() if min(mask.size) else None
            if box is None:
                return None
            left, top, right, bottom = box
            if (right - left <= size and bottom - top <= size) or pixels == 1:
                break
            pixels -= 1
        ink = _middle(np.asarray(mask, np.uint8).reshape(mask.size[::-1])[top:bottom, left:right], size)
        image = np.zeros((size, size), np.uint8)
        y, x = (size - ink.shape[0]) // 2, (size - ink.shape[1]) // 2
        image[y : y + ink.shape[0], x : x + ink.shape[1]] = ink
        return image
