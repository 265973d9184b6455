"""The compiled loop against the way by numpy arrays, which is held against jieba itself elsewhere."""

from __future__ import annotations

import functools
import pathlib
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from loops import loop_of

from zhprep.segment.config import SegmentConfig
from zhprep.segment.engines.jieba import Jieba
from zhprep.segment.jieba import fast
from zhprep.segment.jieba import loop as jieba_loop
from zhprep.segment.jieba.dictionary import Dictionary
from zhprep.segment.jieba.fast import FastCut, compiled_cut
from zhprep.segment.jieba.hidden_markov import jieba_model
from zhprep.segment.jieba.tables import make_tables
from zhprep.segment.jieba.trie import Bools, Ids

pytest.importorskip("numba", reason="the loop is compiled where numba is (pip install 'zhprep[fast]')")

TEXTS = st.one_of(
    st.text("的一在中国人民大学生研究生命起源，。a1.%-+#&_Ｅ \r\n\0", max_size=60),
    st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FD6), max_size=40),
    st.text("赞哈常在小明硕士毕业于", max_size=80),
    st.text("a9.%+\n", max_size=20),
    st.text(max_size=20),
)


@functools.cache
def engine(hmm: bool) -> Jieba:
    """The engine without the loop."""
    found = Jieba(SegmentConfig(hmm=hmm))
    found._fast.ends = lambda _: None  # type: ignore[method-assign]
    return found


@functools.cache
def loop(hmm: bool) -> Callable[[Ids], Bools]:
    cut = compiled_cut(engine(hmm)._dictionary, jieba_model() if hmm else None)
    assert cut is not None
    return cut


def test_the_loop_needs_no_llvm_once_it_was_compiled() -> None:
    loop_of(jieba_loop.cut, jieba_loop.SIGNATURE)


def points_of(text: str) -> Ids:
    return np.frombuffer(text.encode("utf-32-le"), np.uint32)


@pytest.mark.parametrize("hmm", [True, False])
@settings(max_examples=300, deadline=None)
@given(TEXTS)
@example("")
@example("\r\n\r\r\n\n")
@example("3.14%a1.5b..5%5.%x")
@example("😀" + "中" * 3000 + "\U0010ffff")
@example("研究生命" * 9000 + "。" + "研究生命" * 20000)
def test_same_ends(hmm: bool, text: str) -> None:
    points = points_of(text)
    assert loop(hmm)(points).tolist() == engine(hmm)._ends_word(points).tolist()


@pytest.mark.parametrize("hmm", [True, False])
def test_same_ends_on_the_whole_corpora(hmm: bool, shared_data: pathlib.Path) -> None:
    files = sorted((shared_data / "corpus").glob("*.txt"))
    assert files
    for file in files:
        points = points_of(file.read_text("utf-8"))
        assert (loop(hmm)(points) == engine(hmm)._ends_word(points)).all(), file.name


@pytest.mark.parametrize("words", [{"甲乙": 5}, {"甲": 3, "甲甲": 9, "甲乙丙丁": 2, "乙丙": 40}])
def test_other_dictionaries(words: dict[str, int]) -> None:
    dictionary = Dictionary(make_tables(words, 99))
    cut = compiled_cut(dictionary, None)
    assert cut is not None
    from zhprep.segment.jieba.paths import Paths

    points = points_of("甲乙丙丁甲甲乙丙，甲乙丙甲甲甲乙")
    expected, _ = Paths(dictionary).ends(points, dictionary.ids.take(points, mode="clip"))
    assert cut(points).tolist() == expected.tolist()


def test_taken_when_it_is_worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    loop(True)  # it is there now
    monkeypatch.setattr(fast, "_WORTH_LOADING", 100)
    cutter, points = FastCut(engine(True)._dictionary, jieba_model()), points_of("中国人民" * 10)
    assert cutter.ends(points) is None
    assert cutter.ends(points) is None
    found = cutter.ends(points)
    assert found is not None
    assert found.tolist() == engine(True)._ends_word(points).tolist()


def test_compiled_late(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(fast, "compiled_cut", lambda *_, compile_it: asked.append(compile_it))
    monkeypatch.setattr(fast, "_WORTH_LOADING", 100)
    monkeypatch.setattr(fast, "_WORTH_COMPILING", 1000)
    cutter = FastCut(engine(True)._dictionary, None)
    for _ in range(40):
        assert cutter.ends(points_of("中国人民" * 10)) is None
    assert asked == [False, True]
