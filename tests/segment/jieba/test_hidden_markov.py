"""The batch decoder against jieba's own, run by run."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from zhprep.segment.jieba.hidden_markov import _LONG, HiddenMarkov, tables_of
from zhprep.segment.jieba.package import import_jieba

# Repeated characters tie; 0x9FD5 and rare ones have no emission in any state.
RUNS = st.one_of(
    st.text("赞哈啊常在小明", min_size=1, max_size=12),
    st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FD5), min_size=1, max_size=20),
    st.text("的一\u9fd5\u4e8d", min_size=_LONG - 2, max_size=_LONG + 3),
)


@functools.cache
def model() -> HiddenMarkov:
    theirs = import_jieba("jieba.finalseg")
    return HiddenMarkov(tables_of(theirs.start_P, theirs.trans_P, theirs.emit_P))


def marks(runs: list[str]) -> list[list[bool]]:
    text = "。".join(runs) + "。"
    code_points = np.frombuffer(text.encode("utf-32-le"), np.uint32)
    lengths = np.array([len(run) for run in runs])
    starts = np.cumsum(lengths + 1) - lengths - 1
    ends_word = np.zeros(len(text), np.bool_)
    model().mark_ends(code_points, starts, lengths, ends_word)
    assert not ends_word[starts + lengths].any(), "wrote outside the runs"
    return [
        ends_word[start : start + size].tolist() for start, size in zip(starts.tolist(), lengths.tolist(), strict=True)
    ]


@settings(max_examples=300, deadline=None)
@given(st.lists(RUNS, min_size=1, max_size=12))
@example(["赞" * n for n in range(1, 3 * _LONG)])
def test_same_words_as_finalseg(runs: list[str]) -> None:
    for run, found in zip(runs, marks(runs), strict=True):
        expected = []
        for word in import_jieba("jieba.finalseg").cut(run):
            expected += [False] * (len(word) - 1) + [True]
        assert found == expected, run


def test_more_runs_than_are_decoded_together(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = ["小明硕士"[: 1 + i % 4] + "赞" * (i % 7) for i in range(100)]
    whole = marks(runs)
    monkeypatch.setattr("zhprep.segment.jieba.hidden_markov._TOGETHER", 7)
    assert marks(runs) == whole
