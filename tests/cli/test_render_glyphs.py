"""``zhprep render-glyphs``."""

from __future__ import annotations

import json
import shutil

import numpy as np
from command_line import refused, zhprep


def test_one_image_per_entry(vocab, tmp_path):
    result = zhprep("render-glyphs", "--vocab", vocab, "-o", tmp_path / "glyphs", "--font", "song", "--json", "--quiet")
    assert (result.code, result.err) == (0, "")
    glyphs = np.load(tmp_path / "glyphs" / "glyphs.npy")
    entries = len((vocab / "vocab.txt").read_text("utf-8").split("\n")) - 1
    assert glyphs.shape == (entries, 1, 24, 24)
    assert result.report["shape"] == list(glyphs.shape)
    assert result.report["without_image"] == ""
    assert json.loads((tmp_path / "glyphs" / "glyphs.json").read_text("utf-8"))["shape"] == list(glyphs.shape)


def test_images_that_are_there_are_kept_unless_told(vocab, tmp_path):
    draw = ("render-glyphs", "--vocab", vocab, "-o", tmp_path, "--font", "song", "--quiet")
    assert zhprep(*draw, "--size", 12).code == 0
    before = (tmp_path / "glyphs.npy").read_bytes()
    refused(zhprep(*draw, "--size", 16), 2, "glyphs.npy: is there already", "--overwrite")
    assert (tmp_path / "glyphs.npy").read_bytes() == before
    assert zhprep(*draw, "--size", 12).code == 0  # the same again
    assert zhprep(*draw, "--size", 16, "--overwrite").code == 0
    assert np.load(tmp_path / "glyphs.npy").shape[2:] == (16, 16)
    refused(zhprep(*draw, "--size", 100_000), 2, "size is 100000", "at most 1024")


def test_fonts_take_commas(vocab, tmp_path):
    result = zhprep("render-glyphs", "--vocab", vocab, "-o", tmp_path, "--font", "song,kai", "--json", "--quiet")
    assert result.report["shape"][1] == 2


def test_what_is_wrong_leaves_the_vocabulary_as_it_is(vocab, tmp_path):
    folder = shutil.copytree(vocab, tmp_path / "vocab")
    before = sorted(folder.iterdir())
    refused(zhprep("render-glyphs", "--vocab", tmp_path / "vocba"), 2, "no such file or folder", "vocab")
    assert zhprep("render-glyphs", "--vocab", folder, "--font", "no-such-font").code == 2
    assert sorted(folder.iterdir()) == before
