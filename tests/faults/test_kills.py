"""Killed at any moment and run again, a job gives the bytes of one that was not.

At each step: a child is killed before its nth touch of the file system, for every n. At each byte: a child dies in the
middle of a file. At random moments: the parent, a worker, or all of them. At night the same of whole commands, and at
each system call that changes something.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from command_line import lives, workers_of
from fault_table import fault, rounds
from forked import HUNG, Server, server
from patience import patience, wait_until
from plain_tasks import contents, make_input
from writing_commands import SENTENCES, WRITERS, line, make_inputs

TESTS = Path(__file__).parents[1]

EVERY_STEP = '''
"""Fork a child for each step, let it be killed there, let another finish, and compare."""
import os, resource, shutil, signal, sys
from pathlib import Path
from plain_tasks import Copy, contents, make_job
from zhprep.core.shards import BlockJob, Output, run_job

os.fsync = lambda descriptor: None  # what was written outlives a killed process; only a dead machine loses it
folder, overwriting, sizes = Path(sys.argv[1]), sys.argv[2] == "overwriting", [int(size) for size in sys.argv[3:]]
made = make_job(folder / "x.txt")
made.corpus.blocks = made.corpus.blocks[:2]
out = folder / "out"
run_job(made, Output(folder / "once", executor="inline"))  # what is imported late is there for every child

def in_child(work):
    pid = os.fork()
    if pid == 0:
        try:
            work()
        except BaseException as error:
            print(repr(error), flush=True)
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

def run():
    run_job(made, Output(out, executor="inline", overwrite=overwriting))

def run_until(step):
    left = step
    def hook(event, args):
        nonlocal left
        if event in ("os.link", "os.rename", "os.remove", "os.rmdir", "os.mkdir") or (
            event == "open" and str(args[0]).startswith(str(out))
        ):
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(hook)
    run()

def begin():
    shutil.rmtree(out, ignore_errors=True)
    if overwriting:
        assert in_child(lambda: run_job(BlockJob(made.corpus, Copy(option=2)), Output(out, executor="inline"))) == 0
        (out / "notes.txt").write_text("somebody else's")

begin()
assert in_child(run) == 0
whole = contents(out)

def run_to_byte(size):
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    run()

def killed_and_gone_on_with(what, work):
    begin()
    code = in_child(work)
    if code == 0:
        return False
    assert code in (-signal.SIGKILL, -signal.SIGXFSZ), code
    there = contents(out) if out.exists() else {}
    for name, data in there.items():
        note = name.startswith((".working", ".made", ".part-"))  # read as hints alone, or by nobody
        torn = "plan.json" in there and not note and data != whole.get(name)
        assert not torn or overwriting, f"{what}: {name} can be seen and is not whole"
    assert in_child(run) == 0, f"{what}: could not go on"
    assert contents(out) == whole, f"{what}: {sorted(contents(out))}"
    return True

steps = 0
if not sizes:
    while killed_and_gone_on_with(f"step {steps}", lambda: run_until(steps)):
        steps += 1
print(steps + sum(killed_and_gone_on_with(f"byte {size}", lambda: run_to_byte(size)) for size in sizes))
'''


def killed_and_gone_on_with(tmp_path: Path, *arguments: object) -> int:
    """Return how many times a job was killed and went on to the same bytes."""
    make_input(tmp_path / "x.txt")
    (tmp_path / "every_step.py").write_text(EVERY_STEP)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS.parent)])}
    done = subprocess.run(
        [sys.executable, "every_step.py", str(tmp_path), *map(str, arguments)],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return int(done.stdout.split()[-1])


@pytest.mark.parametrize(
    "what", [pytest.param("new", marks=fault(1, 50)), pytest.param("overwriting", marks=fault(1, 60))]
)
def test_killed_at_every_step(tmp_path: Path, what: str, tried: Callable[[int], None]) -> None:
    tried(killed_and_gone_on_with(tmp_path, what))


@rounds(1, 90, 900)
def test_killed_in_the_middle_of_a_file(n: int, tmp_path: Path, tried: Callable[[int], None]) -> None:
    """The limit on the size of a file kills whoever goes beyond it, with what was written before left there."""
    sizes = random.Random(n).choices(range(900), k=n)  # a shard has 1,500 bytes, a receipt 900
    tried(killed_and_gone_on_with(tmp_path, "new", *sizes))


FORKED, SPAWNED = "1", "2"
"""Threads of numpy's library: workers are copies of a process that has one, and new processes where there are more."""
BUSY = 0.3
"""Seconds a block of a job that is to be met at work: two more to come, however late this process gets its turn."""


def start(tmp_path: Path, seconds: float, threads: str = FORKED) -> subprocess.Popen[bytes]:
    """Begin a job of about a dozen blocks, each of so many seconds, with two workers."""
    python_path = os.pathsep.join([str(TESTS), str(TESTS.parent)])
    environment = {**os.environ, "PYTHONPATH": python_path, "OPENBLAS_NUM_THREADS": threads}
    command = [sys.executable, TESTS / "plain_tasks.py", tmp_path / "x.txt", tmp_path / "out", 2, seconds]
    return subprocess.Popen(list(map(str, command)), env=environment, stderr=subprocess.PIPE, start_new_session=True)


@pytest.fixture
def whole(tmp_path: Path) -> dict[str, bytes]:
    from plain_tasks import make_job

    from zhprep.core.shards import Output, run_job

    make_input(tmp_path / "x.txt")
    run_job(make_job(tmp_path / "x.txt"), Output(tmp_path / "whole"))
    return contents(tmp_path / "whole")


@pytest.mark.slow
@fault(2, 1)
@pytest.mark.parametrize("victim", ["parent", "worker"])
def test_killed_at_a_random_moment(
    tmp_path: Path, whole: dict[str, bytes], victim: str, tried: Callable[[], None]
) -> None:
    """Workers that are new processes; those that are copies below."""
    chance = random.Random(0)
    with start(tmp_path, BUSY, SPAWNED) as process:
        wait_until(lambda: any((tmp_path / "out" / ".receipts").glob("0*")))
        time.sleep(chance.random() * 0.2)
        workers = wait_until(lambda: workers_of(process))
        os.kill(process.pid if victim == "parent" else chance.choice(workers).pid, signal.SIGKILL)
        _, errors = process.communicate(timeout=patience(60))
    wait_until(lambda: not any(lives(worker) for worker in workers))
    if victim == "parent":
        with start(tmp_path, 0) as process:
            assert process.wait(timeout=patience(60)) == 0
    else:
        assert (process.returncode, errors) == (0, b"")
    assert contents(tmp_path / "out") == whole
    tried()


@fault(2, 1)
@pytest.mark.parametrize("threads", [FORKED, SPAWNED])
def test_a_signal_to_the_whole_group_stops_in_order(
    tmp_path: Path, whole: dict[str, bytes], threads: str, tried: Callable[[], None]
) -> None:
    with start(tmp_path, BUSY, threads) as process:
        wait_until(lambda: any((tmp_path / "out" / ".receipts").glob("0*")))
        os.killpg(process.pid, signal.SIGTERM)
        process.communicate(timeout=patience(60))
    assert process.returncode == 85
    with start(tmp_path, 0) as process:
        assert process.wait(timeout=patience(60)) == 0
    assert contents(tmp_path / "out") == whole
    tried()


CORPUS_COMMANDS: dict[str, tuple[str, ...]] = {
    "normalize": ("normalize", "{x}"),
    "segment": ("segment", "{x}"),
    "extract-pinyin": ("extract-pinyin", "{x}"),
    "build-vocab": ("build-vocab", "{x}", "--size", "300", "--min-frequency", "1"),
    "make-instances": (
        "make-instances",
        "{x}",
        "--vocab",
        "{vocab}",
        "--max-length",
        "32",
        "--mask",
        "wwm",
        "--static",
    ),
}
"""Every command that reads a corpus in blocks."""


def corpus_command(name: str, made: Path, out: Path, workers: int = 2) -> list[str]:
    arguments = [part.format(x=made / "x.txt", vocab=made / "vocab") for part in CORPUS_COMMANDS[name]]
    return [*arguments, "-o", str(out), "--block-size", "1500", "--workers", str(workers), "--quiet"]


def killed_at_random(
    running: Server, commands: dict[str, Callable[[Path], list[str]]], top: Path, n: int, seconds: dict[str, float]
) -> Iterator[str]:
    """Kill commands, let each go on, and compare; yield what was done.

    A victim may have come to its end before: whatever it is, what is there at the end is the same.
    """
    chance = random.Random(n)
    expected = {}
    for name, command in commands.items():
        assert running.run(command(top / "alone" / name)).code == 0
        expected[name] = contents(top / "alone" / name)
    for number in range(n):
        name = chance.choice(list(commands))
        victim = ("command", "worker", "all", "term")[number % 4]
        out = top / str(number)
        command = commands[name](out)
        end = running.run(command, {"kill": victim, "after": chance.random() * seconds[name]})
        what = f"{number}: {name}, {victim}: {end}"
        assert end.orphans == 0, what
        assert end.code != HUNG, what
        wanted = {"command": (0, -9), "worker": (0,), "all": (0, -9), "term": (0, 85, -15)}[victim]
        assert end.code in wanted, what
        assert running.run(command).code == 0, what
        assert contents(out) == expected[name], what
        shutil.rmtree(out)
        yield what


@rounds(2, 16, 500)
def test_commands_killed_at_random(n: int, tmp_path: Path, vocab: Path, tried: Callable[[], None]) -> None:
    """Their workers are copies; few: of the quickest command."""
    (tmp_path / "x.txt").write_text(SENTENCES, encoding="utf-8")
    (tmp_path / "vocab").symlink_to(vocab)
    names = list(CORPUS_COMMANDS) if n > 100 else ["normalize"]
    commands = {name: lambda out, name=name: corpus_command(name, tmp_path, out) for name in names}
    warm = [corpus_command(name, tmp_path, tmp_path / "warm" / name, workers=1) for name in names]
    with server(tmp_path, warm) as running:
        seconds = {name: running.run(commands[name](tmp_path / "timed" / name)).seconds for name in names}
        for _ in killed_at_random(running, commands, tmp_path, n, seconds):  # type: ignore[arg-type]
            tried()


CHANGING = ("openat", "write", "pwrite64", "fsync", "linkat", "link", "rename", "renameat", "unlink", "unlinkat",
            "ftruncate", "mkdir", "rmdir")  # fmt: skip
"""System calls that change what others see, or are about to."""
LONG = ("pretrain", "export hdf5")
"""Commands whose libraries have threads, which copies do not have."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_inputs(tmp_path_factory.mktemp("made"))


@pytest.fixture(scope="module")
def running(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that knows every command."""
    top = tmp_path_factory.mktemp("warm")
    for name in WRITERS:
        (top / name).mkdir()
    with server(
        made.parent, [[*line(name, made, top / name / "out"), "--quiet"] for name in WRITERS if name not in LONG]
    ) as one:
        yield one


def goes_on(
    running: Server, command: list[str], place: Path, fault_: dict[str, object], expected: dict[str, bytes]
) -> bool:
    """Whether a command was killed; assert that it leaves nothing torn and goes on to what is ``expected``."""
    place.mkdir()
    end = running.run(command, fault_)
    killed = end.code in (-signal.SIGKILL, -signal.SIGXFSZ)
    assert killed or end.code == 0, (command, fault_, end)
    left = contents(place)
    for path, data in left.items():
        name = Path(path).name
        seen = not (".part-" in path or ".tmp" in path or ".working" in path or ".made" in path)
        assert not seen or data == expected.get(path) or name in AT_WORK, (command, fault_, path)
    again = running.run(command)
    whole = "is there already" in again.err or "is not empty" in again.err  # what is made at once, a file or an export
    refused_for_it = again.code == 2 and whole
    assert again.code == 0 or (refused_for_it and left == expected), (command, fault_, again)
    found = {path: data for path, data in contents(place).items() if ".part-" not in path}
    assert found == expected, (command, fault_, sorted(set(found) ^ set(expected)))
    shutil.rmtree(place)
    return killed


AT_WORK = {"plan.json"}
"""Files that have other bytes, or are not there, when all is done."""


SHARED_OUT = {"to a folder", "make-instances"}
"""What would be done by workers, each of which would meet the fault until its document is named for it."""


@pytest.mark.nightly
@fault(1, 60)
@pytest.mark.parametrize("name", [name for name in WRITERS if name not in LONG])
def test_a_command_is_killed_at_every_step_and_call(
    name: str, made: Path, running: Server, tmp_path_factory: pytest.TempPathFactory, tried: Callable[[], None]
) -> None:
    """Before each touch of the file system; at bytes all over; at each system call, where strace is installed."""
    top = Path(tempfile.mkdtemp(dir=made.parent))
    alone = ("--workers", "1") if name in SHARED_OUT else ()
    command = [*line(name, made, top / "place" / "out"), "--quiet", *alone]
    (top / "place").mkdir()
    steps = running.run(command, {"count": True}).steps
    expected = contents(top / "place")
    shutil.rmtree(top / "place")
    faults: list[dict[str, object]] = [{"step": step} for step in range(steps)]
    faults += [{"byte": size} for size in random.Random(0).sample(range(6000), 60)]
    if shutil.which("strace"):
        (top / "place").mkdir()
        trace = running.run(command, {"strace": ["-e", f"trace={','.join(CHANGING)}"]}).trace
        shutil.rmtree(top / "place")
        calls = Counter(found[1] for one in trace if (found := re.match(r"\d+ +(\w+)\(", one)))
        faults += [
            {"strace": ["-e", f"trace={call}", "-e", f"inject={call}:signal=KILL:when={number}"]}
            for call, count in calls.items()
            for number in range(1, count + 1)
        ]
    for one in faults:
        if goes_on(running, command, top / "place", one, expected):
            tried()
