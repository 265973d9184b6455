"""What every pinyin engine must do, run over the whole family."""

from __future__ import annotations

import importlib
import pkgutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhprep.pinyin import ENGINES, FlatText, PinyinConfig, engines
from zhprep.pinyin.syllables import names

WITHOUT_FILES = sorted(set(ENGINES) - {"g2pw"})

SENTENCES = st.lists(
    st.text(st.sampled_from("银行长重还给好地的一不了abc1，。 \u3000𠀀𝒳é龍長のカ嗯"), max_size=9), max_size=5
)


@pytest.fixture(scope="module", params=WITHOUT_FILES)
def engine(request):
    return ENGINES[request.param](PinyinConfig(engine=request.param))


def test_folder_and_dict_are_equal():
    modules = {module.name for module in pkgutil.iter_modules(engines.__path__)}
    assert modules == {name.replace("-", "_") for name in ENGINES}
    for name in ENGINES:
        assert ENGINES[name].__module__ == importlib.import_module(f"zhprep.pinyin.engines.{name}").__name__
        assert ENGINES[name].name == name


def read(engine, sentences, ends=None):
    return engine.read(FlatText.from_sentences(sentences, ends))


@given(SENTENCES)
def test_one_syllable_id_per_code_point(engine, sentences):
    syllables = read(engine, sentences)
    text = "".join(sentences)
    assert syllables.dtype == np.uint16
    assert len(syllables) == len(text)
    assert syllables.max(initial=0) < len(names())
    assert not any(number for number, c in zip(syllables, text, strict=True) if c in "abc1，。 \u3000𝒳éのカ")


@given(SENTENCES, st.integers(0, 5))
def test_the_result_does_not_depend_on_what_is_beside_it(engine, sentences, cut):
    whole = read(engine, sentences)
    parts = [read(engine, sentences[:cut]), read(engine, sentences[cut:])]
    assert whole.tolist() == np.concatenate(parts).tolist()


def test_many_sentences_of_many_lengths(engine):
    sentences = ["银行行长重" * n + "。" for n in range(0, 120, 7)] * 40
    whole = read(engine, sentences)
    one = {sentence: read(engine, [sentence]).tolist() for sentence in set(sentences)}
    assert whole.tolist() == [number for sentence in sentences for number in one[sentence]]


def test_the_text_is_left_alone_and_reading_twice_is_the_same(engine):
    text = FlatText.from_sentences(["重庆重量还给还有", "他慢慢地走了"], [[2, 4, 6, 8], [1, 3, 4, 5, 6]])
    before = text.codes.copy()
    first = engine.read(text)
    assert (engine.read(text) == first).all()
    assert (text.codes == before).all()


def test_the_fingerprint_is_one_line_and_stays(engine):
    again = ENGINES[engine.name](PinyinConfig(engine=engine.name))
    assert engine.fingerprint() == again.fingerprint()
    assert engine.fingerprint().isprintable()


def test_fingerprints_differ():
    prints = {ENGINES[name](PinyinConfig(engine=name)).fingerprint() for name in WITHOUT_FILES}
    assert len(prints) == len(WITHOUT_FILES)
