"""Words of alphabets stay whole."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from zhprep.core import schema
from zhprep.core.report import Account
from zhprep.segment import SegmentConfig, build, cut, load_engine
from zhprep.segment.cuts import Cuts, split
from zhprep.segment.letters import join_letters
from zhprep.segment.sentences import Sentences


def words(sentences, **settings):
    batch = pa.RecordBatch.from_pydict({"doc": ["1"], "sentences": [sentences]}, schema=schema.TEXT)
    [row] = build(SegmentConfig(**settings))(batch, Account()).to_pylist()
    return [split(*pair) for pair in zip(row["sentences"], row["ends"], strict=True)]


def test_letters_stay_together_and_chinese_is_cut():
    text = ["Müller's café, 3 naïve", "Привет мир你好世界", "", "北京大学", "한국어 문장", "ภาษา"]
    assert words(text, whole_letters=True) == [
        ["Müller", "'", "s", " ", "café", ",", " ", "3", " ", "naïve"],
        ["Привет", " ", "мир", "你好", "世界"],
        [],
        ["北京大学"],
        ["한국어", " ", "문장"],
        ["ภ", "า", "ษ", "า"],  # a script without spaces: left to the segmenter
    ]
    assert words(text)[0][:3] == ["M", "ü", "ller"]


def test_every_character_by_itself_becomes_whole_words():
    assert words(["two words, 两个词"], cws="characters", whole_letters=True) == [
        ["two", " ", "words", ",", " ", "两", "个", "词"]
    ]


def joined(cuts, sentences):
    text = Sentences(sentences)
    marks = text.marks(cuts)
    join_letters(text, marks)
    return text.cuts(marks)


def plain(text, ends):
    """Without the ends that stand between two letters."""

    def letter(character):
        return character.isalnum() and not "\u4e00" <= character <= "\u9fff"

    return [end for end in ends if end == len(text) or not (letter(text[end - 1]) and letter(text[end]))]


@given(st.lists(st.text("aéЖ1我们, '", max_size=12), max_size=6), st.randoms())
def test_as_plain_loops_join_them(sentences, random):
    rows = [
        sorted({*random.sample(range(1, len(text) + 1), random.randint(0, len(text))), len(text)}) if text else []
        for text in sentences
    ]
    offsets = np.cumsum([0, *map(len, rows)])
    cuts = Cuts(offsets, np.array([end for row in rows for end in row], np.int32))
    found = joined(cuts, pa.array(sentences, pa.string()))
    got = [found.ends[a:b].tolist() for a, b in zip(found.offsets[:-1], found.offsets[1:], strict=True)]
    assert got == [plain(*pair) for pair in zip(sentences, rows, strict=True)]


def test_chinese_alone_is_as_the_engine_cut_it():
    sentences = pa.array(["使用语言模型来预测下一个词的概率。"])
    cuts = cut(load_engine(SegmentConfig()), sentences)
    assert np.array_equal(joined(cuts, sentences).ends, cuts.ends)
