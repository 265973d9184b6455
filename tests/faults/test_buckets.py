"""Buckets: a command that is killed at any put, and one that finds another writer there before it."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from command_line import environment, made_by
from fault_table import fault
from stores import Server, files_of, stored

from zhprep.run.bucket import put_same

pytest.importorskip("fsspec", reason="the extra s3 is not installed")

CUT = ("--block-size", "4KiB", "--workers", 1, "--quiet")
PUTS = 12
"""How many files are put: plan, shards and receipts, what makes the folder a dataset, the manifest."""

COMMANDS = """
import os, signal, sys
os.environ["GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT"] = "false"
import fsspec
from zhprep.cli import invoke, normalize
from zhprep.cli.process import exit_code
from zhprep.core.corpus.inputs import put_new
from zhprep.run import bucket

news, top, meanwhile, steps, *flags = sys.argv[1:]
steps = list(map(int, steps.split(",")))

def run(*command):
    return exit_code(lambda: invoke([*command, *flags]))

def start(step):
    "Start a command to which that happens just before the put of that number."
    left = step

    def put_then(path, address):
        nonlocal left
        left -= 1
        if left == -1 and meanwhile == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        elif left == -1:
            with fsspec.open(address, "wb") as file:
                file.write(open(path, "rb").read() if meanwhile == "same" else b"of somebody else")
        return put_new(path, address)

    child = os.fork()
    if child == 0:
        bucket.put_new = put_then
        os._exit(run("normalize", news, "-o", f"{top}/made/{step:02d}"))
    return child

children = [start(step) for step in steps]
ended = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
for step, code in zip(steps, ended):
    read = run("normalize", f"{top}/made/{step:02d}", "-o", f"{top}/read/{step}")
    again = run("normalize", news, "-o", f"{top}/made/{step:02d}") if meanwhile == "killed" else None
    print(step, code, read, again, flush=True)
"""

PARTS = """
import os, signal, sys
from pathlib import Path
from zhprep.core.corpus.inputs import remote

file, top, *steps = sys.argv[1:]
system = remote._class_of(top.partition(":")[0])
name = "_call_s3" if top.startswith("s3:") else "_call"  # how it makes a request of any kind
remote.PART = 5 << 20

def start(step):
    "Start to put a file in parts; killed when the request of that number is answered."
    child = os.fork()
    if child:
        return child
    asked, left = getattr(system, name), step

    async def call_then(self, *arguments, **options):
        nonlocal left
        answer = await asked(self, *arguments, **options)
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    setattr(system, name, call_then)
    remote.put_new(Path(file), f"{top}/{step}")
    os._exit(0)

for child in list(map(start, map(int, steps))):
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""

FEW, ALL = (4, 11), tuple(range(PUTS))
STEPS = pytest.mark.parametrize(
    "steps",
    [
        pytest.param(FEW, id="few", marks=fault(17, len(FEW))),
        pytest.param(ALL, id="all", marks=[fault(17, len(ALL)), pytest.mark.nightly]),
    ],
)


@pytest.fixture
def ours(sample_data: Path, tmp_path: Path) -> dict[str, bytes]:
    """What a folder on a disk holds."""
    made = made_by("normalize", sample_data / "corpus" / "news.txt", *CUT[:-1], output=tmp_path / "made")
    assert len(files_of(made)) == PUTS
    return files_of(made)


def happens(meanwhile: str, steps: Sequence[int], server: Server, sample_data: Path) -> tuple[list[str], str]:
    """Return, for each step, its number, the exit code of the command to which that happened, of one that reads what is
    there then, and of the command given again; and the bucket."""
    bucket = f"{meanwhile}-{len(steps)}"
    top = server.bucket(bucket)
    news = sample_data / "corpus" / "news.txt"
    script = [sys.executable, "-c", COMMANDS, news, top, meanwhile, ",".join(map(str, steps)), *CUT]
    found = subprocess.run(list(map(str, script)), env=environment(), check=True, capture_output=True)
    lines = found.stdout.decode().splitlines()
    assert len(lines) == len(steps), found.stderr.decode()
    return lines, bucket


def hashes_in(server: Server, bucket: str) -> list[str]:
    return hashes(stored(server.system, f"{bucket}/made"))


def hashes(files: dict[str, bytes]) -> list[str]:
    return [hashlib.sha256(data).hexdigest() for _, data in sorted(files.items())]


@STEPS
def test_killed_at_a_put_and_run_again(
    steps: Sequence[int], server: Server, sample_data: Path, ours: dict[str, bytes], temporary: Path,
    tried: Callable[[int], None],
) -> None:  # fmt: skip
    """What a SIGKILL leaves is not read; run again, all is there, and the folder that was left here is removed."""
    lines, bucket = happens("killed", steps, server, sample_data)
    # unfinished; before the first shard there is nothing to read
    assert lines == [f"{step} {-signal.SIGKILL} {3 if step > 1 else 2} 0" for step in steps]
    assert hashes_in(server, bucket) == hashes(ours) * len(steps)
    tried(len(steps))


@STEPS
@pytest.mark.parametrize("put", ["same", "other"])
def test_another_writer_is_there_first(
    put: str, steps: Sequence[int], server: Server, sample_data: Path, ours: dict[str, bytes], temporary: Path,
    tried: Callable[[int], None],
) -> None:  # fmt: skip
    """Between the look and the put: the same bytes are as good as ours, others are not written over."""
    lines, bucket = happens(put, steps, server, sample_data)
    if put == "same":
        assert lines == [f"{step} 0 0 None" for step in steps]
        assert hashes_in(server, bucket) == hashes(ours) * len(steps)
    else:
        assert [line.split()[1] for line in lines] == ["2"] * len(steps)
        assert [line.split()[2] for line in lines] == ["3" if step else "2" for step in steps]  # nothing whole to read
        theirs = hashlib.sha256(b"of somebody else").hexdigest()
        assert hashes_in(server, bucket).count(theirs) == len(steps)
    tried(len(steps))


@fault(17, 4)
@pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")  # gcsfs does
def test_killed_in_the_middle_of_a_put_in_parts(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tried: Callable[[int], None]
) -> None:
    """Nothing is under the name until the last request; put again, it is there whole. What S3 keeps of the parts is
    taken away as docs/scale.md says."""
    file, top = tmp_path / "file", server.bucket("parts")
    file.write_bytes(os.urandom(11 << 20))
    # S3: begin, three parts, complete them; Google: begin, three parts, of which the last completes the file
    steps = [1, 2, 3, 4, 5] if server.protocol == "s3" else [1, 2, 3, 4]
    script = [sys.executable, "-c", PARTS, str(file), top, *map(str, steps)]
    ended = subprocess.run(script, env=environment(), check=True, capture_output=True).stdout.split()
    assert ended == [str(-signal.SIGKILL).encode()] * len(steps)
    assert [path.rpartition("/")[2] for path in server.system.find("parts")] == [str(steps[-1])]
    monkeypatch.setattr("zhprep.core.corpus.inputs.remote.PART", 5 << 20)
    assert all(put_same(file, f"{top}/{step}") for step in steps[:-1])
    assert stored(server.system, "parts") == dict.fromkeys(map(str, steps), file.read_bytes())
    if server.protocol == "s3":
        assert not put_same(file, f"{top}/{steps[-1]}")
        assert len(server.system.list_multipart_uploads("parts")) == len(steps) - 1
        server.system.clear_multipart_uploads("parts")
        assert server.system.list_multipart_uploads("parts") == []
        assert len(server.system.find("parts")) == len(steps)
    tried(len(steps))
