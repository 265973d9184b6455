"""Traditional text is heard as its Simplified form, but for what the character as written alone decides."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhprep.core.simplified import simplify
from zhprep.pinyin import FlatText, PinyinConfig, build
from zhprep.pinyin.score import read_gold, score
from zhprep.pinyin.syllables import names


@pytest.fixture(scope="module")
def stage():
    return build(PinyinConfig())


def read(stage, *sentences):
    return [names()[n] for n in stage.read(FlatText.from_sentences(list(sentences)))]


@pytest.mark.parametrize(("traditional", "simplified"), [("長城", "长城"), ("重慶", "重庆"), ("還給", "还给")])
@pytest.mark.parametrize("engine", ["context", "pypinyin", "g2pm"])
def test_words_are_heard_as_in_simplified_characters(engine, traditional, simplified):
    stage = build(PinyinConfig(engine=engine))
    assert read(stage, traditional) == read(stage, simplified)


def test_one_simplified_character_for_several(stage):
    assert read(stage, "理髮", "發現") == ["li3", "fa4", "fa1", "xian4"]
    assert read(stage, "三隻", "隻") == ["san1", "zhi1", "zhi1"]
    assert read(stage, "我們") == ["wo3", "men5"]


def test_without_the_shadow_an_engine_reads_what_is_written():
    plain = build(PinyinConfig(engine="pypinyin", via_simplified=False))
    assert read(plain, "長城") == ["zhang3", "cheng2"]


@given(st.lists(st.text(st.sampled_from("長城發髮乾隆隻a，😀𠮷 还"), max_size=8), max_size=4))
def test_any_text_keeps_its_places_and_is_left_alone(sentences):
    text = FlatText.from_sentences(sentences)
    before = text.codes.copy()
    heard = build(PinyinConfig(engine="pypinyin")).read(text)
    assert len(heard) == len(before)
    assert (text.codes == before).all()


def test_cpp_in_traditional_characters_within_one_point(stage, shared_data):
    opencc = pytest.importorskip("opencc")
    convert = opencc.OpenCC("s2t").convert
    gold = read_gold(shared_data / "pinyin_gold" / "cpp_test.tsv")
    traditional = dataclasses.replace(gold, sentences=[convert(sentence) for sentence in gold.sentences])
    ours, theirs = score(gold, stage.read)["accuracy"], score(traditional, stage.read)["accuracy"]
    assert theirs > ours - 0.01
    assert ours > 0.97


def test_the_shadow_and_the_text_have_equal_readings_of_what_has_one_source(stage):
    text = FlatText.from_sentences(["我們在圖書館讀書，時間過得很快。"])
    simple = dataclasses.replace(text, codes=simplify(text.codes))
    simple = dataclasses.replace(simple, utf8=memoryview(simple.codes.tobytes().decode("utf-32-le").encode()))
    assert np.array_equal(stage.read(text), stage.read(simple))
