"""Strings as code points: by the compiled loop, by Python's decoder, and what neither takes."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from loops import loop_of

from zhprep.core import utf8, utf8_loop
from zhprep.core.compiled import Loop

TEXTS = st.lists(st.one_of(st.none(), st.text(max_size=8), st.text("aé中𠀀\U0010ffff\ue000\u0800\n", max_size=9)))
WRONG = [
    b"\x80", b"\xc3", b"\xc0\xaf", b"\xc3(", b"\xe4\xb8", b"\xe0\x80\xaf", b"\xed\xa0\x80", b"\xe4\xb8(", b"\xe4(\xad",
    b"\xf0\x9f\x98", b"\xf0\x80\x80\xaf", b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80", b"\xff", b"\xf0\x9f\x98(",
]  # fmt: skip
SEPARATORS = [None, 0, 0xD800]


@pytest.fixture(scope="module")
def loop() -> Loop:
    return loop_of(utf8_loop.decode, utf8_loop.SIGNATURE)


def looped(loop: Loop, strings: list[bytes], separator: int | None) -> utf8.Decoded | None:
    offsets = np.concatenate(([0], np.cumsum([len(string) for string in strings]))).astype(np.int64)
    return utf8.by_loop(loop, np.frombuffer(b"".join(strings), np.uint8), offsets, separator)


@pytest.mark.parametrize("separator", SEPARATORS)
@given(texts=TEXTS, skipped=st.integers(0, 2))
@settings(max_examples=25)
def test_code_points_are_those_of_the_strings(
    loop: Loop, separator: int | None, texts: list[str], skipped: int
) -> None:
    kept = [text or "" for text in texts[skipped:]]
    for kind in (pa.string(), pa.large_string()):
        found = utf8.decoded(pa.array(texts, kind)[skipped:], separator)
        assert found.lengths.tolist() == [len(text) for text in kept]
        assert found.points.tolist() == points_of(kept, separator)
        assert found.alphabet.tolist() == sorted(set(found.points.tolist()))
    other = looped(loop, [text.encode() for text in kept], separator)
    assert other is not None
    assert (other.points.tolist(), other.lengths.tolist()) == (found.points.tolist(), found.lengths.tolist())
    assert other.alphabet.tolist() == found.alphabet.tolist()


def points_of(texts: list[str], separator: int | None) -> list[int]:
    points: list[int] = []
    for number, text in enumerate(texts):
        points += [separator] if number and separator is not None else []
        points += map(ord, text)
    return points


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_not_utf8_is_refused(loop: Loop, wrong: bytes) -> None:
    for strings in ([wrong], ["中".encode(), wrong, b"a"], [b"a" + wrong + "中文".encode()]):
        refused(loop, strings)


def test_a_character_cut_in_two_by_the_border_of_strings_is_refused(loop: Loop) -> None:
    whole = "中".encode()
    refused(loop, [whole[:1], whole[1:]])
    assert looped(loop, [b"", whole], None) is not None


def refused(loop: Loop, strings: list[bytes]) -> None:
    assert looped(loop, strings, None) is None
    offsets = np.concatenate(([0], np.cumsum([len(string) for string in strings]))).astype(np.int32)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(b"".join(strings))]
    for separator in SEPARATORS:
        with pytest.raises(UnicodeDecodeError):
            utf8.decoded(pa.Array.from_buffers(pa.string(), len(strings), buffers), separator)
