"""The contact sheet."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from zhprep.core.errors import UsageError
from zhprep.glyphs import contact_sheet


def test_every_image_stands_in_its_place():
    images = np.zeros((5, 2, 8, 8), np.uint8)
    images[3, 1] = 255
    picture = np.asarray(Image.open(io.BytesIO(contact_sheet(images, [0, 3, 4], columns=2, scale=1, gap=2))))
    assert picture.shape == (2 * (2 * 10 + 4) + 2, 2 * 10 + 2)
    assert (picture[12:20, 12:20] == 0).all()
    assert (picture == 0).sum() == 64


def test_nothing_to_show_is_wrong_usage():
    with pytest.raises(UsageError, match="no entry to show"):
        contact_sheet(np.zeros((1, 1, 8, 8), np.uint8), [])
