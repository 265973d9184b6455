"""Reading and scoring against a gold table."""

from __future__ import annotations

import pytest

from zhprep.core.errors import DataError
from zhprep.pinyin import PinyinConfig, build
from zhprep.pinyin.score import read_gold, score


def write(path, *rows):
    path.write_text("sentence\tindex\tcharacter\tpinyin\n" + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return path


def test_accuracy_and_errors(tmp_path):
    gold = read_gold(write(tmp_path / "gold.tsv", "去银行\t2\t行\thang2", "绿色\t0\t绿\tlu:4", "绿色\t0\t绿\tlu4"))
    result = score(gold, build(PinyinConfig(engine="pypinyin")).read, [[1, 3], [2], [2]])
    assert result["accuracy"] == pytest.approx(2 / 3)
    assert (result["rows"], result["correct"]) == (3, 2)
    assert result["errors"] == {"绿 lu4 read as lv4": 1}


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("银行\t1\t行", r"gold\.tsv:2: not a row"),
        ("银行\tx\t行\thang2", r"gold\.tsv:2: not a row"),
        ("银行\t0\t行\thang2", r"gold\.tsv:2: character 0 of the sentence is not '行'"),
        ("银行\t9\t行\thang2", r"gold\.tsv:2: character 9"),
        ("银行\t1\t行\thang6", r"gold\.tsv:2: 'hang6' is not a syllable"),
    ],
)
def test_a_bad_row_is_named(tmp_path, row, message):
    with pytest.raises(DataError, match=message):
        read_gold(write(tmp_path / "gold.tsv", row))
