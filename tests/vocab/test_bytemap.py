"""The byte-level map beside golden values and the library's own table."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import pre_tokenizers

from zhprep.vocab import bytemap

CASES = Path(__file__).parent.parent / "cases" / "vocab" / "byte_level.tsv"


def cases() -> list[tuple[str, str]]:
    lines = CASES.read_text("utf-8").split("\n")[1:-1]
    return [(text.replace("\\n", "\n"), token) for text, token in (line.split("\t") for line in lines)]


@pytest.mark.parametrize(("text", "token"), cases())
def test_golden(text: str, token: str) -> None:
    assert bytemap.token_of(text.encode()) == token
    assert bytemap.text_of(token) == text


def test_the_table_is_the_librarys() -> None:
    assert sorted(bytemap.BYTE_OF) == sorted(pre_tokenizers.ByteLevel.alphabet())
    assert len(bytemap.CHARACTER_OF) == 256


@given(st.binary(max_size=20))
def test_every_byte_string_comes_back(raw: bytes) -> None:
    assert bytemap.token_bytes(bytemap.token_of(raw)) == raw


def test_what_is_no_byte_level_token() -> None:
    assert bytemap.token_bytes("中") is None
    assert bytemap.text_of("ä¸") is None
