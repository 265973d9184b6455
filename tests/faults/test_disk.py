"""A disk that is full is told with the path, leaves nothing by halves, and what was done is gone on with."""

from __future__ import annotations

import contextlib
import errno
import gc
import os
import re
import resource
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from command_line import zhprep
from fault_table import fault
from forked import Server, server
from plain_tasks import contents
from writing_commands import SENTENCES, WRITERS, line, make_inputs


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_inputs(tmp_path_factory.mktemp("made"))


@contextlib.contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """A disk that takes so many bytes of a file; what is written past them fails as on one that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


SIZES = [0, 100, 3000, 20_000]
MORE_SIZES = [1, 17, 256, 511, 700, 901, 1024, 1300, 1777, 2048, 4095, 4096, 4097, 6000, 8192, 12_000, 50_000, 100_000]


@pytest.mark.parametrize(
    "size",
    [
        *(pytest.param(size, marks=fault(3, 1)) for size in SIZES),
        *(pytest.param(size, marks=[fault(3, 1), pytest.mark.nightly]) for size in MORE_SIZES),
    ],
)
@pytest.mark.parametrize("name", WRITERS)
def test_a_file_that_cannot_be_written(
    name: str, size: int, made: Path, tmp_path: Path, tried: Callable[[], None]
) -> None:
    if name == "export hdf5":
        pytest.importorskip("h5py")
    tried()
    (tmp_path / "place").mkdir()
    command = [*line(name, made, tmp_path / "place" / "out"), "--quiet"]
    with files_no_larger_than(size):
        result = zhprep(*command)
    if result.code == 0:  # it is small enough
        assert size
        return
    assert result.code == 1, result.err
    assert len(result.err.splitlines()) == 1, result.err
    assert "place/out" in result.err, result.err
    assert "File too large" in result.err, result.err
    left = contents(tmp_path)
    assert not [path for path in left if ".part-" in path or path.endswith(".tmp")], left
    if "plan.json" not in {Path(path).name for path in left}:
        assert not left
        assert [path.name for path in tmp_path.rglob("*")] == ["place"]
    assert zhprep(*command).code == 0  # what is there is gone on with
    whole = contents(tmp_path)
    shutil.rmtree(tmp_path / "place")
    (tmp_path / "place").mkdir()
    assert zhprep(*command).code == 0
    alike = {path: data for path, data in contents(tmp_path).items() if name != "pretrain"}
    assert {path: data for path, data in whole.items() if path in alike} == alike


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB, where one may be mounted."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = (
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", place], check=False, capture_output=True)
        if shutil.which("mount")
        else None
    )
    if mounted is None or mounted.returncode:
        pytest.skip("no file system can be mounted here (it takes root)")
    try:
        yield place
    finally:
        gc.collect()  # what still holds a file of it
        subprocess.run(["umount", place], check=True)


def test_a_disk_that_is_full(small_disk: Path, made: Path) -> None:
    filler = small_disk / "filler"
    filler.write_bytes(bytes(60 << 10))
    for name in WRITERS:
        result = zhprep(*line(name, made, small_disk / "out"), "--quiet")
        if result.code == 0:
            shutil.rmtree(small_disk / "out", ignore_errors=True)
            for path in small_disk.glob("out*"):
                path.unlink()
            continue
        assert (result.code, "No space left on device" in result.err) == (1, True), (name, result.err)
        assert f"{small_disk}/out" in result.err, (name, result.err)
        assert not [path for path in contents(small_disk) if ".part-" in path], name
        shutil.rmtree(small_disk / "out", ignore_errors=True)
        assert sorted(small_disk.iterdir()) == [filler], name


def test_standard_input_that_cannot_be_spooled(made: Path, tmp_path: Path) -> None:
    with files_no_larger_than(1000):
        result = zhprep("segment", "-", "-o", tmp_path / "new" / "out", stdin=SENTENCES.encode())
    assert (result.code, "File too large" in result.err, str(tmp_path) in result.err) == (1, True, True), result.err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "name", ["to a folder", "to txt", "build-vocab", "make-instances", "render-glyphs", "pretrain", "export jsonl"]
)
@pytest.mark.parametrize("below", ["good.txt/sub", "good.txt/sub/deeper"])
def test_a_file_in_the_way_of_a_folder_is_told_as_the_user_named_it(
    name: str, below: str, made: Path, tmp_path: Path
) -> None:
    (tmp_path / "good.txt").write_text("precious")
    command = line(name, made, tmp_path / below)
    result = zhprep(*command)
    assert result.code == 2, result.err
    assert f"Error: {command[-1]}: cannot be made, for {tmp_path / 'good.txt'} is a file" in result.err, result.err
    assert (tmp_path / "good.txt").read_text() == "precious"


@pytest.mark.parametrize("name", WRITERS)
def test_everything_is_synced_before_it_has_its_name(
    name: str, made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each file that appears was brought to the disk first."""
    synced = set()

    def fsync(descriptor: int) -> None:
        state = os.fstat(descriptor)
        synced.add((state.st_dev, state.st_ino, state.st_size))

    monkeypatch.setattr(os, "fsync", fsync)
    result = zhprep(*line(name, made, tmp_path / "out"), "--quiet")
    assert result.code == 0, result.err
    files = {path: path.stat() for path in tmp_path.rglob("*") if path.is_file()}
    assert files
    unsynced = [path for path, state in files.items() if (state.st_dev, state.st_ino, state.st_size) not in synced]
    assert not unsynced


CALLS = ("write", "pwrite64", "fsync", "openat", "linkat", "rename", "mkdir")
NUMBERS = ("ENOSPC", "EIO", "EDQUOT", "EINTR")


@pytest.fixture(scope="module")
def running(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    warm = tmp_path_factory.mktemp("warm")
    for name in INJECTED:
        (warm / name).mkdir()
    with server(made.parent, [[*line(name, made, warm / name / "out"), "--quiet"] for name in INJECTED]) as one:
        yield one


INJECTED = [name for name in WRITERS if name not in ("pretrain", "export hdf5")]


@pytest.mark.nightly
@fault(3, 10)
@pytest.mark.parametrize("name", INJECTED)
def test_a_call_that_fails(name: str, made: Path, running: Server, tmp_path: Path, tried: Callable[[], None]) -> None:
    """Each call that writes fails with each error, at times all over; those of reading and of streams are others'."""
    command = [*line(name, made, tmp_path / "place" / "out"), "--quiet"]
    (tmp_path / "place").mkdir()
    trace = running.run(command, {"strace": ["-y", "-e", f"trace={','.join(CALLS)}"]}).trace
    expected = contents(tmp_path / "place")
    seen: Counter[str] = Counter()
    places = []
    for one in trace:
        if found := re.match(r"(\d+) +(\w+)\(", one):
            seen[found[0]] += 1
            if str(tmp_path / "place") in one and "RDONLY" not in one:
                places.append((found[2], seen[found[0]]))
    for number in range(max(10, len(places))):  # those of commands with few calls again, with another error
        turn, place = divmod(number, len(places))
        call, count = places[place]
        shutil.rmtree(tmp_path / "place")
        (tmp_path / "place").mkdir()
        name_of_error = NUMBERS[(place + turn) % len(NUMBERS)]
        inject = ["-y", "-e", f"trace={call}", "-e", f"inject={call}:error={name_of_error}:when={count}"]
        end = running.run(command, {"strace": inject})
        what = (name, call, count, name_of_error, end)
        # strace counts in each process: in another one it may be a library that is loaded, or what the test itself is told
        hit = [one for one in end.trace if "(INJECTED)" in one]
        ours = all(str(tmp_path / "place") in one for one in hit)
        if end.code and ours:
            assert end.code in (1, 2), what
            assert len(end.err.splitlines()) == 1, what
            assert os.strerror(getattr(errno, name_of_error)) in end.err or "another process" in end.err, what
            assert str(tmp_path / "place") in end.err, what
        left = contents(tmp_path / "place")
        assert not [path for path in left if ".part-" in path or path.endswith(".tmp")], (what, left.keys())
        if end.code:
            assert running.run(command).code == 0, what
        assert contents(tmp_path / "place") == expected, what
        tried(ours)
