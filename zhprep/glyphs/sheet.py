"""A picture to look at: the images of some entries, one row of pictures per typeface.

In: images and the entries they belong to. Out: the bytes of a PNG file.
"""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image

from zhprep.core.errors import UsageError
from zhprep.glyphs.render import Images
from zhprep.vocab import is_ideograph


def contact_sheet(images: Images, rows: Sequence[int], *, columns: int = 24, scale: int = 2, gap: int = 2) -> bytes:
    """Return a PNG of ``images[rows]``: blocks of ``columns`` entries, the channels below one another.

    ``images`` uint8 ``[V, fonts, size, size]``; ink is black on white, ``scale`` pixels to one. Raises
    ``UsageError`` when there is nothing to show.
    """
    if not len(rows):
        raise UsageError("no entry to show", hint="give a text that is in the vocabulary: --text 今天")
    _, n_fonts, size, _ = images.shape
    columns = min(columns, len(rows))
    n_blocks = -(-len(rows) // columns)
    cell = size + gap
    block = n_fonts * cell + 2 * gap
    sheet = np.full((n_blocks * block + gap, columns * cell + gap), 255, np.uint8)
    for place, row in enumerate(rows):
        top, left = gap + place // columns * block, gap + place % columns * cell
        for font in range(n_fonts):
            y = top + font * cell
            sheet[y : y + size, left : left + size] = 255 - images[row, font]
    large = sheet.repeat(scale, axis=0).repeat(scale, axis=1)
    buffer = io.BytesIO()
    Image.fromarray(large).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def rows_to_show(entries: Sequence[str], text: str | None = None, *, limit: int = 240) -> list[int]:
    """Return the rows of the characters of ``text``, or of the first ``limit`` Chinese characters of a vocabulary.

    Raises ``UsageError`` naming the characters of the text that are not entries.
    """
    if text is None:
        return [row for row, entry in enumerate(entries) if len(entry) == 1 and is_ideograph(entry)][:limit]
    numbers = {entry: row for row, entry in enumerate(entries)}
    wanted = [character for character in text if not character.isspace()]
    unknown = "".join(dict.fromkeys(character for character in wanted if character not in numbers))
    if unknown:
        raise UsageError(f"not in the vocabulary: {unknown}", hint="show other characters")
    return [numbers[character] for character in wanted]
