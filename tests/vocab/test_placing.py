"""Tokens put in their places by the compiled loop, against the same by arrays, which is held to the library elsewhere."""

from __future__ import annotations

import numpy as np
import pytest

from zhprep.core.compiled import Loop, compiled
from zhprep.vocab.cuts import emit
from zhprep.vocab.cuts.cut import Cut, Marks
from zhprep.vocab.cuts.placing import by_arrays, by_loop
from zhprep.vocab.runs import RunTokens

pytest.importorskip("numba", reason="the loop is compiled where numba is (pip install 'zhprep[fast]')")


@pytest.fixture(scope="module")
def loop() -> Loop:
    made = compiled(emit.emit, emit.SIGNATURE)
    assert made is not None
    return made


def case(random: np.random.Generator, marks: Marks, *, reaching: bool) -> tuple[Cut, RunTokens | None, np.ndarray]:
    """Sentences of random codes, some of them in runs that have none, fewer or more tokens than code points."""
    sizes = random.integers(0, 20, int(random.integers(1, 30)))
    offsets = np.concatenate(([0], np.cumsum(sizes)))
    codes = random.choice(np.array([1, 2, 300, marks.space], marks.dtype), int(offsets[-1]))
    edges = np.unique(np.concatenate((offsets, random.integers(0, len(codes) + 1, len(codes) // 3))))
    is_run = random.random(len(edges) - 1) < 0.4
    starts, stops = edges[:-1][is_run], edges[1:][is_run]
    for start, stop in zip(starts.tolist(), stops.tolist(), strict=True):
        codes[start:stop] = marks.run
    reach = np.arange(1, len(codes) + 1) + random.integers(0, 3, len(codes)) if reaching else None
    n_tokens = random.integers(0, 4, len(starts))
    places = random.integers(0, 5, (2, int(n_tokens.sum())))
    found = RunTokens(n_tokens, random.integers(0, 400, int(n_tokens.sum())).astype(marks.dtype), *places)
    return Cut(codes, starts, stops, reach), found if len(starts) else None, offsets


@pytest.mark.parametrize("size", [400, 100_000])
@pytest.mark.parametrize("reaching", [False, True])
def test_the_loop_places_as_the_arrays_do(loop: Loop, size: int, reaching: bool) -> None:
    random, marks = np.random.default_rng(3), Marks.for_size(size)
    for _ in range(200):
        cut, found, offsets = case(random, marks, reaching=reaching)
        ours = by_loop(loop, cut, found, offsets, marks.space)
        other = by_arrays(cut, found, offsets, marks.space, marks.run)
        assert ours.ids.dtype == other.ids.dtype
        for name in ("ids", "starts", "stops", "sentence_offsets"):
            assert getattr(ours, name).tolist() == getattr(other, name).tolist(), name
            assert getattr(ours, name).dtype == getattr(other, name).dtype
