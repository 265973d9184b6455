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
