"""Glyphs of vocabularies of other types, and of those that have no Chinese."""

from __future__ import annotations

import pytest

from zhprep.core.errors import DataError
from zhprep.glyphs import GlyphsConfig, build, entries_of
from zhprep.vocab import Vocabulary
from zhprep.vocab.bytemap import token_of


def test_a_byte_level_entry_is_what_its_bytes_say():
    tokens = ["<s>", token_of("中".encode()), token_of(" 中".encode()), token_of("中".encode()[:2]), "a"]
    entries = entries_of(Vocabulary("bbpe", tokens, "{}", specials=("<s>",)))
    assert entries == ["<s>", "中", " 中", "", "a"]
    rendered = build(GlyphsConfig(font=("kai",)), entries, specials=["<s>"])
    assert rendered.images.any(axis=(1, 2, 3)).tolist() == [False, True, False, False, True]


def test_other_vocabularies_are_their_entries():
    assert entries_of(Vocabulary("wordpiece", ["中", "##中"], "{}", specials=())) == ["中", "##中"]


def test_an_ideograph_that_continues_is_drawn_where_it_can_stand_so():
    entries = ["中", "##中", "𰻝", "##𰻝", "a1𰻝"]
    assert entries_of(Vocabulary("wordpiece", entries, "{}", specials=())) == ["中", "##中", "𰻝", "𰻝", "a1𰻝"]


def test_a_vocabulary_without_chinese_is_refused_before_anything_is_drawn():
    with pytest.raises(DataError, match="no entry that is a Chinese character") as caught:
        build(GlyphsConfig(font=("no such face",)), ["[CLS]", "a", "the"])
    assert caught.value.hint == ""


def test_a_vocabulary_of_words_is_told_of_the_option():
    with pytest.raises(DataError, match="no entry that is a Chinese character") as caught:
        build(GlyphsConfig(), ["[CLS]", "今天"])
    assert "--words" in caught.value.hint
    assert build(GlyphsConfig(words=True, font=("kai",)), ["[CLS]", "今天"], specials=["[CLS]"]).images[1].any()
