"""The pypinyin engine gives what pypinyin gives for the same words."""

from __future__ import annotations

import pypinyin
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypinyin.constants import PHRASES_DICT, PINYIN_DICT

from zhprep.pinyin import FlatText, PinyinConfig, build
from zhprep.pinyin.syllables import ids


@pytest.fixture(scope="module")
def engine():
    return build(PinyinConfig(engine="pypinyin")).engine


def pypinyin_reads(words):
    """Return the ids of pypinyin's syllables of words handed over one by one as strings."""
    result = []
    for word in words:
        syllables = pypinyin.lazy_pinyin(
            word, style=pypinyin.Style.TONE3, neutral_tone_with_five=True, errors=lambda run: [""] * len(run)
        )
        result += [ids()[syllable] if syllable else 0 for syllable in syllables]
    return result


def ours(engine, words):
    ends = [sum(map(len, words[: i + 1])) for i in range(len(words))]
    return engine.read(FlatText.from_sentences(["".join(words)], [ends])).tolist()


def test_every_phrase_of_its_dictionary(engine):
    phrases = sorted(PHRASES_DICT)
    assert ours_in_bulk(engine, phrases) == pypinyin_reads(phrases)


def test_every_character_of_its_dictionary(engine):
    characters = [chr(code) for code in sorted(PINYIN_DICT)]
    assert ours_in_bulk(engine, characters) == pypinyin_reads(characters)


def ours_in_bulk(engine, words):
    return engine.read(FlatText.from_sentences(words)).tolist()


PIECE = st.one_of(
    st.sampled_from(sorted(PHRASES_DICT)), st.text(st.sampled_from("重长行一不了的还给Aa1，〇々ー𠀀\ue815"), max_size=3)
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.lists(PIECE, min_size=1, max_size=4).map("".join).filter(bool), min_size=1, max_size=5))
def test_words_made_of_phrases_and_noise(engine, words):
    assert ours(engine, words) == pypinyin_reads(words)
    assert ours(engine, words) == ours(engine, words)  # from the words kept


def test_an_unknown_word_is_read_by_the_phrases_in_it(engine):
    assert ours(engine, ["洗发水"]) == [ids()[s] for s in ("xi3", "fa4", "shui3")]
    assert pypinyin.lazy_pinyin(["洗发水"], style=pypinyin.Style.TONE3)[1] == "fa1"


def test_its_fingerprint_names_version_and_dictionary(engine):
    assert engine.fingerprint().startswith(f"pypinyin {pypinyin.__version__} ")
    assert len(engine.fingerprint().split()[-1]) == 16
