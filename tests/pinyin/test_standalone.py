"""The rules for characters that stand as a word by themselves."""

from __future__ import annotations

from itertools import accumulate

import numpy as np

from zhprep.pinyin import FlatText
from zhprep.pinyin.phrases import PhraseReadings
from zhprep.pinyin.standalone import rules, votes
from zhprep.pinyin.syllables import names


def applied(*sentences):
    """Return (place, syllable) of every rule that applies to sentences of words separated by spaces."""
    words = [sentence.split(" ") if sentence else [] for sentence in sentences]
    text = FlatText.from_sentences(["".join(row) for row in words], [list(accumulate(map(len, row))) for row in words])
    found = votes(text, PhraseReadings.load().first > 0)
    return {(int(place), names()[rule.syllable]) for rule, places in found for place in places}


def test_what_stands_before_and_after():
    assert applied("慢慢 地 走") == {(2, "de5")}
    assert applied("地 很 大") == set()
    assert applied("慢慢 地 ，") == set()
    assert applied("三 只 猫") == {(1, "zhi3"), (1, "zhi1")}


def test_only_words_of_one_character():
    assert applied("土地 大") == set()
    assert applied("还有") == set()
    assert applied("还 有") == {(0, "hai2")}


def test_neighbours_in_another_sentence_do_not_count():
    assert applied("很 长") == {(1, "chang2")}
    assert applied("很", "长") == set()
    assert applied("他 慢慢 地", "走") == set()
    assert applied("", "长", "") == set()


def test_every_rule_is_for_one_character_and_weighs_something():
    assert len(rules()) >= 15
    assert all(rule.weight > 0 and rule.syllable > 0 for rule in rules())
    assert all(PhraseReadings.load().first[np.uint32(rule.character)] for rule in rules())
