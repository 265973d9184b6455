"""A file appears whole or not at all."""

from __future__ import annotations

import errno
import os
import re
import resource
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from command_line import environment

from zhprep.core.errors import ZhprepError
from zhprep.core.shards import committed, read_json, remove_leftovers, temporary_name, write_json
from zhprep.core.temporary import pid_namespace


@pytest.fixture(autouse=True, params=["unnamed", "named"])
def _kind_of_file_system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that knows files without names, and one that does not."""
    if request.param == "named":
        monkeypatch.delattr(os, "O_TMPFILE")


def write(path: Path, data: bytes, **options: bool) -> None:
    with committed(path, **options) as file:
        file.write(data)


def test_it_is_there_at_the_end_and_not_before(tmp_path: Path) -> None:
    with committed(tmp_path / "x") as file:
        file.write(b"1")
        assert not (tmp_path / "x").exists()
    assert (tmp_path / "x").read_bytes() == b"1"
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_error_leaves_nothing(tmp_path: Path, error: type[BaseException]) -> None:
    with pytest.raises(error), committed(tmp_path / "x"):
        raise error
    assert not list(tmp_path.iterdir())


def test_a_second_writer_brings_the_same_bytes_or_is_an_error(tmp_path: Path) -> None:
    write(tmp_path / "x", b"1")
    write(tmp_path / "x", b"1")
    with pytest.raises(ZhprepError, match="x: was written by another process with other bytes"):
        write(tmp_path / "x", b"2")
    assert (tmp_path / "x").read_bytes() == b"1"
    write(tmp_path / "x", b"2", replace=True)
    assert (tmp_path / "x").read_bytes() == b"2"
    assert len(list(tmp_path.iterdir())) == 1


def test_two_writers_in_one_process_do_not_meet(tmp_path: Path) -> None:
    with committed(tmp_path / "x") as one, committed(tmp_path / "x") as two:
        one.write(b"1")
        two.write(b"1")
    assert (tmp_path / "x").read_bytes() == b"1"


@pytest.mark.parametrize("number", [errno.EPERM, errno.ENOTSUP, errno.EMLINK])
def test_a_file_system_without_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def link(*_: object, **options: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "link", link)
    write(tmp_path / "x", b"1")
    write(tmp_path / "x", b"1")
    with pytest.raises(ZhprepError, match="with other bytes"):
        write(tmp_path / "x", b"2")
    assert (tmp_path / "x").read_bytes() == b"1"


def test_a_link_that_fails_otherwise_is_told_with_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def link(source: object, *_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "full", str(source))  # as the system does: by the name of the draft

    monkeypatch.setattr(os, "link", link)
    with pytest.raises(OSError, match="full") as told:
        write(tmp_path / "x", b"1")
    assert told.value.filename == str(tmp_path / "x")
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_told_with_the_file_and_leaves_nothing(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, hard))
    try:
        with pytest.raises(OSError, match="File too large") as error:
            write(tmp_path / "x", bytes(1 << 20))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert error.value.filename == str(tmp_path / "x")
    assert not list(tmp_path.iterdir())


def marks(path: Path) -> tuple[int, int, int]:
    """What changes where a file is written, and not where it is read."""
    found = path.stat()
    return found.st_ino, found.st_mtime_ns, found.st_size


def test_json_is_sorted_utf8_and_left_alone_when_it_says_the_same(tmp_path: Path) -> None:
    write_json(tmp_path / "x.json", {"b": "中", "a": [1, {"d": 1, "c": 2}]})
    assert (tmp_path / "x.json").read_bytes().decode().split() == [
        *("{", '"a":', "[", "1,", "{", '"c":', "2,", '"d":', "1", "}", "],", '"b":', '"中"', "}")
    ]
    before = marks(tmp_path / "x.json")
    write_json(tmp_path / "x.json", read_json(tmp_path / "x.json"), replace=True)
    assert marks(tmp_path / "x.json") == before
    with pytest.raises(ZhprepError):
        write_json(tmp_path / "x.json", {})


def test_an_error_names_the_file_that_was_to_be_and_keeps_what_it_says(tmp_path: Path) -> None:
    """One without a number is a library's own: with a name beside it Python would tell nothing else."""
    for error, told in (
        (OSError("the codec failed"), "the codec failed"),
        (OSError(errno.ENOSPC, "No space left"), f"[Errno 28] No space left: '{tmp_path / 'x'}'"),
        (OSError(errno.EIO, "Input/output error", "/elsewhere"), "[Errno 5] Input/output error: '/elsewhere'"),
    ):
        with pytest.raises(OSError, match=f"^{re.escape(told)}$"), committed(tmp_path / "x"):
            raise error


def test_leftovers_of_the_dead_are_removed_and_no_others(tmp_path: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    host = pid_namespace()
    mine = [f".part-a.arrow-{host}-{dead.pid}-1", f".part-b-{host}-{dead.pid}-22"]
    others = [
        f".part-a.arrow-{host}-{os.getpid()}-1",
        f".part-a.arrow-another_host-{dead.pid}-1",
        ".part-of-a-whole",
        f".part-a.arrow-{host}-{dead.pid}",
        ".part-",
        f"a-{host}-{dead.pid}-1",
    ]
    for name in mine + others:
        (tmp_path / name).touch()
    remove_leftovers(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(others)


def test_leftovers_of_one_name_of_folders_and_of_other_machines(tmp_path: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    mine = f"{pid_namespace()}-{dead.pid}"
    (tmp_path / f".part-out-{mine}-1" / "inside").mkdir(parents=True)
    (tmp_path / f".part-out-{mine}-2").touch()
    (tmp_path / f".part-x-{mine}-3").touch()
    for name, hours in (("new", 23), ("old", 25)):
        path = tmp_path / f".part-{name}-another_host-1-4"
        path.touch()
        os.utime(path, (0, time.time() - hours * 3600))
    remove_leftovers(tmp_path, of="out")
    assert len(list(tmp_path.iterdir())) == 3
    remove_leftovers(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [".part-new-another_host-1-4"]


def test_leftovers_of_another_container_are_not_removed(tmp_path: Path) -> None:
    """Two containers of one host name on a shared file system: the number of a process of one is nobody in the other.

    The other one is a namespace of its own, in which our processes have no numbers.
    """
    apart = ["unshare", "--user", "--map-root-user", "--pid", "--fork"]
    if subprocess.run([*apart, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this system lets no process have a namespace of its own")
    mine = temporary_name(tmp_path / "spool")
    mine.touch()
    code = (
        "import sys\nfrom pathlib import Path\nfrom zhprep.core.shards import remove_leftovers, temporary_name\n"
        "temporary_name(Path(sys.argv[1]) / 'theirs').touch()\nremove_leftovers(Path(sys.argv[1]))\n"
    )
    subprocess.run([*apart, sys.executable, "-c", code, str(tmp_path)], env=environment(), check=True)
    assert mine.exists()
    remove_leftovers(tmp_path)
    assert sorted(path.name.split("-")[1] for path in tmp_path.iterdir()) == ["spool", "theirs"]


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
@pytest.mark.parametrize("replace", [False, True])
def test_the_mode_follows_the_umask(tmp_path: Path, mask: int, replace: bool) -> None:
    before = os.umask(mask)
    try:
        write(tmp_path / "x", b"1", replace=replace)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "x").stat().st_mode) == 0o666 & ~mask


def test_a_killed_writer_leaves_nothing_that_stays(tmp_path: Path) -> None:
    lines = [
        "import os, sys",
        "from pathlib import Path",
        "from zhprep.core.shards.commit import committed",
        *([] if hasattr(os, "O_TMPFILE") else ["del os.O_TMPFILE"]),
        "with committed(Path(sys.argv[1])) as file: file.write(b'1'); file.flush(); os.kill(os.getpid(), 9)",
    ]
    command = [sys.executable, "-c", "\n".join(lines), tmp_path / "x"]
    assert subprocess.run(command, env=environment(), check=False).returncode == -9
    assert len(list(tmp_path.iterdir())) == (0 if hasattr(os, "O_TMPFILE") else 1)
    remove_leftovers(tmp_path)
    assert not list(tmp_path.iterdir())
