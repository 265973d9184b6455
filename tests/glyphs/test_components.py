"""The parts of characters: which there are, which row has which, and what they look like."""

from __future__ import annotations

import json

import numpy as np
import pytest
from command_line import refused, zhprep

from zhprep.core.errors import DataError
from zhprep.glyphs import GlyphsConfig, draw, read_table, take_apart

TABLE = """# a comment
U+8BED\t语\t⿰讠吾
U+94F6\t银\t⿰钅艮
U+4EBA\t人\t人
U+67D0\t𠂤\t⿱丿&CDP-8B7C;
U+6797\t林\t⿰木木
U+4E2D\t中\t⿻口丨[GTJ]
U+2460\t①\t①
"""


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "ids.txt"
    path.write_text(TABLE, encoding="utf-8")
    return path


def test_every_row_is_accounted(table):
    entries = ["[PAD]", "语", "银", "人", "林", "中", "##语", "银行", "a", "龍", "𠂤"]
    found = take_apart(entries, read_table(table))
    assert found.parts == sorted("讠吾钅艮人木口丨丿")
    written = ["".join(found.parts[index] for index in row) for row in found.rows]
    assert written == ["", "讠吾", "钅艮", "人", "木木", "口丨", "", "", "", "", "丿"]
    assert found.account == {
        "not_in_the_table": 1, "not_one_character": 4, "part_without_code_point": 1, "taken_apart": 4, "whole": 1,
    }  # fmt: skip
    assert sum(found.account.values()) == len(entries)


def test_a_plain_list_of_parts(tmp_path):
    (tmp_path / "parts.txt").write_text("语\t讠 吾\n", encoding="utf-8")
    assert take_apart(["语"], read_table(tmp_path / "parts.txt")).parts == ["吾", "讠"]


@pytest.mark.parametrize("text", [b"", b"\xff\xfe\x00", b"no tabs here\n", b"a\tb\n"])
def test_a_table_that_is_none(tmp_path, text):
    (tmp_path / "ids.txt").write_bytes(text)
    with pytest.raises(DataError, match=r"ids\.txt") as error:
        read_table(tmp_path / "ids.txt")
    assert "语<TAB>⿰讠吾" in error.value.hint


def test_parts_are_drawn_beside_the_glyphs(table, vocab, tmp_path):
    settings = ("render-glyphs", "--vocab", vocab, "-o", tmp_path / "glyphs", "--font", "kai", "--size", 16)
    report = zhprep(*settings, "--decompose", table, "--json", "--quiet").report
    images = np.load(tmp_path / "glyphs" / "components.npy")
    record = json.loads((tmp_path / "glyphs" / "components.json").read_text("utf-8"))
    assert list(images.shape) == record["shape"] == report["components"]["shape"] == [len(record["parts"]), 1, 16, 16]
    entries = (vocab / "vocab.txt").read_text("utf-8").split("\n")[:-1]
    row = record["rows"][entries.index("银")]
    assert [record["parts"][index] for index in row] == ["钅", "艮"]
    assert (images == draw(GlyphsConfig(font=("kai",), size=16), record["parts"]).images).all()
    assert images[row[1]].any()
    assert len(record["rows"]) == len(entries)


def test_a_table_that_is_not_there_leaves_nothing(vocab, tmp_path):
    settings = ("render-glyphs", "--vocab", vocab, "-o", tmp_path / "glyphs")
    refused(zhprep(*settings, "--decompose", tmp_path / "ids.txt"), 3, "cannot read components from", "ids.txt")
    assert not (tmp_path / "glyphs").exists()
