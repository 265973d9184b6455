"""The engine g2pm predicts what the package g2pM predicts."""

from __future__ import annotations

import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhprep.pinyin import FlatText, PinyinConfig, build
from zhprep.pinyin.syllables import ids

g2pM = pytest.importorskip("g2pM")

pytestmark = pytest.mark.reference


@pytest.fixture(scope="module")
def theirs():
    with warnings.catch_warnings(action="ignore", category=ResourceWarning):  # it leaves its files open
        return g2pM.G2pM()


@pytest.fixture(scope="module")
def ours():
    return build(PinyinConfig(engine="g2pm")).engine


def agree(theirs, ours, sentences):
    expected = []
    for sentence in sentences:
        read = theirs(sentence, char_split=True) if sentence else []
        assert len(read) == len(sentence)
        expected += [ids().get(syllable, 0) if syllable != c else 0 for syllable, c in zip(read, sentence, strict=True)]
    assert ours.read(FlatText.from_sentences(sentences)).tolist() == expected


def test_real_sentences(theirs, ours, shared_data):
    sentences = []
    for name in ("prose_public_domain_fiction", "traditional_wiki_drcd", "noisy_waimai_reviews"):
        lines = (shared_data / "corpus" / f"{name}.txt").read_text(encoding="utf-8").split("\n")
        sentences += [line for line in lines if line][:250]
    agree(theirs, ours, sentences)


@given(st.lists(st.text(st.sampled_from("他的银行长重还给好地得着了一不ab1，。시끝龍長𠀀"), max_size=20), max_size=4))
def test_any_sentences(theirs, ours, sentences):
    agree(theirs, ours, sentences)
