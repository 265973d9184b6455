"""The weights of lines by the compiled loop, against those by arrays, which other tests hold to what they should be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from loops import loop_of

from zhprep.core.compiled import Loop
from zhprep.core.corpus.formats import weights

LINES = st.lists(
    st.one_of(st.text("a9中，。“　Ａｚ～豈é😀", max_size=9).map(str.encode), st.binary(max_size=6)), max_size=9
)


@pytest.fixture(scope="module")
def loop() -> Loop:
    return loop_of(weights.weigh_lines, weights.SIGNATURE)


@given(LINES)
@example([b"\xe3\x80", b"\xef\xbc\xa1", b"\xef"])
@example([b"\xef\xbc"])
def test_the_loop_weighs_as_the_arrays_do(loop: Loop, lines: list[bytes]) -> None:
    data = b"\n".join(lines)
    sizes = np.array([len(line) for line in lines], np.int64)
    starts = np.cumsum(sizes + 1) - sizes - 1
    found = weights.by_loop(loop, data, starts, sizes)
    assert found.tolist() == weights.by_arrays(data, starts, sizes).tolist()
