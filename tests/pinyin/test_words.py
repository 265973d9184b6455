"""The table of words: each is read once, and the table can be kept in a file."""

from __future__ import annotations

import numpy as np
import pytest

from zhprep.core.errors import DataError
from zhprep.pinyin import FlatText, PinyinConfig, build
from zhprep.pinyin.words import FILE, WordTable, words_with

WORDS = [["银行", "的", "银行", "行长"], ["𠀀银行", "a行b"]]


@pytest.fixture
def text():
    ends = [np.cumsum([len(word) for word in words]).tolist() for words in WORDS]
    return FlatText.from_sentences(["".join(words) for words in WORDS], ends)


def counting_table():
    asked = []

    def read(word):
        asked.append(word)
        return [ord(c) % 1000 for c in word]

    return WordTable(read), asked


def test_each_distinct_word_is_read_once_and_put_in_its_places(text):
    table, asked = counting_table()
    wanted = np.zeros(0x110000, np.bool_)
    wanted[ord("行")] = True
    chosen = words_with(text, wanted)
    assert chosen.tolist() == [0, 2, 3, 4, 5]
    result = np.zeros(len(text.codes), np.uint16)
    table.fill(result, text, chosen)
    table.fill(result, text, chosen)
    assert sorted(asked) == sorted({"银行", "行长", "𠀀银行", "a行b"})
    assert result.tolist() == [0 if i == 2 else ord(c) % 1000 for i, c in enumerate(map(chr, text.codes))]


def test_a_kept_table_is_not_read_again(tmp_path, text):
    table, _ = counting_table()
    everything = np.arange(len(text.word_ends))
    first, second = np.zeros((2, len(text.codes)), np.uint16)
    table.fill(first, text, everything)
    table.save(tmp_path / FILE, "engine 1")
    again, asked = counting_table()
    assert again.load(tmp_path / FILE, "engine 1")
    again.fill(second, text, everything)
    assert not asked
    assert (first == second).all()
    assert len(again) == len(table) == 5


def test_a_table_of_another_engine_is_not_taken(tmp_path):
    table, _ = counting_table()
    table.save(tmp_path / FILE, "engine 1")
    assert not table.load(tmp_path / FILE, "engine 2")
    assert not table.load(tmp_path / "nothing.npz", "engine 1")
    assert table.load(tmp_path / FILE, "engine 1")
    assert len(table) == 0


def test_a_file_that_is_no_table_is_one_clear_line(tmp_path):
    (tmp_path / FILE).write_bytes(b"not an archive")
    with pytest.raises(DataError, match="is not a file of arrays"):
        counting_table()[0].load(tmp_path / FILE, "engine 1")


@pytest.mark.parametrize("name", ["pypinyin", "context"])
def test_an_engine_with_a_kept_table_reads_the_same(tmp_path, text, name):
    cold = build(PinyinConfig(engine=name)).engine
    expected = cold.read(text)
    cold.words.save(tmp_path / FILE, cold.fingerprint())
    warm = build(PinyinConfig(engine=name)).engine
    assert warm.words.load(tmp_path / FILE, warm.fingerprint())
    assert (warm.read(text) == expected).all()


def test_no_words_at_all():
    text = FlatText.from_sentences(["", ""])
    assert words_with(text, np.ones(0x110000, np.bool_)).tolist() == []
