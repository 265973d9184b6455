"""Marks turned into offsets by the compiled loop, against the same by arrays."""

from __future__ import annotations

import numpy as np
import pytest
from loops import loop_of

from zhprep.segment.cuts import SIGNATURE, marks_by_arrays, marks_by_loop, offsets_of_marks


@pytest.mark.parametrize("last", [0, 1])
def test_the_loop_finds_what_the_arrays_do(last: int) -> None:
    """With a mark for what separates the last sentence from the next, and without one."""
    loop, random = loop_of(offsets_of_marks, SIGNATURE), np.random.default_rng(1)
    for n_sentences in [*range(8)] * 20:
        lengths = random.integers(0, 5, n_sentences)
        marks = random.random(max(int((lengths + 1).sum()) - 1 + last, 0)) < 0.5
        mine, theirs = marks.copy(), marks.copy()
        found, expected = marks_by_loop(loop, mine, lengths), marks_by_arrays(theirs, lengths)
        assert found.offsets.tolist() == expected.offsets.tolist()
        assert found.ends.tolist() == expected.ends.tolist()
        assert (found.offsets.dtype, found.ends.dtype) == (expected.offsets.dtype, expected.ends.dtype)
        assert mine.tolist() == theirs.tolist()
