"""Slots laid out by the compiled loop, against the same by arrays."""

from __future__ import annotations

import numpy as np
import pytest
from loops import loop_of

from zhprep.instances.layout import assemble_loop
from zhprep.instances.layout.assemble import Slots, by_arrays, by_loop


@pytest.mark.parametrize("separate", [False, True])
def test_the_loop_lays_out_as_the_arrays_do(separate: bool) -> None:
    """With [CLS] before an instance, and before each piece."""
    loop, random = loop_of(assemble_loop.lay_out, assemble_loop.SIGNATURE), np.random.default_rng(2)
    n_words = 0
    for n_pieces in [*range(12)] * 10:
        opens = random.random(60) < 0.5
        sizes, opening = random.integers(0, 9, n_pieces), random.random(n_pieces) < 0.5
        starts = random.integers(0, 60 - sizes) if n_pieces else sizes
        opening[:1] = True
        slots = Slots(sizes, np.ones_like(opening) if separate else opening)
        found, expected = (lay(opens, starts, slots, opening) for lay in (lambda *of: by_loop(loop, *of), by_arrays))
        for mine, theirs in zip(found, expected, strict=True):
            assert mine.tolist() == theirs.tolist()
            assert mine.dtype == theirs.dtype
        n_words += int((found[2] >= 0).sum())
    assert n_words
