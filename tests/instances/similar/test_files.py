"""Reading similar words: same number of tokens, known, another word."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from zhprep.core.errors import DataError
from zhprep.instances.similar import read_similar_words


def write(tmp_path, text):
    path = tmp_path / "similar.tsv"
    path.write_text(text, "utf-8")
    return path


def ids_of(vocabulary, text):
    return np.array([vocabulary.ids[character] for character in text])


def test_only_words_of_as_many_known_tokens_are_taken(vocabulary, tmp_path):
    lines = "我们\t你们\t0.9\n我们\t他\t0.8\n我们\t我们\t1\n我们\t鑫鑫\t0.7\n人\t鑫\t0.5\n鑫\t人\t0.5\n"
    lines += "大\t小\t0.4\n大\t多\n"
    table = read_similar_words(write(tmp_path, "# made by hand\n" + lines), vocabulary)
    assert sorted(table.sizes.tolist()) == [1, 2]
    row = table.find(ids_of(vocabulary, "我们"), np.array([0]), np.array([2]))
    assert table.pick(row, np.zeros(1, np.uint64)).tolist() == ids_of(vocabulary, "你们").tolist()
    row = table.find(ids_of(vocabulary, "大"), np.array([0]), np.array([1]))
    draws = np.arange(0, 2**64 - 1, 2**60, dtype=np.uint64)
    picked = table.pick(np.repeat(row, len(draws)), draws)
    assert set(picked.tolist()) == set(ids_of(vocabulary, "小多").tolist())


def test_words_that_are_not_in_the_table(vocabulary, tmp_path):
    table = read_similar_words(write(tmp_path, "我们\t你们\n大\t小\n"), vocabulary)
    tokens = ids_of(vocabulary, "我的大我们")
    rows = table.find(tokens, np.array([0, 1, 2, 3]), np.array([1, 1, 1, 2]))
    assert (rows >= 0).tolist() == [False, False, True, True]


def test_equal_hashes_are_not_enough(vocabulary, tmp_path):
    table = read_similar_words(write(tmp_path, "大\t小\n"), vocabulary)
    tokens, start, size = ids_of(vocabulary, "大"), np.array([0]), np.array([1])
    assert table.find(tokens, start, size).tolist() == [0]
    forged = dataclasses.replace(table, words=ids_of(vocabulary, "多"))
    assert forged.find(tokens, start, size).tolist() == [-1]


@pytest.mark.parametrize(("text", "match"), [("我们 你们\n", ":1: not word"), ("鑫\t淼\n", "no word"), ("", "no word")])
def test_files_of_no_use_are_refused(vocabulary, tmp_path, text, match):
    with pytest.raises(DataError, match=match):
        read_similar_words(write(tmp_path, text), vocabulary)


def test_a_missing_file_is_refused(vocabulary, tmp_path):
    with pytest.raises(DataError, match="cannot read"):
        read_similar_words(tmp_path / "none.tsv", vocabulary)
