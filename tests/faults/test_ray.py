"""Ray on two nodes gives the bytes of one process, whatever is killed meanwhile. Skipped where ray is not installed."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import psutil
import pytest
from command_line import environment, made_by, process, refused, zhprep
from fault_table import fault
from made_experiment import NAMES, line, on, weights
from patience import patience
from plain_tasks import contents
from ray_nodes import TESTS, Nodes, two_nodes

from zhprep.core.events import fault_of

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("ray") is None, reason="ray is not installed (pip install 'zhprep[ray]')"),
]


@pytest.fixture(scope="module")
def corpus(sample_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two megabytes, each copy of the sample a little different."""
    text = "\n\n".join(path.read_text("utf-8").strip() for path in sorted((sample_data / "corpus").glob("*.txt")))
    path = tmp_path_factory.mktemp("corpus") / "corpus.txt"
    path.write_text("\n\n".join(text.replace("云溪市", f"云溪市{copy}区") for copy in range(16)), encoding="utf-8")
    return path


COMMANDS: dict[str, tuple[str, ...]] = {
    "normalize": (),
    "segment": (),
    "build-vocab": ("--size", "3000"),
    "extract-pinyin": (),
    "make-instances": ("--vocab", "{vocab}", "--mask", "wwm", "--static"),
}


def arguments(command: str, corpus: Path, vocab: Path, block: str = "128KiB") -> list[object]:
    return [
        command,
        corpus,
        *(part.format(vocab=vocab) for part in COMMANDS[command]),
        "--block-size",
        block,
        "--quiet",
    ]


@pytest.mark.parametrize(
    "command",
    [  # what others do too is left to the night
        pytest.param(name, marks=[pytest.mark.nightly] if name in ("normalize", "segment") else []) for name in COMMANDS
    ],
)
def test_every_command_gives_the_same_bytes(
    command: str, corpus: Path, vocab: Path, nodes: Nodes, tmp_path: Path
) -> None:
    line = arguments(command, corpus, vocab)
    made_by(*map(str, line[:-1]), "--executor", "inline", output=tmp_path / "alone")
    cluster = ("--executor", "ray", "--ray-address", nodes.address, "--json")
    started = process(*line, "-o", tmp_path / "ray", *cluster, cwd=tmp_path)
    out, err = started.communicate(timeout=patience(300))
    assert (started.returncode, err) == (0, b"")
    assert json.loads(out)["output"].endswith("ray")
    assert contents(tmp_path / "ray") == contents(tmp_path / "alone")


PROMISES = """
import contextlib, os, signal, sys, tempfile, time
from pathlib import Path
from plain_items import begin, die_at_three, fail_at_three, node, square
from zhprep.core.errors import DataError
from zhprep.core.executors import EXECUTORS, Killed
from zhprep.core.executors import ray
from zhprep.core.executors.ray import _connected
run = EXECUTORS["ray"]
before = signal.getsignal(signal.SIGTERM)
with _connected():
    assert signal.getsignal(signal.SIGTERM) == before
    assert list(run(square, range(20), 99)) == [x * x for x in range(20)]
    assert any(len(set(run(node, range(12), 99))) == 2 for _ in range(30))  # one may still be starting
    assert list(run(square, [], 99)) == []
    assert list(run(die_at_three, range(6), 99)) == [0, 1, 2, Killed(3, "its worker died"), 4, 5]
    results = run(fail_at_three, range(10), 99)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    try:
        next(results)
    except DataError as error:
        assert (str(error), error.hint) == ("x.txt, line 3: bad", "mend it")
    taken = []
    def items():
        for x in range(1000):
            taken.append(x)
            yield x
    with contextlib.closing(run(square, items(), 99)) as results:
        assert [next(results) for _ in range(3)] == [0, 1, 4]
        assert len(taken) <= 8
    ray.TICK, top, asked = 0.2, Path(tempfile.mkdtemp()), []
    for x in range(4):
        (top / str(x)).mkdir()
    def told():
        if len(list(top.glob("*/0"))) == 2:  # as many as there are CPUs
            asked.append(time.monotonic())
            for x in range(4) if asked[-1] - asked[0] > 3 else ():
                (top / str(x) / "go").touch()
        return bool(asked)
    assert list(run(begin, [(str(top / str(x)), 0) for x in range(4)], 99, None, told)) == [0, 0]
    assert len(list(top.glob("*/0"))) == 2
print("held")
"""


def test_what_every_executor_promises(nodes: Nodes) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROMISES],
        env=environment(RAY_ADDRESS=nodes.address, PYTHONPATH=os.pathsep.join([str(TESTS), str(TESTS.parent)])),
        capture_output=True, text=True, check=False, timeout=patience(300),
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "held\n"), done.stderr  # nothing of Ray's on its dead workers


def test_the_models_of_an_experiment_are_those_of_one_process(nodes: Nodes, sample_data: Path, tmp_path: Path) -> None:
    command = line(tmp_path, sample_data, 2, "char", "wwm")
    alone = zhprep(*command, "-o", tmp_path / "alone", "--executor", "inline", "--quiet", "--json")
    assert alone.code == 0, alone.err
    started = process(*command, "-o", tmp_path / "ray", *on(nodes.address), "--log-json", "--json", cwd=tmp_path)
    out, err = started.communicate(timeout=patience(300))
    assert started.returncode == 0, err
    assert weights(tmp_path / "ray") == weights(tmp_path / "alone")
    assert json.loads(out)["results"] == alone.report["results"]
    assert not list((tmp_path / "ray").glob(".part-*"))
    events = [json.loads(one) for one in err.decode().splitlines()]
    assert not [one for one in events if fault_of(one)]
    said = [one["text"] for one in events if one["event"] == "note"]
    assert sorted(text.split()[0] for text in said if "is done" in text) == sorted(NAMES[:2])
    ends = [one["done"] for one in events if (one["event"], one["stage"]) == ("end", "experiment")]
    assert ends[-1] == 4  # steps


def workers_of(nodes: Nodes) -> list[psutil.Process]:
    """Return the processes that are at a block."""
    below = psutil.Process(nodes.process.pid).children(recursive=True)
    found = []
    for one in below:
        with contextlib.suppress(psutil.Error):  # it is gone, or dead and not yet waited for
            if "_apply" in " ".join(one.cmdline()):
                found.append(one)
    return found


@pytest.mark.parametrize(
    "kills",
    [
        pytest.param(2, id="few", marks=fault(8, 3)),
        pytest.param(6, id="six", marks=[fault(8, 7), pytest.mark.nightly]),
    ],
)
def test_workers_killed_and_a_node_removed(
    kills: int, corpus: Path, vocab: Path, tmp_path: Path, tried: Callable[[int], None]
) -> None:
    line = arguments("make-instances", corpus, vocab)
    made_by(*map(str, line[:-1]), "--executor", "inline", output=tmp_path / "alone")
    with two_nodes() as nodes:
        started = process(*line, "-o", tmp_path / "ray", "--executor", "ray", "--ray-address", nodes.address)
        killed = kill_workers(started, nodes, tmp_path / "ray", kills)
        if started.poll() is None:
            nodes.remove()
        _, err = started.communicate(timeout=patience(300))
    assert (started.returncode, err, killed) == (0, b"", kills)
    assert contents(tmp_path / "ray") == contents(tmp_path / "alone")
    tried(kills + 1)


def kill_workers(started: subprocess.Popen[bytes], nodes: Nodes, folder: Path, kills: int) -> int:
    """Kill so many workers, each after another block was done; return how many, fewer if the command is done before."""
    killed, chance, seen = 0, random.Random(1), -1
    while started.poll() is None and killed < kills:
        done = len(list(folder.glob("**/.receipts/*.json")))
        if done > seen and (victims := workers_of(nodes)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(chance.choice(victims).pid, signal.SIGKILL)
                killed, seen = killed + 1, done
        time.sleep(0.01)
    return killed


@pytest.mark.nightly
@fault(8, 3)
@pytest.mark.parametrize("command", [name for name in COMMANDS if name != "make-instances"])
def test_workers_killed_at_every_command(
    command: str, corpus: Path, vocab: Path, nodes: Nodes, tmp_path: Path, tried: Callable[[int], None]
) -> None:
    line = arguments(command, corpus, vocab, "8KiB")
    made_by(*map(str, line[:-1]), "--executor", "inline", output=tmp_path / "alone")
    started = process(*line, "-o", tmp_path / "ray", "--executor", "ray", "--ray-address", nodes.address, cwd=tmp_path)
    killed = kill_workers(started, nodes, tmp_path / "ray", 3)
    _, err = started.communicate(timeout=patience(300))
    assert (started.returncode, err, killed) == (0, b"", 3)
    assert contents(tmp_path / "ray") == contents(tmp_path / "alone")
    tried(killed)


SOON = """
from zhprep.core import stalls
stalls.TICK, stalls.STALLED = 0.1, 1.0
from zhprep.cli import main
main()
"""


@pytest.mark.nightly
def test_a_stall_is_said_with_its_document(nodes: Nodes, tmp_path: Path) -> None:
    """Of a document that takes five seconds, to a driver that takes one for long."""
    (tmp_path / "x.txt").write_text(f"一二。\n\n三四。\n\n{'睡' * 10}了。\n\n醒了。\n", encoding="utf-8")
    line = ["segment", tmp_path / "x.txt", "-o", tmp_path / "out", "--cws", "slow_segmenter:Sleepy", "--block-size", 1]
    done = subprocess.run(
        [sys.executable, "-c", SOON, *map(str, line), "--log-json", "--executor", "ray", "--ray-address", nodes.address],
        env=environment(PYTHONPATH=os.pathsep.join([str(TESTS), str(TESTS.parent)])), cwd=tmp_path,
        capture_output=True, text=True, check=False, timeout=patience(300),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    events = [json.loads(one) for one in done.stderr.splitlines()]
    stalled = [one for one in events if one["event"] == "stall"]
    said = [(at, one["text"]) for one in stalled for at in one["under_way"] if at["block"] == 2]
    assert said, stalled
    at, text = said[0]
    assert (at["first"], at["last"]) == ("x.txt:3", "x.txt:3")
    assert f"documents x.txt:3 to x.txt:3 (block 2, process {at['pid']} on {at['host']})" in text


def test_what_cannot_be_is_told(corpus: Path, tmp_path: Path) -> None:
    refused(zhprep("segment", corpus, "--executor", "ray"), 2, "Ray makes shards", "-o FOLDER")
    line = ("segment", corpus, "-o", tmp_path / "out", "--executor", "ray", "--ray-address")
    refused(zhprep(*line, "127.0.0.1:1"), 2, "no Ray cluster at '127.0.0.1:1'", "ray start --head")
