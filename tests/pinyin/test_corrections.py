"""The table of corrected words."""

from __future__ import annotations

import importlib.resources

import numpy as np

from zhprep.pinyin import FlatText, PinyinConfig, build
from zhprep.pinyin.corrections import Corrections
from zhprep.pinyin.syllables import ids, names

TABLE = (importlib.resources.files("zhprep.pinyin") / "corrections.tsv").read_text(encoding="utf-8")
ROWS = [line.split("\t") for line in TABLE.splitlines() if not line.startswith("#")]
WORDS = [(row[0], row[1], word) for row in ROWS for word in row[2].split()]
REPORTED = sum(len(row[2].split()) for row in ROWS if row[3] != "words")
"""Words that users reported come first."""


def test_every_row_says_its_character_a_syllable_and_where_it_was_found():
    assert all(len(row) == 4 and len(row[0]) == 1 and row[1] in ids() and row[3] for row in ROWS)
    assert all(character in word for character, _, word in WORDS)
    assert len({(character, word) for character, _, word in WORDS}) == len(WORDS) > 400


def test_every_word_is_read_so():
    stage = build(PinyinConfig())
    words = [(character, syllable, word.replace("*", "增长")) for character, syllable, word in WORDS]
    text = FlatText.from_sentences([word for _, _, word in words])
    read = stage.read(text)
    for row, (character, syllable, word) in enumerate(words):
        heard = [names()[n] for n in read[text.sentence_offsets[row] : text.sentence_offsets[row + 1]]]
        assert {h for h, c in zip(heard, word, strict=True) if c == character} == {syllable}, word


def test_without_the_table_they_are_read_otherwise():
    """Nothing is there for nothing: without the table the engine gives something else, but for what was reported."""
    stage = build(PinyinConfig())
    stage.engine._corrections = Corrections("")
    text = FlatText.from_sentences([word.replace("*", "支持") for _, _, word in WORDS])
    read = stage.read(text)
    same = []
    for row, (character, syllable, word) in enumerate(WORDS):
        if row < REPORTED:
            continue
        part = slice(text.sentence_offsets[row], text.sentence_offsets[row + 1])
        if set(read[part][text.codes[part] == ord(character)]) == {ids()[syllable]}:
            same.append(word)
    assert same == []


def test_words_are_found_inside_longer_ones_and_endings_fill_only_what_is_unknown():
    table = Corrections("还\thuan2\t还款\tx\n率\tlv4\t*率\tx")
    huan, lv, shuai = ids()["huan2"], ids()["lv4"], ids()["shuai4"]
    assert table.correct("还款日", [0, 0, 0]) == [huan, 0, 0]
    assert table.correct("支持率", [0, 0, 0]) == [0, 0, lv]
    assert table.correct("堪为表率", [0, 0, 0, shuai]) == [0, 0, 0, shuai]
    assert table.correct("率", [0]) == [0]


def test_its_hash_is_in_the_fingerprint():
    stage = build(PinyinConfig())
    before = stage.engine.fingerprint()
    stage.engine._corrections = Corrections("")
    assert stage.engine.fingerprint() != before
    assert np.dtype(np.uint16) == stage.read(FlatText.from_sentences(["还款"])).dtype
