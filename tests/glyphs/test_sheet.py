"""The contact sheet."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from zhprep.core.errors import UsageError
from zhprep.glyphs import contact_sheet, rows_to_show


def test_every_image_stands_in_its_place():
    images = np.zeros((5, 2, 8, 8), np.uint8)
    images[3, 1] = 255
    picture = np.asarray(Image.open(io.BytesIO(contact_sheet(images, [0, 3, 4], columns=2, scale=1, gap=2))))
    assert picture.shape == (2 * (2 * 10 + 4) + 2, 2 * 10 + 2)
    assert (picture[12:20, 12:20] == 0).all()
    assert (picture == 0).sum() == 64


def test_the_next_block_is_below_all_faces_of_the_first():
    images = np.zeros((3, 2, 8, 8), np.uint8)
    images[2, 0] = 255
    picture = np.asarray(Image.open(io.BytesIO(contact_sheet(images, [0, 1, 2], columns=2, scale=1, gap=2))))
    assert (picture[26:34, 2:10] == 0).all()
    assert (picture == 0).sum() == 64


def test_nothing_to_show_is_wrong_usage():
    with pytest.raises(UsageError, match="no entry to show"):
        contact_sheet(np.zeros((1, 1, 8, 8), np.uint8), [])


ENTRIES = ["[CLS]", "a", "今", "天", "##天", "气"]


def test_the_characters_of_a_text():
    assert rows_to_show(ENTRIES, "天 天a") == [3, 3, 1]


def test_the_first_chinese_characters_of_a_vocabulary():
    assert rows_to_show(ENTRIES) == [2, 3, 5]
    assert rows_to_show(ENTRIES, limit=2) == [2, 3]


def test_a_character_that_is_no_entry_is_named():
    with pytest.raises(UsageError, match="not in the vocabulary: 好吗"):
        rows_to_show(ENTRIES, "今好天吗好")
