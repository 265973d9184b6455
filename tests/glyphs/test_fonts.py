"""The typefaces that travel with zhprep, and the user's own."""

from __future__ import annotations

import hashlib
import tomllib

import pytest

from zhprep.core.errors import DataError, UsageError
from zhprep.glyphs import open_face, vendored
from zhprep.glyphs.fonts import folder

FACES = tomllib.loads((folder() / "fonts.toml").read_text(encoding="utf-8"))["face"]


def gb2312():
    for row in range(0xB0, 0xF8):
        for cell in range(0xA1, 0xFF):
            try:
                yield bytes((row, cell)).decode("gb2312")
            except UnicodeDecodeError:
                continue


@pytest.mark.parametrize("face", FACES, ids=lambda face: face["name"])
def test_every_face_is_the_recorded_files_with_their_licence(face):
    for part in (face, *face.get("more", [])):
        path = folder() / part["file"]
        assert hashlib.sha256(path.read_bytes()).hexdigest() == part["sha256"]
        assert path.stat().st_size < 6_000_000
    licence = (folder() / face["license_file"]).read_text(encoding="utf-8")
    assert "SIL OPEN FONT LICENSE Version 1.1" in licence


def test_no_font_file_is_there_that_the_table_does_not_name():
    named = {part["file"] for face in FACES for part in (face, *face.get("more", []))}
    assert {path.name for path in folder().iterdir() if path.suffix in (".otf", ".ttf")} == named


@pytest.mark.parametrize("part", [vendored()["kai"], *vendored()["kai"].more], ids=lambda part: part.path.name)
def test_the_reserved_name_is_nowhere_in_the_renamed_face(part):
    font_tools = pytest.importorskip("fontTools.ttLib")
    with font_tools.TTFont(part.path, lazy=True) as font:
        named = {record.nameID: record.toUnicode() for record in font["name"].names}
    assert named[1] == named[4] == "ZhprepKai"
    for number in (1, 3, 4, 6, 16, 18):
        assert "LXGW" not in named.get(number, "")
        assert "霞鹜" not in named.get(number, "")


def test_every_character_of_gb2312_has_two_styles():
    characters = set(gb2312())
    assert len(characters) == 6763
    assert characters <= vendored()["song"].characters
    assert characters <= vendored()["kai"].characters
    assert len(characters & vendored()["xing"].characters) > 5600


UNIFIED, EXTENSION_A = set(map(chr, range(0x4E00, 0xA000))), set(map(chr, range(0x3400, 0x4DC0)))


def test_every_ideograph_of_the_unified_block_and_extension_a():
    song, kai = vendored()["song"], vendored()["kai"]
    assert len(UNIFIED | EXTENSION_A) == 27584
    assert song.characters >= UNIFIED | EXTENSION_A
    assert kai.characters >= UNIFIED
    assert len(kai.characters & EXTENSION_A) == 503


@pytest.mark.parametrize("name", ["song", "kai"])
def test_each_character_is_in_one_file_of_its_face(name):
    face = vendored()[name]
    parts = [set(part.characters if part is not face else face._own) for part in (face, *face.more)]
    ideographs = [{c for c in part if ord(c) >= 0x3400} for part in parts]
    assert sum(map(len, ideographs)) == len(set().union(*ideographs))
    assert all(face.part_with(c).path.name == face.more[0].path.name for c in sorted(ideographs[1])[:50])


def collection(folder, *names):
    """Write a TrueType collection of vendored faces."""
    font_tools = pytest.importorskip("fontTools.ttLib")
    subset = pytest.importorskip("fontTools.subset")
    result = font_tools.TTCollection()
    for name in names:
        font = font_tools.TTFont(vendored()[name].path)
        subsetter = subset.Subsetter()
        subsetter.populate(text="中国")
        subsetter.subset(font)
        result.fonts.append(font)
    result.save(folder / "two.ttc", shareTables=False)
    return folder / "two.ttc"


def test_a_collection_needs_an_index_and_says_which_there_are(tmp_path):
    path = collection(tmp_path, "song", "kai")
    with pytest.raises(UsageError, match="holds 2 typefaces") as caught:
        open_face(str(path))
    assert "two.ttc#0 (Noto Serif SC Regular), two.ttc#1 (ZhprepKai Regular)" in caught.value.hint
    assert open_face(f"{path}#1").family == "ZhprepKai Regular"
    assert open_face(f"{path}#0").characters == frozenset("中国")
    with pytest.raises(UsageError, match="there is no #2"):
        open_face(f"{path}#2")


def test_a_face_that_does_not_exist_names_the_nearest():
    with pytest.raises(UsageError, match="no typeface 'sung'") as caught:
        open_face("sung")
    assert "did you mean 'song'" in caught.value.hint


def test_a_file_that_is_no_font_is_bad_data(tmp_path):
    path = tmp_path / "notes.ttf"
    path.write_text("not a font", encoding="utf-8")
    with pytest.raises(DataError, match=r"notes\.ttf is not a TrueType"):
        open_face(str(path))


def test_a_file_may_have_a_hash_in_its_name(tmp_path):
    path = tmp_path / "kai#1"
    path.write_bytes(vendored()["kai"].path.read_bytes())
    assert open_face(str(path)).index == 0
