"""Byte-level vocabularies beside the library: cuts by GPT-2's rules, merges of any kind, what the library must see."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from same_ids import assert_same, library_of
from tokenizers import Regex, Tokenizer, models, pre_tokenizers, processors

from zhprep.vocab import Encoder, Vocabulary, bytemap, pieces
from zhprep.vocab.cuts import ByteLevelCuts


def assert_library(encoder: Encoder, sentences: list[str]) -> None:
    assert_same(encoder, library_of(encoder.vocabulary), sentences)


def byte_level(merges: list[tuple[str, str]], han: bool = False, post: Any = None, plain: bool = True) -> Encoder:
    """Return an encoder of bytes and ``merges``, with GPT-2's rules."""
    specials = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokens = list(dict.fromkeys([*specials, *bytemap.BYTE_OF, *(left + right for left, right in merges)]))
    tokenizer = Tokenizer(models.BPE({token: number for number, token in enumerate(tokens)}, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    if han:
        apart = pre_tokenizers.Split(Regex(pieces.HAN), "isolated")
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([apart, tokenizer.pre_tokenizer])
    if post:
        tokenizer.post_processor = post
    encoder = Encoder(Vocabulary("bbpe", tokens, tokenizer.to_str()))
    assert isinstance(encoder._cuts, ByteLevelCuts) == plain
    return encoder


def test_cuts_do_not_part_what_the_rules_keep_together() -> None:
    wide = bytemap.token_of("\u2002".encode())
    join_wide = [(wide[0], wide[1]), (wide[:2], wide[2]), (wide, wide)]
    encoder = byte_level([("'", "s"), ("'", "r"), ("Ġ", "'"), *join_wide])
    assert_library(
        encoder, ["it's they're 's 're", "中's文'r中'文 '中", "中\u2002\u2002\u2002文", "\u2002\u2002a\u2002\u2002"]
    )


def test_a_merge_across_characters_is_not_cut() -> None:
    first, second = bytemap.token_of("中".encode()), bytemap.token_of("文".encode())
    across = [(first[2], second[0]), (first[0], first[1])]
    assert_library(byte_level(across), ["中文", "文中", "中中文文", "丽文", "中丂"])


LETTERS = "ab's 中丽文\u3000\t1!，"
TEXTS = st.text(LETTERS, min_size=1, max_size=14)


@st.composite
def merges_of(draw: st.DrawFn, text: str) -> list[tuple[str, str]]:
    """Return merges of what stands side by side in ``text``, across borders of characters and words too, in any order:
    also such as no training gives."""
    symbols, merges = list(bytemap.token_of(text.encode())), []
    for number in draw(st.lists(st.integers(0, 99), max_size=20)):
        if len(symbols) > 1:
            place = number % (len(symbols) - 1)
            merges.append((symbols[place], symbols[place + 1]))
            symbols[place : place + 2] = ["".join(merges[-1])]
            if number % 3 == 0:  # begin again: other merges of the same text
                symbols = list(bytemap.token_of(text.encode()))
    made = {"".join(merge): merge for merge in merges}
    known = [merge for merge in merges if all(len(side) == 1 or side in made for side in merge)]
    return draw(st.permutations(known)) if draw(st.booleans()) else known


@given(st.data(), st.lists(TEXTS, min_size=1, max_size=4), st.booleans())
def test_any_merges(data: st.DataObject, sentences: list[str], han: bool) -> None:
    merges = data.draw(merges_of("".join(sentences)))
    together = ["".join(sentences), "".join(reversed(sentences)), sentences[0] * 3]
    assert_library(byte_level(merges, han), [*sentences, *together])


def test_a_merge_of_a_character_before_those_of_its_bytes() -> None:
    first, second = bytemap.token_of("中".encode()), bytemap.token_of("a丽".encode())
    order = [("a", first), (first[:2], first[2]), (first[0], first[1]), (first, "b"), (second[1], second[2])]
    assert_library(byte_level(order), ["a中", "中b", "a中b", "中中b", "a丽中", "aa中b中"])
    late = [(first, "a"), ("a", "b"), (first[0], first[1]), (first[:2], first[2])]  # ab is there before 中 is whole
    assert_library(byte_level(late), ["中ab", "b中ab", "中中ab"])


def test_parts_of_characters_beside_others() -> None:
    first, second = bytemap.token_of("中".encode()), bytemap.token_of("文".encode())
    whole = [(first[0], first[1]), (first[:2], first[2]), (second[0], second[1]), (second[:2], second[2])]
    for across in (
        [("a", second[0])],
        [(first[2], "a")],
        [(first[2], second[0])],
        [(first[1], first[2]), (first[1:], "b")],
    ):
        for merges in ([*across, *whole], [*whole, *across]):
            assert_library(byte_level(merges), ["a文中", "中a", "中文", "中b中", "文a中文ab中b"])


def test_of_a_merge_that_is_there_twice_the_last_counts() -> None:
    once = byte_level([("a", "b"), ("b", "c")]).vocabulary
    parts = json.loads(once.tokenizer_json)
    parts["model"]["merges"].append(["a", "b"])
    twice = Encoder(dataclasses.replace(once, tokenizer_json=json.dumps(parts)))
    assert_library(twice, ["abc", "ab", "bc"])
    assert [once.tokens[number] for number in twice.encode(["abc"]).ids] == ["a", "bc"]


@pytest.mark.parametrize("han", [True, False])
@pytest.mark.parametrize("every", [97, pytest.param(1, marks=pytest.mark.nightly)])
def test_pieces_of_all_characters(han: bool, every: int) -> None:
    encoder = byte_level([("Ġ", "a"), ("a", "b"), ("'", "s"), ("Ġ", "'"), ("Ġ", "Ġ")], han)
    numbers = [n for n in range(0x110000) if n < 0x250 or n % every == 0 or 0x1FF0 < n < 0x2070 or 0x2FF0 < n < 0x3040]
    some = [chr(n) for n in numbers if not 0xD800 <= n < 0xE000]
    assert_library(encoder, [form.replace("X", one) for one in some for form in ("XX", "aXb", "1X XX'sX", "!X  X")])


def test_only_what_the_rules_keep_together_is_merged() -> None:
    wide = bytemap.token_of("\u3000中".encode())
    merges = [("s", "a"), ("!", "'"), ("'", "s"), ("!'", "s"), ("Ġ", "Ġ"), ("ĠĠ", "a"), ("l", "a"), (wide[2], wide[3])]
    assert_library(byte_level(merges), ["b'sa", "!'s", "  a", "b'lla", "\u3000中", "'sa'sa", "\t'sa"])


@given(st.lists(st.sampled_from([*"ab1!，中 '", "'s", "'re", "'ll", "\u3000", "\t", " '", "\u0301"]), max_size=14))
def test_spaces_and_apostrophes(parts: list[str]) -> None:
    text = "".join(parts)
    assert_library(SPACED[0], [text, text[::-1]])
    assert_library(SPACED[1], [text, text[::-1]])


SPACED = [
    byte_level([("'", "s"), ("'", "r"), ("Ġ", "'"), ("Ġ", "Ġ"), ("Ġ", "a"), ("l", "l")], han) for han in (True, False)
]


@pytest.mark.parametrize("trim", [True, False])
def test_tokens_that_do_not_stand_for_spaces(trim: bool) -> None:
    roles = ("[SEP]", 3), ("[CLS]", 2)
    post = processors.RobertaProcessing(*roles, trim_offsets=trim, add_prefix_space=False)
    merges = [("Ġ", "a"), ("Ġ", "Ġ"), ("a", "Ġ")]
    assert_library(byte_level(merges, post=post), ["a  a", " a", "a   ", " ", "  中 ", ""])
    opened = processors.RobertaProcessing(*roles, trim_offsets=True, add_prefix_space=True)
    other = byte_level(merges, post=opened, plain=False)
    assert_library(other, ["a  a", " a", "a   ", " ", "  中 ", ""])
    sequence = processors.Sequence([processors.ByteLevel(trim_offsets=trim, add_prefix_space=False)])
    assert_library(byte_level(merges, post=sequence), ["a  a", " a", "a   ", " ", "  中 ", ""])


def test_long_pieces() -> None:
    encoder = byte_level([("a", "b"), ("ab", "ab"), ("b", "a")])
    assert_library(encoder, ["ab" * 200 + "c", "中" + "b" + "ab" * 128, "abab", "a" * 256, "a" * 257 + " a"])


def test_words_are_given_to_the_library() -> None:
    encoder = byte_level([("a", "b"), ("b", "Ġ"), ("Ġ", "c")])
    ends = pa.array([[1, 4, 5]], pa.list_(pa.int32()))
    expected = library_of(encoder.vocabulary).encode(["a", "b c", "c"], is_pretokenized=True, add_special_tokens=False)
    assert encoder.encode(["ab cc"]).ids.tolist() != expected.ids
    assert encoder.encode(["ab cc"], ends).ids.tolist() == expected.ids


def test_bytes_that_are_missing() -> None:
    """Then characters may stand side by side that others parted."""
    tokens = {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "[MASK]": 4, "a": 5, "b": 6, "ab": 7}
    tokenizer = Tokenizer(models.BPE(tokens, [("a", "b")]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    assert_library(Encoder(Vocabulary("bbpe", list(tokens), tokenizer.to_str())), ["ab", "a中b", "中"])
