"""The compiled walk against the walk pair by pair, which other tests hold to what it should be."""

from __future__ import annotations

import numpy as np
import pytest

from zhprep.core.compiled import compiled
from zhprep.instances.config import InstancesConfig
from zhprep.instances.layout import walk, walk_loop
from zhprep.instances.layout.tokens import Tokens
from zhprep.instances.layout.window import Plan, Window

pytest.importorskip("numba", reason="the walk is compiled where numba is (pip install 'zhprep[fast]')")


def window_of(random: np.random.Generator, longest: int) -> Window:
    """A window of up to 40 documents, of sentences of up to so many tokens, some of it walked before."""
    n_documents = int(random.integers(1, 40))
    n_sentences = random.integers(1, 20, n_documents)
    sizes = random.integers(1, longest, int(n_sentences.sum()))
    sentences, documents = (np.concatenate(([0], np.cumsum(sizes_))) for sizes_ in (sizes, n_sentences))
    opens = random.random(int(sentences[-1])) < 0.5
    opens[sentences[:-1]] = True
    tokens = Tokens(np.zeros(len(opens), np.uint16), opens)
    return Window(tokens, sentences, documents, np.arange(n_documents), int(random.integers(0, n_documents)))


@pytest.mark.parametrize("single", [False, True])
@pytest.mark.parametrize("pairs", ["next", "order", "none"])
def test_the_loop_walks_as_the_steps_do(pairs: str, single: bool) -> None:
    loop = compiled(walk_loop.walk, walk_loop.SIGNATURE)
    assert loop is not None
    random, counted = np.random.default_rng(5), np.zeros(4, np.int64)
    for number in range(30):
        window = window_of(random, [3, 20, 60][number % 3])
        plan = Plan(InstancesConfig(pairs=pairs, max_length=64, seed=number), number, 7 * number, last=False)
        targets = random.integers(2, 62, len(window.numbers) - window.fresh)
        found, expected = (
            walk.by_loop(loop, window, plan, targets, single), walk.by_steps(window, plan, targets, single)
        )  # fmt: skip
        assert found.spans.tolist() == expected.spans.tolist()
        assert found.labels.tolist() == expected.labels.tolist()
        counts = [[one.alone, one.uncut, one.inside, one.unpaired] for one in (found, expected)]
        assert counts[0] == counts[1]
        counted += counts[0]
    assert counted[2] > 0
    assert counted[3] > 0 or pairs == "next"
