"""The stage: from the ``words`` table to the ``pinyin`` table, aligned to the character."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhprep.core.errors import DataError, UsageError
from zhprep.core.report import Account
from zhprep.core.schema import PINYIN, WORDS
from zhprep.pinyin import PinyinConfig, build
from zhprep.pinyin.syllables import names


def words_batch(documents):
    """Return a batch of the words table from documents of sentences of words."""
    sentences = [["".join(words) for words in document] for document in documents]
    ends = [
        [[sum(map(len, words[: i + 1])) for i in range(len(words))] for words in document] for document in documents
    ]
    columns = [pa.array([f"d{i}" for i in range(len(documents))]), pa.array(sentences), pa.array(ends)]
    return pa.RecordBatch.from_arrays(
        [column.cast(field.type) for column, field in zip(columns, WORDS, strict=True)], schema=WORDS
    )


def read(documents):
    """Return the syllables' names of every character of every sentence."""
    result = build(PinyinConfig(engine="pypinyin"))(words_batch(documents), Account())
    assert result.schema == PINYIN
    return [[[names()[n] for n in row] for row in document] for document in result.column("syllables").to_pylist()]


def test_one_syllable_per_character_and_none_elsewhere():
    read_aloud = read([[["我", "爱", "Linux", "，", "100", "𠀀", "年"], []], [], [["银行"]]])
    assert read_aloud[0][0] == ["wo3", "ai4", *[""] * 9, "he1", "nian2"]
    assert read_aloud[0][1] == []
    assert read_aloud[1:] == [[], [["yin2", "hang2"]]]


def test_what_has_no_reading_is_counted():
    account = Account()
    build(PinyinConfig())(words_batch([[["我", "爱", "a，1"], ["\U000323af", "猫"]]]), account)
    assert account.counts == {"syllables": 3, "unread_characters": 1}


def test_the_other_columns_are_untouched():
    batch = words_batch([[["朝阳", "区"], ["a"]], []])
    result = build(PinyinConfig(engine="pypinyin"))(batch, Account())
    assert [result.column(name).equals(batch.column(name)) for name in WORDS.names] == [True] * 3


def test_a_slice_of_a_batch_reads_like_the_batch():
    documents = [[["银行"]], [["行走"], ["绿", "色"]], [["长城"], ["abc"]], [["长大"]]]
    stage = build(PinyinConfig(engine="pypinyin"))
    whole = stage(words_batch(documents), Account()).column("syllables").to_pylist()
    for start in range(4):
        for length in range(5 - start):
            part = stage(words_batch(documents).slice(start, length), Account())
            assert part.column("syllables").to_pylist() == whole[start : start + length]


def test_words_that_do_not_end_with_the_sentence_are_refused():
    batch = words_batch([[["今天"], ["天气", "好"]]])
    ends = pa.array([[[2], [2]]], WORDS.field("ends").type)
    broken = pa.RecordBatch.from_arrays([batch.column(0), batch.column(1), ends], schema=WORDS)
    with pytest.raises(DataError, match="天气好"):
        build(PinyinConfig(engine="pypinyin"))(broken, Account())


def test_an_unknown_engine_names_the_nearest():
    with pytest.raises(UsageError, match="unknown pinyin engine 'pinyin'") as caught:
        build(PinyinConfig(engine="pinyin"))
    assert "pypinyin" in caught.value.hint


TEXT = st.text(st.sampled_from("银行长重还给好好的一不了abc1，。 \u3000𠀀𝒳é龍のカ"), min_size=1, max_size=4)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(st.lists(TEXT, max_size=5), max_size=4), max_size=4))
def test_any_text_keeps_its_alignment(documents):
    result = read(documents)
    assert [[len(row) for row in document] for document in result] == [
        [len("".join(words)) for words in document] for document in documents
    ]
    for document, syllables in zip(documents, result, strict=True):
        for words, row in zip(document, syllables, strict=True):
            assert all(not name for c, name in zip("".join(words), row, strict=True) if c in "abc1，。 \u3000𝒳éのカ")
