"""Something small above text, in lines of a terminal."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from zhprep.cli.ruby import columns, ruby_lines


def test_each_piece_stands_above_its_own():
    pieces = [("", "[CLS]"), ("bei3", "北"), ("jing1", "京"), ("", "a"), ("x", "\x1b[31m很\x1b[0m(好)")]
    assert list(ruby_lines(pieces, 80)) == ["      bei3 jing1   x", "[CLS] 北   京    a \x1b[31m很\x1b[0m(好)"]
    assert list(ruby_lines(pieces, 14)) == [
        "      bei3", "[CLS] 北", "jing1   x", "京    a \x1b[31m很\x1b[0m(好)"
    ]  # fmt: skip


def test_no_line_above_where_there_is_nothing():
    assert list(ruby_lines([("", "a"), ("", "b")], 80)) == ["a b"]
    assert list(ruby_lines([], 80)) == []


def test_columns():
    assert [columns(text) for text in ("", "ab", "北京", "\x1b[1;31m北\x1b[0m", "e\u0301")] == [0, 2, 4, 2, 1]


cells = st.lists(st.tuples(st.sampled_from(["", "a1", "zhuang4"]), st.sampled_from(["我", "ab", "[SEP]"])), min_size=1)


@given(cells, st.integers(10, 60))
def test_nothing_is_lost_and_nothing_is_wider(pieces, width):
    lines = list(ruby_lines(pieces, width))
    assert max(map(columns, lines)) <= width
    tokens = [word for line in lines for word in line.split()]
    assert sorted(tokens) == sorted(word for piece in pieces for word in piece if word)
