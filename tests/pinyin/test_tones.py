"""The tones of 一 and 不: one way for every engine, the dictionary's or that of speech."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypinyin.constants import PHRASES_DICT

from zhprep.pinyin import FlatText, PinyinConfig, build
from zhprep.pinyin.syllables import ids, names

PHRASES = sorted(phrase for phrase in PHRASES_DICT if "一" in phrase or "不" in phrase)
ENGINES = ("context", "pypinyin", "g2pm")


@pytest.fixture(scope="module", params=ENGINES)
def stages(request):
    return {sandhi: build(PinyinConfig(engine=request.param, sandhi=sandhi)) for sandhi in (False, True)}


def test_no_phrase_keeps_a_tone_of_speech_by_default(stages):
    text = FlatText.from_sentences(PHRASES)
    read = stages[False].read(text)
    assert {names()[n] for n in read[text.codes == ord("一")]} == {"yi1"}
    assert {names()[n] for n in read[text.codes == ord("不")]} <= {"bu4", "fou3"}
    assert len(PHRASES) > 2000


def test_sandhi_changes_nothing_but_these_two(stages):
    text = FlatText.from_sentences(PHRASES)
    plain, spoken = stages[False].read(text), stages[True].read(text)
    changed = np.flatnonzero(plain != spoken)
    assert set(text.codes[changed].tolist()) == {ord("一"), ord("不")}
    assert {names()[n] for n in spoken[text.codes == ord("一")]} == {"yi1", "yi2", "yi4"}


def test_before_a_fourth_tone(stages):
    text = FlatText.from_sentences(["不去", "不来", "一块", "一起"])
    assert [names()[n] for n in stages[True].read(text)[::2]] == ["bu2", "bu4", "yi2", "yi4"]


def test_a_neutral_tone_counts_as_the_tone_it_comes_from():
    text = FlatText.from_sentences(["一个", "不是"])
    syllables = np.array([ids()[name] for name in ("yi1", "ge5", "bu4", "shi5")], np.uint16)
    stage = build(PinyinConfig(engine="pypinyin", sandhi=True))
    stage.engine.read = lambda _text: syllables
    assert [names()[n] for n in stage.read(text)] == ["yi2", "ge5", "bu2", "shi5"]


@pytest.mark.parametrize(
    ("traditional", "simplified", "ends"),
    [
        ("統一戰線", "统一战线", [4]),
        ("這一天", "这一天", [2, 3]),
        ("進一步", "进一步", [2, 3]),
        ("專一性", "专一性", [3]),
    ],
)
def test_in_traditional_characters_as_in_simplified(stages, traditional, simplified, ends):
    heard, expected = (stages[True].read(FlatText.from_sentences([one], [ends])) for one in (traditional, simplified))
    assert heard[1] == expected[1]
    assert names()[heard[1]] == {"天": "yi4", "步": "yi2"}.get(simplified[2], "yi1")


def test_what_follows_in_another_sentence_does_not_count(stages):
    text = FlatText.from_sentences(["不", "去", "一", "", "去"])
    assert [names()[n] for n in stages[True].read(text)] == ["bu4", "qu4", "yi1", "qu4"]


@given(st.lists(st.text(st.sampled_from("一不第个是来十百了的去天a，"), max_size=8), max_size=5))
def test_any_text(sentences):
    text = FlatText.from_sentences(sentences)
    for sandhi in (False, True):
        read = build(PinyinConfig(engine="pypinyin", sandhi=sandhi)).read(text)
        assert len(read) == len(text.codes)
        assert ((read > 0) == np.isin(text.codes, [ord(c) for c in "一不第个是来十百了的去天"])).all()
