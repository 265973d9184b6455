"""Joined emoji are one word, and nothing else is otherwise than the engine has it."""

from __future__ import annotations

import pathlib

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from zhprep.segment import SegmentConfig, Segmenter, load_engine

JOINED = [
    "👍🏽",
    "👨‍👩‍👧‍👦",
    "👩🏽‍💻",
    "🇨🇳",
    "1️⃣",
    "#⃣",
    "♥️",
    "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    "🏳️‍🌈",
]
PIECES = st.one_of(st.sampled_from(JOINED), st.sampled_from("我们好，a1😀\u200d\ufe0f🇯🏽\u20e3𠮷\U000e0100"))
CUTTING = SegmentConfig(cws="characters")


@pytest.mark.parametrize("emoji", JOINED)
@pytest.mark.parametrize("cws", ["jieba", "characters"])
def test_one_word(emoji: str, cws: str) -> None:
    segmenter = Segmenter(SegmentConfig(cws=cws))
    assert segmenter.cut([f"好{emoji}好", "好", emoji * 2]) == [["好", emoji, "好"], ["好"], [emoji, emoji]]
    apart = Segmenter(SegmentConfig(cws=cws, whole_emoji=False)).cut([f"好{emoji}好"])
    assert apart == load_engine(SegmentConfig(cws=cws)).cut([f"好{emoji}好"]) == [["好", *emoji, "好"]]


@given(st.lists(st.lists(PIECES, max_size=8).map("".join), max_size=4))
def test_words_of_characters_are_never_less_than_grapheme_clusters_of_emoji(sentences: list[str]) -> None:
    """Each word is one character, or a joined emoji within one extended grapheme cluster."""
    for sentence, words in zip(sentences, Segmenter(CUTTING).cut(sentences), strict=True):
        assert "".join(words) == sentence
        clusters = {0}
        for cluster in regex.findall(r"\X", sentence):
            clusters.add(max(clusters) + len(cluster))
        place = 0
        for word in words:
            assert not clusters & set(range(place + 1, place + len(word))), (sentence, words)
            place += len(word)


def test_on_the_corpora_only_joined_emoji_differ(shared_data: pathlib.Path) -> None:
    ours, engine, differ = Segmenter(SegmentConfig()), load_engine(SegmentConfig()), 0
    for path in sorted((shared_data / "corpus").glob("*.txt")):
        lines = [line for line in path.read_text("utf-8").split("\n") if regex.search(r"[\u200d\u20e3\ufe0f]", line)]
        for line, whole, apart in zip(lines, ours.cut(lines), engine.cut(lines), strict=True):
            whole_ends = {sum(map(len, whole[: n + 1])) for n in range(len(whole))}
            lost = [sum(map(len, apart[: n + 1])) for n in range(len(apart))]
            lost = [end for end in lost if end not in whole_ends]
            assert all(line[end] in "\u200d\u20e3\ufe0f" or line[end - 1] == "\u200d" for end in lost), line
            assert len(whole) == len(apart) - len(lost)
            differ += bool(lost)
    assert differ == 31
