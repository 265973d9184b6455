"""Text written by the compiled loop, against the same by arrays, which other tests hold to what it should be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from loops import loop_of

from zhprep.core.compiled import Loop
from zhprep.normalize.text import LINE, SENTENCE, SIGNATURE, Text, write_points

POINTS = st.lists(st.sampled_from([*map(ord, "aé中\u07ff\u0800\uffff\U00010000\U0010ffff"), LINE, SENTENCE, LINE]))


@pytest.fixture(scope="module")
def loop() -> Loop:
    return loop_of(write_points, SIGNATURE)


@given(POINTS)
@example([])
@example([LINE, SENTENCE, LINE])
def test_the_loop_writes_as_the_arrays_do(loop: Loop, points: list[int]) -> None:
    codes = np.array(points, np.uint32)
    text = Text(codes, np.unique(codes))
    (sentences, lines), (expected, numbers) = text.written_by_loop(loop), text.written_by_arrays()
    sentences.validate(full=True)
    assert sentences.to_pylist() == expected.to_pylist()
    assert lines.tolist() == numbers.tolist()
    assert "".join(sentences.to_pylist()) == "".join(chr(point) for point in points if point not in (LINE, SENTENCE))
