from __future__ import annotations

import contextlib
import dataclasses

import numpy as np
import pytest
import torch

from zhprep.core.errors import UsageError
from zhprep.engine.distribution import World
from zhprep.engine.feed import Feed, Phase, check_shares


@dataclasses.dataclass(frozen=True)
class Told:
    """Batches that say what they were asked for."""

    name: int

    def make(self, rows, epochs, progress=None):
        return {
            "who": torch.full((len(rows),), self.name), "rows": torch.from_numpy(rows),
            "epochs": torch.from_numpy(epochs), "progress": torch.tensor([progress] * len(rows)),
        }  # fmt: skip


SHORT = Phase(Told(1), np.arange(10, 20), batch_size=4, n_steps=5)
LONG = Phase(Told(2), np.arange(30), batch_size=6, n_steps=3)
FEED = Feed((SHORT, LONG), seed=3)


def whole(feed: Feed, name: str, number: int) -> list[float]:
    return torch.cat([batch[name] for batch in feed.step(number)]).tolist()


def test_phases_follow_one_another_and_steps_are_counted_through():
    assert FEED.n_steps == 8
    assert [whole(FEED, "who", number)[0] for number in range(8)] == [1] * 5 + [2] * 3
    assert [len(whole(FEED, "rows", number)) for number in range(8)] == [4] * 5 + [6] * 3
    assert [FEED.phase_at(number)[0] for number in range(8)] == [0] * 5 + [5] * 3
    assert whole(FEED, "progress", 6) == [0.75] * 6


def test_a_phase_begins_with_its_first_epoch_and_has_each_row_once_in_it():
    short = [row for number in range(5) for row in whole(FEED, "rows", number)]
    epochs = [epoch for number in range(5) for epoch in whole(FEED, "epochs", number)]
    assert sorted(short[:10]) == sorted(short[10:]) == list(range(10, 20))
    assert epochs == [0] * 10 + [1] * 10
    long = [row for number in range(5, 8) for row in whole(FEED, "rows", number)]
    assert len(set(long)) == 18
    assert whole(FEED, "epochs", 5) == [0] * 6
    alone = Feed((LONG,), seed=3)
    assert whole(alone, "rows", 1) == whole(FEED, "rows", 6)


@pytest.mark.parametrize("size", [2, 3])
def test_processes_and_parts_share_the_rows_of_a_step(size):
    for number in (2, 6):
        feeds = [dataclasses.replace(FEED, world=World(rank, size), parts=2) for rank in range(size)]
        assert [row for feed in feeds for row in whole(feed, "rows", number)] == whole(FEED, "rows", number)


def test_steps_may_begin_anywhere_and_go_over_the_border():
    ahead = [torch.cat([batch["rows"] for batch in parts]).tolist() for parts in FEED.steps(3, 7)]
    assert ahead == [whole(FEED, "rows", number) for number in range(3, 7)]


@pytest.mark.parametrize(
    ("n_processes", "parts", "alike", "said"),
    [
        (5, 1, False, "5 processes have 0, 1, 1, 1, 1 parts of a step of 4"),
        (2, 2, True, None),
        (3, 2, False, None),
        (3, 2, True, "3 processes have 1, 1, 2 parts of a step of 4"),
    ],
)
def test_no_process_waits_for_one_that_has_no_rows(n_processes, parts, alike, said):
    """Nor, with shards, for one that has no more parts; the second phase would do."""
    feed = dataclasses.replace(FEED, world=World(0, n_processes), parts=parts)
    expected = contextlib.nullcontext() if said is None else pytest.raises(UsageError, match=said)
    with expected:
        check_shares(feed, alike=alike)
