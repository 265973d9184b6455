"""One digest, whatever makes the instances and whatever is killed meanwhile: the same command on the same text by every
engine, quiet and with SIGKILLs at random moments.

``pytest -m nightly tests/faults/test_one_digest.py --junitxml=digests.xml`` and ``docs/make_reliability.py --digests digests.xml``
write the table of docs/reliability.md.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import psutil
import pytest
import ray_nodes
import slurm_nodes
from command_line import PACKAGE_PARENT, environment, made_by, process
from fault_table import fault
from patience import patience
from plain_tasks import contents

N_TASKS = 8
SIX = 6
AGAIN = 40
"""How often a command is run again before it is taken for one that does not come to its end."""


@dataclass
class Job:
    """One command with one output, and what is done to it meanwhile."""

    command: list[object]
    out: Path
    n_blocks: int
    kills: int
    removes: bool = False
    nodes: ray_nodes.Nodes | None = None
    slurm: dict[str, str] = field(default_factory=dict)
    killed: list[str] = field(default_factory=list)
    removed: bool = False
    over: threading.Event = field(default_factory=threading.Event)

    def n_done(self) -> int:
        return len(list((self.out / ".receipts").glob("*.json")))

    def at_work(self) -> list[psutil.Process]:
        """Return the commands that write this output and their workers, whoever started them."""
        found = []
        for one in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                line = one.cmdline()
                if line[1:4] == ["-m", "zhprep", "make-instances"] and str(self.out) in line:
                    found.append(one)
        if self.nodes is not None:
            with contextlib.suppress(psutil.Error):
                below = psutil.Process(self.nodes.process.pid).children(recursive=True)
                found += [one for one in below if is_at_a_block(one)]
        return found

    def disturb(self) -> None:
        """Kill whoever is at work at moments drawn at random: after so many blocks, and a little later."""
        chance = random.Random(f"{self.kills} {self.removes}")
        acts = self.kills + self.removes
        moments = sorted(chance.sample(range(self.n_blocks * 3 // 4), acts))
        removal = chance.randrange(acts) if self.removes else -1
        for number, moment in enumerate(moments):
            while self.n_done() < moment and not self.over.is_set():
                time.sleep(0.01)
            time.sleep(chance.random() * 0.3)
            if number == removal and self.nodes is not None:
                self.nodes.remove()
                self.removed = True
                continue
            while not self.over.is_set() and not self.kill(chance):
                time.sleep(0.01)

    def kill(self, chance: random.Random) -> bool:
        """Whether one at work was killed."""
        victims = self.at_work()
        if not victims:
            return False
        with contextlib.suppress(psutil.Error):
            victim = chance.choice(victims)
            name = " ".join(victim.cmdline()[:4])
            victim.kill()
            self.killed.append(name)
            return True
        return False


def is_at_a_block(one: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error):
        return "_apply" in " ".join(one.cmdline())
    return False


def until_done(job: Job, *more: object) -> None:
    """Run the command until nobody kills it."""
    for _ in range(AGAIN):
        with process(*job.command, *more) as started:
            _, err = started.communicate(timeout=patience(600))
        if started.returncode == 0:
            return
        assert started.returncode == -9, err.decode()
    raise AssertionError("it does not come to its end")


def finish(job: Job, again: Callable[[], None]) -> None:
    """Run what makes the blocks until all are there; then finish the folder."""
    for _ in range(AGAIN):
        again()
        with process("merge", job.out, "--quiet") as started:
            _, err = started.communicate(timeout=patience(600))
        if started.returncode == 0:
            return
        assert job.kills, err.decode()
    raise AssertionError(err.decode())


def by_tasks(job: Job) -> None:
    def task(number: int) -> None:
        until_done(job, "--workers", 1, "--shard-index", number, "--num-shards", N_TASKS)

    def again() -> None:
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(task, range(N_TASKS)))

    finish(job, again)


def by_parallel(job: Job) -> None:
    own = [sys.executable, "-m", "zhprep", *job.command, "--workers", 1, "--num-shards", N_TASKS]
    line = ["parallel", "--jobs", 2, "--retries", 3, "-N0", "--quote", *own]
    options = environment(PARALLEL_HOME=str(job.out.parent / "home"))

    def again() -> None:
        numbers = "\n".join(map(str, range(N_TASKS))).encode()
        done = subprocess.run(
            list(map(str, line)), input=numbers, env=options, capture_output=True, timeout=patience(600), check=False
        )
        assert job.kills or done.returncode == 0, done.stderr

    finish(job, again)


def by_slurm(job: Job) -> None:
    script = PACKAGE_PARENT / "docs" / "clusters" / "slurm-task.sh"
    program = job.out.parent / "bin" / "zhprep"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m zhprep "$@"\n')
    program.chmod(0o755)
    options = environment(PATH=f"{program.parent}:{os.environ['PATH']}", **job.slurm)
    array = ["--wait", f"--array=0-{N_TASKS - 1}", f"--output={job.out.parent}/log-%A-%a.txt"]
    line = ["sbatch", *array, script, *job.command, "--workers", 1, "--num-shards", N_TASKS]

    def again() -> None:
        done = subprocess.run(
            list(map(str, line)), env=options, capture_output=True, timeout=patience(600), check=False
        )
        assert job.kills or done.returncode == 0, done.stderr

    finish(job, again)


def by_ray(job: Job) -> None:
    assert job.nodes is not None
    until_done(job, "--executor", "ray", "--ray-address", job.nodes.address)


ENGINES: dict[str, Callable[[Job], None]] = {
    "1 worker": lambda job: until_done(job, "--workers", 1),
    "2 workers": lambda job: until_done(job, "--workers", 2),
    "8 array tasks merged": by_tasks,
    "GNU parallel": by_parallel,
    "Ray on two nodes": by_ray,
    "Slurm on two nodes": by_slurm,
}


@dataclass(frozen=True)
class Expected:
    """What one process on one machine makes of the text."""

    command: list[object]
    n_blocks: int
    digest: str
    whole: dict[str, bytes]


def expected_of(corpus: Path, vocab: Path, block_size: str, top: Path) -> Expected:
    command = ["make-instances", corpus, "--vocab", vocab, "--mask", "wwm", "--static", "--block-size", block_size]
    alone = made_by(*map(str, command), "--executor", "inline", output=top / "alone")
    digest = json.loads((alone / "manifest.json").read_text("utf-8"))["content_sha256"]
    return Expected(command, len(list((alone / ".receipts").glob("*.json"))), digest, contents(alone))


@pytest.fixture(scope="module")
def real(shared_data: Path, vocab: Path, tmp_path_factory: pytest.TempPathFactory) -> Expected:
    """All real text there is, in blocks small enough that a kill falls between others."""
    return expected_of(shared_data / "corpus", vocab, "256KiB", tmp_path_factory.mktemp("real"))


@contextlib.contextmanager
def running(engine: str, tmp_path: Path) -> Iterator[dict[str, object]]:
    """Inside, the engine's cluster runs, if it has one; skip where its programs are not."""
    if engine == "GNU parallel" and shutil.which("parallel") is None:
        pytest.skip("GNU parallel is not installed")
    if engine == "Ray on two nodes":
        if find_spec("ray") is None:
            pytest.skip("ray is not installed (pip install 'zhprep[ray]')")
        with ray_nodes.two_nodes() as nodes:
            yield {"nodes": nodes}
    elif engine == "Slurm on two nodes":
        if missing := slurm_nodes.why_not():
            pytest.skip(missing)
        (tmp_path / "slurm").mkdir()
        with slurm_nodes.two_nodes(tmp_path / "slurm") as options:
            yield {"slurm": options}
    else:
        yield {}


def made(engine: str, expected: Expected, kills: int, removes: bool, tmp_path: Path) -> tuple[Job, float]:
    """Let an engine make the output while it is disturbed; assert that all of it is as expected."""
    with running(engine, tmp_path) as options:
        out = tmp_path / "out"
        job = Job([*expected.command, "-o", out, "--quiet"], out, expected.n_blocks, kills, removes, **options)  # type: ignore[arg-type]
        disturbing = threading.Thread(target=job.disturb)
        began = time.monotonic()
        disturbing.start()
        try:
            ENGINES[engine](job)
        finally:
            seconds = time.monotonic() - began
            job.over.set()
            disturbing.join()
        assert not job.at_work()
    assert (len(job.killed), job.removed) == (kills, removes)
    assert contents(job.out) == expected.whole
    return job, seconds


def told(record: Callable[[str, object], None], engine: str, job: Job, seconds: float) -> None:
    """Put a line into the report: ``docs/make_reliability.py`` makes a table of them."""
    digest = json.loads((job.out / "manifest.json").read_text("utf-8"))["content_sha256"]
    disturbed = f"{job.kills} SIGKILLs" + (" and a node removed" if job.removes else "") if job.kills else "nothing"
    parts = [engine, disturbed, str(job.n_blocks), digest[:16], f"{seconds:.0f}"]
    record("digest", " | ".join(parts))
    print(*parts, *job.killed, sep=" | ")


@pytest.mark.nightly
@pytest.mark.parametrize("engine", ENGINES)
def test_an_engine_left_alone(
    engine: str, real: Expected, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    job, seconds = made(engine, real, 0, False, tmp_path)
    told(record_property, engine, job, seconds)


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("engine", "removes"),
    [
        *(pytest.param(engine, False, marks=fault(8, SIX)) for engine in ENGINES),
        pytest.param("Ray on two nodes", True, marks=fault(8, SIX + 1)),
    ],
)
def test_an_engine_of_which_six_are_killed(
    engine: str,
    removes: bool,
    real: Expected,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
    tried: Callable[[int], None],
) -> None:
    job, seconds = made(engine, real, SIX, removes, tmp_path)
    told(record_property, engine, job, seconds)
    tried(SIX + removes)
