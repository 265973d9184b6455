"""The Simplified shadow: OpenCC's t2s, character for character, whatever the batch."""

from __future__ import annotations

import pathlib
from importlib import resources

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhprep.core.simplified import shadow, simplify
from zhprep.core.simplified.build import AMBIGUOUS

opencc = pytest.importorskip("opencc")
CONVERTER = opencc.OpenCC("t2s")

ENTRIES = [
    line.split("\t")
    for line in resources.files("zhprep.core.simplified").joinpath("opencc.tsv").read_text("utf-8").splitlines()[2:]
]
PHRASES = [old for old, _ in ENTRIES if len(old) > 1]
TEXT = st.lists(
    st.one_of(
        st.sampled_from([old for old, _ in ENTRIES]),
        st.sampled_from(PHRASES).map(lambda phrase: phrase[:-1]),
        st.sampled_from(list("我們的乾坤瞭解沈默著於A\n 😀𠮷")),
    ),
    max_size=12,
).map("".join)


def shadow_of(*sentences: str) -> list[str]:
    return shadow(pa.array(sentences, pa.string())).to_pylist()


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("長城與重慶還給我們", "长城与重庆还给我们"),
        ("乾隆年間，衣服乾了", "乾隆年间，衣服干了"),  # a phrase, and the character alone
        ("瞭解瞭望塔", "了解瞭望塔"),
        ("不瞭解", "不了解"),  # the longest phrase from the left
        ("打坏了一坏土", "打坏了一坏土"),  # Simplified; OpenCC has 打坯
        ("譞", "譞"),  # its simplified form lies beyond the Basic Multilingual Plane
        ("我们的GPT-4 😀𠮷", "我们的GPT-4 😀𠮷"),
        ("", ""),
    ],
)
def test_golden_cases(written: str, read: str) -> None:
    assert shadow_of(written) == [read]


def test_every_entry_is_opencc_s_and_keeps_length_and_bytes() -> None:
    assert len(ENTRIES) > 3400
    assert len({old for old, _ in ENTRIES}) == len(ENTRIES)
    for old, new in ENTRIES:
        assert CONVERTER.convert(old) == new
        assert (len(old), len(old.encode())) == (len(new), len(new.encode()))


@given(st.lists(TEXT, max_size=6))
def test_as_opencc_sentence_by_sentence(sentences: list[str]) -> None:
    assert shadow_of(*sentences) == [CONVERTER.convert(sentence) for sentence in sentences]


@given(st.lists(TEXT, min_size=1, max_size=6), st.integers(0, 6), st.integers(0, 6))
def test_a_slice_is_the_slice(sentences: list[str], start: int, length: int) -> None:
    whole = pa.array(sentences, pa.string())
    part = whole.slice(min(start, len(whole)), length)
    assert shadow(part).to_pylist() == shadow(whole).to_pylist()[start : start + length]


def test_no_phrase_goes_across_sentences() -> None:
    assert shadow_of("衣服乾", "坤") == ["衣服干", "坤"]
    assert shadow_of("", "衣服乾", "", "坤", "") == ["", "衣服干", "", "坤", ""]


def test_what_does_not_change_is_not_copied() -> None:
    sentences = pa.array(["我们的", "GPT-4", ""], pa.string())
    assert shadow(sentences) is sentences
    points = np.array([ord("我")], np.uint32)
    assert simplify(points) is points
    assert shadow(pa.array([], pa.string())).to_pylist() == []
    assert shadow(pa.array(["", ""], pa.string())).to_pylist() == ["", ""]


def test_the_corpora_are_read_as_opencc_reads_them(shared_data: pathlib.Path) -> None:
    """But for characters with forms beyond the Basic Multilingual Plane, and those that are Simplified already."""
    for path in sorted((shared_data / "corpus").glob("*.txt")):
        lines = path.read_text("utf-8").split("\n")
        theirs = CONVERTER.convert("\n".join(lines)).split("\n")
        for line, ours, converted in zip(lines, shadow_of(*lines), theirs, strict=True):
            assert len(ours) == len(line)
            left = {a for a, b in zip(ours, converted, strict=True) if a != b and ord(b) <= 0xFFFF}
            assert left <= {AMBIGUOUS}, line
