"""Training that is stopped in any way goes on to the weights of training that was not; the data come in one order."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import random
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch
from command_line import environment, in_processes, processes_of, zhprep
from fault_table import fault, rounds
from forked import server
from patience import patience, wait_until
from torch.utils.data import DataLoader, Dataset
from training_data import nano, write_instances, write_vocabulary

from zhprep.engine.distribution import World
from zhprep.engine.feed import Feed
from zhprep.pretrain.config import PretrainConfig
from zhprep.pretrain.job import set_up

STEPS = 12
SETTINGS = ("--size", "tiny", "--steps", STEPS, "--batch-size", 4, "--checkpoint-every", 2, "--threads", 1, "--quiet")


def result_of(run: Path) -> tuple[str, list[dict[str, object]]]:
    """Return the hash of the weights, and the log without what depends on the clock."""
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text("utf-8").splitlines()]
    weights = hashlib.sha256((run / "model.safetensors").read_bytes()).hexdigest()
    return weights, [{name: value for name, value in line.items() if name not in TIMED} for line in lines]


TIMED = ("seconds", "elapsed", "tokens_per_second", "mfu")


@rounds(14, 10, 90)
def test_killed_at_any_moment_it_goes_on_to_the_same_weights(
    n: int, instances: Path, tmp_path: Path, tried: Callable[[], None]
) -> None:
    """Before any touch of the file system, half of which are inside of a checkpoint; at any time; by SIGTERM; on a
    disk that is full."""
    chance = random.Random(n)
    command = [*map(str, ("pretrain", instances, *SETTINGS))]
    with server(tmp_path, [[*command, "-o", str(tmp_path / "warm")]]) as running:
        counted = running.run([*command, "-o", str(tmp_path / "counted")], {"count": True})
        whole = result_of(tmp_path / "counted")
        sizes = [path.stat().st_size for path in tmp_path.rglob("step-*/*")]
        for number in range(n):
            run = tmp_path / str(number)
            after = chance.random() * counted.seconds
            faults: list[dict[str, Any]] = [
                {"step": chance.randrange(counted.steps)}, {"byte": chance.choice(sizes) - 1},
                {"kill": "command", "after": after}, {"kill": "term", "after": after}, {"full": chance.choice(sizes) - 1},
            ]  # fmt: skip
            for one in (faults[number % len(faults)], chance.choice(faults)):  # twice in a row
                end = running.run([*command, "-o", str(run)], one)
                assert end.code in (0, 1, 85, -9, -15, -signal.SIGXFSZ), (number, one, end)
                assert end.code != 1 or "File too large" in end.err, (number, one, end)
                assert not end.orphans, (number, one, end)
            end = running.run([*command, "-o", str(run)])
            assert end.code == 0, (number, end)
            assert result_of(run) == whole, number
            assert zhprep("verify", run, "--quiet").code == 0
            shutil.rmtree(run)
            tried()


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("n", "flags", "kills"),
    [
        pytest.param(2, [], 10, id="ddp", marks=fault(14, 10)),
        pytest.param(3, ["--fsdp"], 6, id="fsdp", marks=fault(14, 6)),
    ],
)
def test_one_of_several_processes_is_killed(
    n: int, flags: list[str], kills: int, instances: Path, tmp_path: Path, tried: Callable[[], None]
) -> None:
    """Each, at any step: the job ends and says so; the next start goes on to the same weights."""
    command = ["-m", "zhprep", *map(str, ("pretrain", instances, *SETTINGS, "--steps", 40, *flags, "-o"))]
    in_processes(n, *command, tmp_path / "whole")
    chance = random.Random(1)
    for number in range(kills):
        run = tmp_path / str(number)
        launch = [*processes_of(n), *command, str(run)]
        with subprocess.Popen(launch, env=environment(), stderr=subprocess.PIPE, text=True) as started:
            step = chance.randrange(1, 16)
            wait_until(lambda run=run, step=step: any(run.glob(f"step-{2 * step}*")) or started.poll() is not None, 300)
            ranks = psutil.Process(started.pid).children() if started.poll() is None else []
            assert len(ranks) == n, number
            with_rank = {one.environ()["RANK"]: one for one in ranks}
            with_rank[str(number % n)].kill()
            _, said = started.communicate(timeout=patience(300))
        assert started.returncode == 1, said
        assert "another process of this run has ended" in said, said
        assert "start the run again to go on from its last checkpoint" in said
        assert not [one for one in ranks if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]
        in_processes(n, *command, run)
        assert result_of(run) == result_of(tmp_path / "whole"), number
        tried()


@dataclasses.dataclass(frozen=True)
class Steps(Dataset[list[dict[str, torch.Tensor]]]):
    """The steps of a feed from ``first`` on, for torch's loader, whose workers only read ahead."""

    feed: Feed
    first: int
    last: int

    def __len__(self) -> int:
        return self.last - self.first

    def __getitem__(self, index: int) -> list[dict[str, torch.Tensor]]:
        return self.feed.step(self.first + index)


def bytes_of(step: list[dict[str, torch.Tensor]]) -> list[bytes]:
    """Return what a rank sees, row by row: tokens with their masks, and labels, without padding."""
    rows = []
    for batch in step:
        ids = batch["input_ids"]
        mask = batch.get("attention_mask", torch.ones_like(ids)).bool()
        labels = torch.full(ids.shape, -100)
        labels.view(-1)[batch["masked_positions"]] = batch["masked_labels"]
        rows += [ids[i][mask[i]].numpy().tobytes() + labels[i][mask[i]].numpy().tobytes() for i in range(len(ids))]
    return rows


@pytest.mark.parametrize(
    ("workers", "points"),
    [
        pytest.param((0,), 50, id="few"),
        pytest.param((0, 1, 2), 50, id="many", marks=[pytest.mark.nightly]),
    ],
)
def test_order_and_masks_do_not_depend_on_ranks_workers_and_stops(
    workers: tuple[int, ...], points: int, tmp_path: Path
) -> None:
    """Ranks {1, 2, 3, 4} × loader workers × random points to go on from: the rows of each step, masked bytes and all."""
    data, vocabulary = write_instances(tmp_path / "data"), write_vocabulary(tmp_path / "vocabulary")
    config = PretrainConfig(size="nano", steps=60, batch_size=8, learning_rate=3e-3, threads=1)
    feed = set_up([data], tmp_path / "run", nano(), config, vocabulary, World()).feed
    whole = [bytes_of(feed.step(number)) for number in range(config.steps)]
    assert len({row for step in whole for row in step}) > 200, "masks differ from epoch to epoch"
    chance = random.Random(0)
    for size in (1, 2, 3, 4):
        ranks = [dataclasses.replace(feed, world=World(rank, size)) for rank in range(size)]
        for n_workers in workers:
            for _ in range(points):
                first = chance.randrange(config.steps - 2)
                loaders = [
                    DataLoader(Steps(one, first, first + 2), batch_size=None, num_workers=n_workers) for one in ranks
                ]
                seen = [[bytes_of(step) for step in loader] for loader in loaders]
                for ahead in range(2):
                    assert [row for one in seen for row in one[ahead]] == whole[first + ahead], (size, n_workers, first)
