"""The syllable inventory and its spelling, with ChineseBERT's golden values."""

from __future__ import annotations

import hashlib
import importlib.resources

import pytest

from zhprep.pinyin.syllables import LETTERS, ids, names, spell, spellings

# Ids are written into data sets: the file may grow at its end, and this hash is of its first 1,568 lines.
FIRST_LINES = "863faf25e8536db839d418114245131a56b36cff90e3ea42e1468d74fa4344f5"


def test_the_ids_of_the_inventory_never_move():
    lines = (importlib.resources.files("zhprep.pinyin") / "syllables.txt").read_text(encoding="utf-8").splitlines()
    assert hashlib.sha256("\n".join(lines[:1568]).encode()).hexdigest() == FIRST_LINES


def test_names_are_distinct_and_zero_is_none():
    assert names()[0] == ""
    assert len(set(names())) == len(names()) <= 1 << 16
    assert all(name[-1] in "12345" for name in names()[1:])


@pytest.mark.parametrize(
    ("syllable", "numbers"),
    [
        ("zhong1", [31, 13, 20, 19, 12, 1, 0, 0]),
        ("wo3", [28, 20, 3, 0, 0, 0, 0, 0]),
        ("hao2", [13, 6, 20, 2, 0, 0, 0, 0]),
        ("de5", [9, 10, 5, 0, 0, 0, 0, 0]),
        ("de", [9, 10, 5, 0, 0, 0, 0, 0]),
        ("zhuang4", [31, 13, 26, 6, 19, 12, 4, 0]),
        ("lv4", [17, 27, 4, 0, 0, 0, 0, 0]),
        ("ê2", [0] * 8),
        ("", [0] * 8),
    ],
)
def test_golden_spellings(syllable, numbers):
    assert spell(syllable) == numbers


def test_the_table_spells_every_id():
    assert spellings().shape == (len(names()), 8)
    assert (spellings() < len(LETTERS)).all()
    for number, name in enumerate(names()):
        assert spellings()[number].tolist() == spell(name)


@pytest.mark.parametrize(
    ("spelling", "name"),
    [("lu:4", "lv4"), ("lü4", "lv4"), ("de", "de5"), ("r5", "er5"), ("nv3", "nv3"), ("lve4", "lve4")],
)
def test_the_spellings_of_other_tools_are_known(spelling, name):
    assert names()[ids()[spelling]] == name


def test_lu_and_lv_are_two_syllables():
    assert ids()["lu4"] != ids()["lv4"]
