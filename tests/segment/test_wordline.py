"""The line form of words loses nothing, whatever the text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhprep.core.errors import DataError
from zhprep.segment.wordline import format_words, parse_words

# Random text seldom holds what the notation is made of, so it is drawn more often.
TEXT = st.text(st.one_of(st.sampled_from(" ▁\\nre\n\r\t中\u3000"), st.characters(exclude_categories=["Cs"])))


@st.composite
def sentences(draw: st.DrawFn) -> tuple[str, list[int]]:
    text = draw(TEXT)
    if not text:
        return "", []
    inner = draw(st.sets(st.integers(1, len(text) - 1))) if len(text) > 1 else set()
    return text, [*sorted(inner), len(text)]


@given(sentences())
def test_round_trip_on_any_text(sentence: tuple[str, list[int]]) -> None:
    line = format_words(*sentence)
    assert parse_words(line) == sentence
    assert not set("\r\n") & set(line)
    assert line, "an empty line separates documents"


@pytest.mark.parametrize(
    ("text", "ends", "line"),
    [
        ("我爱北京", [1, 2, 4], "我 爱 北京"),
        ("GPT-4 好", [5, 6, 7], "GPT-4 ▁ 好"),
        ("a b", [3], "a▁b"),
        ("▁", [1], "\\▁"),
        ("C:\\n", [4], "C:\\\\n"),
        ("一\n二", [1, 2, 3], "一 \\n 二"),
        ("", [], "\\e"),
        ("\\e", [2], "\\\\e"),
    ],
)
def test_lines_are_as_documented(text: str, ends: list[int], line: str) -> None:
    assert format_words(text, ends) == line
    assert parse_words(line) == (text, ends)


def test_several_spaces_separate_as_one() -> None:
    assert parse_words("  共同  创造 ") == ("共同创造", [2, 4])


@pytest.mark.parametrize("line", ["\\x", "路径 C:\\新", "\\"])
def test_unknown_escape_is_refused(line: str) -> None:
    with pytest.raises(DataError) as caught:
        parse_words(line)
    assert "backslash" in caught.value.hint
