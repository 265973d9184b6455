"""Images of vocabulary entries: what is drawn, where, by which face, and that it is the same everywhere."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhprep.core.errors import DataError
from zhprep.glyphs import GlyphsConfig, Source, build, compose, load, open_face, render, save, vendored
from zhprep.glyphs.coverage import code_points

ENTRIES = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "[MASK]",
    "中",
    "##中",
    "龍",
    "今天",
    "a",
    "。",
    "\u3000",
    "𠀀",
    "word",
    "",
]
SPECIALS = ENTRIES[:5]
SONG, KAI, XING = 0, 1, 2

# sha256 of the images of ENTRIES under the default config: the bytes are part of the contract.
GOLDEN = "4895e181bc528bad135c38b6419e870c612fbd0ed69e532fe405679a26e15bd9"


@pytest.fixture(scope="module")
def rendered():
    return build(GlyphsConfig(), ENTRIES, specials=SPECIALS)


def row(entry):
    return ENTRIES.index(entry)


def test_shape_and_type(rendered):
    assert rendered.images.shape == (len(ENTRIES), 3, 24, 24)
    assert rendered.images.dtype == np.uint8
    assert [face.name for face in rendered.faces] == ["song", "kai", "xing"]


def test_every_row_is_accounted_for(rendered):
    expected = {
        "[MASK]": [Source.SPECIAL] * 3,
        "中": [SONG, KAI, XING],
        "##中": [Source.CONTINUATION] * 3,
        "龍": [SONG, KAI, KAI],
        "今天": [Source.SEVERAL] * 3,
        "a": [SONG, KAI, XING],
        "𠀀": [Source.MISSING] * 3,
        "word": [Source.SEVERAL] * 3,
        "": [Source.SEVERAL] * 3,
    }
    for entry, source in expected.items():
        assert rendered.source[row(entry)].tolist() == source, entry
    assert rendered.source[row("\u3000")].tolist()[0] == Source.BLANK
    assert all(sum(channel.values()) == len(ENTRIES) for channel in rendered.account())


def test_a_row_has_ink_just_where_a_face_drew_it(rendered):
    ink = rendered.images.any(axis=(2, 3))
    assert (ink == (rendered.source >= 0)).all()


def test_ink_is_centred(rendered):
    for channel in range(3):
        image = rendered.images[row("中"), channel]
        rows, columns = np.flatnonzero(image.any(axis=1)), np.flatnonzero(image.any(axis=0))
        for ink in (rows, columns):
            assert abs(ink[0] - (23 - ink[-1])) <= 1


def test_missing_characters_are_listed_and_stay_zero_when_asked():
    zeros = build(GlyphsConfig(missing="zeros"), ENTRIES, specials=SPECIALS)
    assert zeros.source[row("龍"), XING] == Source.MISSING
    assert not zeros.images[row("龍"), XING].any()
    assert "龍" in zeros.missing(ENTRIES)[XING]
    assert "𠀀" in zeros.missing(ENTRIES)[SONG]
    assert "中" not in zeros.missing(ENTRIES)[XING]


def test_the_next_face_that_has_it_draws_it(rendered):
    assert (rendered.images[row("龍"), XING] == rendered.images[row("龍"), KAI]).all()
    assert rendered.missing(ENTRIES)[XING][0] == "龍"


def test_the_order_of_the_faces_is_the_order_of_the_channels(rendered):
    turned = build(GlyphsConfig(font=("xing", "song")), ENTRIES, specials=SPECIALS)
    assert (turned.images[row("中"), 0] == rendered.images[row("中"), XING]).all()
    assert (turned.images[row("中"), 1] == rendered.images[row("中"), SONG]).all()


def test_the_bytes_are_the_recorded_ones(rendered):
    assert hashlib.sha256(rendered.images.tobytes()).hexdigest() == GOLDEN


def test_another_process_gives_the_same_bytes(rendered):
    code = (
        "import hashlib, json, sys; from zhprep.glyphs import GlyphsConfig, build;"
        "entries, specials = json.load(sys.stdin);"
        "print(hashlib.sha256(build(GlyphsConfig(), entries, specials=specials).images.tobytes()).hexdigest())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], input=json.dumps([ENTRIES, SPECIALS]), capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == hashlib.sha256(rendered.images.tobytes()).hexdigest()


@pytest.mark.parametrize("size", [8, 16, 28, 48, 96])
def test_other_sizes_fill_the_box_alike(size):
    images = render(["中", "国", "龘"], [open_face("song")], size=size, fallback=[open_face("kai")]).images
    for image in images[:2, 0]:
        height = np.ptp(np.flatnonzero(image.any(axis=1))) + 1
        assert 0.7 * size <= height <= size


def test_a_glyph_larger_than_the_box_is_drawn_smaller_not_cut():
    face = open_face("xing")
    _, top, _, bottom = face.at(22).getmask("j").getbbox()
    assert bottom - top == 27
    rows = np.flatnonzero(render(["j"], [face]).images[0, 0].any(axis=1))
    heights = [box[3] - box[1] for box in (face.at(pixels).getmask("j").getbbox() for pixels in range(21, 15, -1))]
    assert np.ptp(rows) + 1 == next(height for height in heights if height <= 24)


@pytest.mark.parametrize(("word", "cells"), [("今天", 4), ("计算机", 4), ("中华人民", 4), ("中华人民共", 9)])
def test_words_are_composed_of_their_characters(word, cells):
    face = open_face("kai")
    image = render([word], [face], words=True).images[0, 0]
    side = int(cells**0.5)
    cell = 24 // side
    first = render([word[0]], [face], size=cell).images[0, 0]
    rows = -(-len(word) // side)
    top = (24 - rows * cell) // 2
    assert (image[top : top + cell, :cell] == first).all()


@pytest.mark.parametrize("length", [37, 64, 65, 144])
@pytest.mark.parametrize("face", ["song", "kai", "xing"])
def test_long_words_have_small_characters(face, length):
    """At a cell of 2 or 3 pixels some glyphs are larger than it at one pixel to the em."""
    rendered = render([character * length for character in "书予§⺻j"], [open_face(face)], words=True)
    assert set(rendered.source[:, 0].tolist()) <= {0, Source.MISSING}
    assert rendered.images.any(axis=(1, 2, 3)).any()


@pytest.mark.parametrize("length", [145, 576, 577, 2000])
def test_nothing_is_seen_of_the_characters_of_longer_words(length):
    rendered = render(["中" * length, "中"], [open_face("song")], words=True)
    assert rendered.source[:, 0].tolist() == [Source.SEVERAL, 0]
    assert not rendered.images[0].any()


def test_a_word_with_a_character_that_no_face_has_is_missing():
    rendered = render(["中𠀀", "##天"], [open_face("kai")], words=True)
    assert rendered.source[:, 0].tolist() == [Source.MISSING, Source.CONTINUATION]


def test_figures_are_those_of_the_drawn_rows(rendered):
    drawn = rendered.images[rendered.source[:, KAI] >= 0, KAI] / 255
    figures = rendered.figures()[KAI]
    assert figures["rows"] == len(drawn)
    assert figures["mean"] == pytest.approx(drawn.mean())
    assert figures["variance"] == pytest.approx(drawn.var())
    nothing = render(["##x"], [open_face("kai")]).figures()[0]
    assert nothing == {"rows": 0, "mean": 0.0, "variance": 0.0}


@settings(max_examples=50, deadline=None)
@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=1))
def test_any_character_is_drawn_or_says_why_not(character):
    rendered = render([character], [open_face("song")], fallback=[open_face("kai")])
    assert (rendered.source[0, 0] >= 0) == bool(rendered.images.any())


def test_compose_keeps_every_pixel():
    images = [np.full((8, 8), value, np.uint8) for value in (1, 2, 3, 4, 5)]
    whole = compose(images, 24)
    assert [int((whole == value).sum()) for value in (1, 2, 3, 4, 5)] == [64] * 5


class TestFiles:
    def test_what_is_saved_is_read_back(self, tmp_path, rendered):
        save(rendered, ENTRIES, tmp_path)
        assert (load(tmp_path, n_entries=len(ENTRIES)) == rendered.images).all()
        record = json.loads((tmp_path / "glyphs.json").read_text(encoding="utf-8"))
        assert record["shape"] == [len(ENTRIES), 3, 24, 24]
        assert [face["name"] for face in record["faces"]] == ["song", "kai", "xing"]
        assert all(len(face["sha256"]) == 64 for face in record["faces"])
        assert record["channels"][XING]["rows"]["kai"] >= 1
        assert "龍" in record["channels"][XING]["lacks"]
        assert not list(tmp_path.glob(".glyphs*"))

    def test_another_vocabulary_is_refused(self, tmp_path, rendered):
        save(rendered, ENTRIES, tmp_path)
        with pytest.raises(DataError, match="not the images of 7 entries"):
            load(tmp_path, n_entries=7)

    def test_without_images_the_command_is_named(self, tmp_path):
        with pytest.raises(DataError, match=r"has no glyphs\.npy") as caught:
            load(tmp_path)
        assert "zhprep render-glyphs --vocab" in caught.value.hint


def characters(*names):
    """Return the characters of the first files of faces, in order."""
    return sorted(set().union(*(map(chr, code_points(vendored()[name].path)) for name in names)))


def test_the_bytes_of_all_images_that_one_file_per_face_gave_stay():
    images = build(GlyphsConfig(), characters("song", "kai", "xing")).images
    assert images.shape == (9740, 3, 24, 24)
    assert hashlib.sha256(images.tobytes()).hexdigest()[:16] == "ae77a161c804388b"


def test_every_ideograph_of_the_unified_block_and_extension_a_has_ink():
    ideographs = [chr(code) for code in (*range(0x3400, 0x4DC0), *range(0x4E00, 0xA000))]
    drawn = build(GlyphsConfig(font=("song",), missing="zeros"), ideographs)
    assert drawn.images.any(axis=(2, 3)).all()
    assert (drawn.source == SONG).all()
    rare = [ideographs[i] for i in range(0, len(ideographs), 40)]
    assert build(GlyphsConfig(), rare).images.any(axis=(2, 3)).all()


def test_what_no_face_has_is_listed(rendered):
    assert rendered.without_image(ENTRIES) == ["𠀀"]
    entries = ["中", "菶", "—", "𰻝", "ไ", "##中", "today"]
    assert build(GlyphsConfig(), entries).without_image(entries) == ["ไ"]
