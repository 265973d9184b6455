"""The batch form of word lines against the form for one sentence."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhprep.core.errors import DataError
from zhprep.segment.cuts import Cuts
from zhprep.segment.wordline import format_words, parse_words
from zhprep.segment.wordlines import format_lines, parse_lines

CHARACTERS = st.one_of(st.sampled_from("  ▁\\nre\n\r\0中é\U00020000"), st.characters(exclude_categories=["Cs"]))


@st.composite
def sentences(draw: st.DrawFn) -> tuple[str, list[int]]:
    words = draw(st.lists(st.text(CHARACTERS, min_size=1, max_size=4), max_size=6))
    return "".join(words), np.cumsum([len(word) for word in words]).tolist()


def as_cuts(batch: list[tuple[str, list[int]]]) -> Cuts:
    offsets = np.cumsum([0, *(len(ends) for _, ends in batch)])
    return Cuts(offsets, np.array([end for _, ends in batch for end in ends], np.int32))


@given(st.lists(sentences(), max_size=6))
def test_formats_as_one_by_one_and_parses_back(batch: list[tuple[str, list[int]]]) -> None:
    texts = pa.array([text for text, _ in batch], pa.string())
    lines = format_lines(texts, as_cuts(batch))
    assert lines == [format_words(text, ends) for text, ends in batch]
    parsed = parse_lines(pa.array(lines, pa.string()))
    assert parsed.text is not None
    parsed.text.validate(full=True)
    assert parsed.text.to_pylist() == texts.to_pylist()
    assert parsed.offsets.tolist() == as_cuts(batch).offsets.tolist()
    assert parsed.ends.tolist() == as_cuts(batch).ends.tolist()


@given(
    st.lists(
        st.lists(st.sampled_from([" ", "▁", "中", "n", "e", "\n", "\\\\", "\\▁", "\\n", "\\r"]), max_size=10).map(
            "".join
        )
    )
)
def test_parses_lines_made_elsewhere_as_one_by_one(lines: list[str]) -> None:
    parsed = parse_lines(pa.array([*lines, "\\e"], pa.string()))
    assert parsed.text is not None
    bounds = parsed.offsets.tolist()
    for number, line in enumerate([*lines, "\\e"]):
        ends = parsed.ends[bounds[number] : bounds[number + 1]].tolist()
        assert (parsed.text[number].as_py(), ends) == parse_words(line)


@pytest.mark.parametrize("bad", ["\\x", "好\\", "\\\\\\ 好", "\\e好", "好\\e"])
def test_unknown_escape_names_the_line(bad: str) -> None:
    with pytest.raises(DataError, match="line 3 of the batch") as caught:
        parse_lines(pa.array(["好", "\\e", bad, "n"]))
    assert "backslash" in caught.value.hint
