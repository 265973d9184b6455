"""The character map reader against the library that knows all formats."""

from __future__ import annotations

import struct

import pytest

from zhprep.core.errors import DataError
from zhprep.glyphs import vendored
from zhprep.glyphs.coverage import _groups, _segments, _trimmed, code_points, n_faces

font_tools = pytest.importorskip("fontTools.ttLib")


FILES = [part.path for face in vendored().values() for part in (face, *face.more)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_equals_fonttools_on_the_vendored_faces(path):
    with font_tools.TTFont(path, lazy=True) as font:
        assert code_points(path).tolist() == sorted(font.getBestCmap())


def test_reads_segments_with_an_array_of_glyphs():
    # One segment, a to d, glyphs from an array in which c is missing, and the closing segment.
    words = [4, 0, 0, 4, 0, 0, 0, ord("d"), 0xFFFF, 0, ord("a"), 0xFFFF, 0, 1, 4, 0, 5, 6, 0, 7]
    assert "".join(map(chr, _segments(struct.pack(f">{len(words)}H", *words)))) == "abd"


def test_reads_groups_and_leaves_out_what_maps_to_no_glyph():
    groups = [(ord("a"), ord("c"), 0), (0x20000, 0x20001, 9)]
    table = struct.pack(">4xLLL", 0, 0, len(groups)) + b"".join(struct.pack(">3L", *group) for group in groups)
    assert _groups(table).tolist() == [ord("b"), ord("c"), 0x20000, 0x20001]


def test_reads_a_trimmed_table():
    table = struct.pack(">8H", 6, 16, 0, ord("x"), 3, 9, 0, 8)
    assert "".join(map(chr, _trimmed(table))) == "xz"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"hello, I am text", "not a TrueType"),
        (b"", "not a TrueType"),
        (b"ttcf\x00\x01", "not a TrueType"),
        (b"wOF2" + bytes(40), "web font"),
    ],
)
def test_a_file_that_is_no_font_is_one_clear_line(tmp_path, content, message):
    path = tmp_path / "x.ttf"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message) as caught:
        n_faces(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_cut_font_is_bad_data(tmp_path):
    path = tmp_path / "cut.ttf"
    path.write_bytes(vendored()["kai"].path.read_bytes()[:200])
    with pytest.raises(DataError, match=r"damaged|no character map"):
        code_points(path)
