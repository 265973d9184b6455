"""Readings of entries."""

from __future__ import annotations

import numpy as np
import pytest

from zhprep.core import rng
from zhprep.pinyin.chinesebert import id2pinyin, pinyin2tensor, pinyin_map
from zhprep.pinyin.readings import Readings, syllables_of
from zhprep.pinyin.syllables import ids, names

ENTRIES = ["[PAD]", "[MASK]", "行", "我", "##行", "银行", "a", "，", "的", "女", "##", "𠀀"]


@pytest.fixture(scope="module")
def readings():
    return Readings.of(ENTRIES)


def test_readings_of_one_character_entries(readings):
    assert [names()[n] for n in syllables_of("行")][:2] == ["xing2", "hang2"]
    assert syllables_of("##行") == syllables_of("行")
    assert names()[syllables_of("女")[0]] == "nv3"
    assert "de5" in [names()[n] for n in syllables_of("的")]
    for entry in ("[MASK]", "银行", "a", "，", "##", ""):
        assert syllables_of(entry) == []
    assert np.diff(readings.offsets).tolist() == [len(syllables_of(entry)) for entry in ENTRIES]


def test_the_usual_reading_is_the_first(readings):
    firsts = [names()[readings.syllables[readings.offsets[entry]]] for entry in (2, 3, 9)]
    assert firsts == ["xing2", "wo3", "nv3"]


def test_every_reading_is_drawn_and_no_other(readings):
    random = rng.bits(rng.keys(0, "test"), np.arange(4000))
    drawn = readings.draw(np.full(4000, 2), random)
    counts = {int(n): int(k) for n, k in zip(*np.unique(drawn, return_counts=True), strict=True)}
    assert set(counts) == set(syllables_of("行"))
    assert min(counts.values()) > 0.7 * 4000 / len(counts)
    assert not readings.draw(np.full(9, 6), random[:9]).any()


class TestTables:
    def test_the_alphabet(self):
        table = pinyin_map()
        assert table["idx2char"] == [*"012345", *"abcdefghijklmnopqrstuvwxyz"]
        assert table["char2idx"]["0"] == 0
        assert table["char2idx"]["z"] == 31

    def test_every_entry_has_a_row(self):
        table = id2pinyin(ENTRIES)
        assert list(table) == [str(number) for number in range(len(ENTRIES))]
        assert table["3"] == [[28, 20, 3, 0, 0, 0, 0, 0]]
        assert table["2"] == table["4"]
        assert table["0"] == table["5"] == table["6"] == [[0] * 8]

    def test_the_neutral_tone_is_in_the_value_and_not_in_the_key(self):
        table = pinyin2tensor()
        assert table["de"] == [9, 10, 5, 0, 0, 0, 0, 0]
        assert "de5" not in table
        assert table["zhong1"] == [31, 13, 20, 19, 12, 1, 0, 0]
        assert len(table) == len(names()) - 1
        assert all(ids()[name] for name in table)
