"""Arrays made once: whole or made again, by any number of processes, with or without a folder to write to."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from command_line import environment

from zhprep.core.mapped import cache_folder, mapped_arrays

ARRAYS = {"small": np.arange(5, dtype=np.uint16), "none": np.zeros(0), "wide": np.arange(12.0).reshape(3, 4)}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ZHPREP_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


class Maker:
    def __init__(self) -> None:
        self.made = 0

    def __call__(self) -> dict[str, np.ndarray]:
        self.made += 1
        return ARRAYS


def same(arrays) -> bool:
    return list(arrays) == list(ARRAYS) and all(
        array.dtype == ARRAYS[name].dtype and np.array_equal(array, ARRAYS[name]) for name, array in arrays.items()
    )


def test_made_once_for_each_source(folder: Path) -> None:
    make = Maker()
    assert same(mapped_arrays("table", "one", make))
    assert same(mapped_arrays("table", "one", make))
    assert make.made == 1
    mapped_arrays("table", "two", make)
    assert make.made == 2
    assert len(list(folder.iterdir())) == 2


def test_what_is_damaged_is_made_again(folder: Path) -> None:
    make = Maker()
    mapped_arrays("table", "one", make)
    [path] = folder.iterdir()
    sound = path.read_bytes()
    damaged = [b"", sound[:-1], sound + b"x", sound[:10], bytes(len(sound))]
    damaged += [sound[:i] + bytes([sound[i] ^ 1]) + sound[i + 1 :] for i in range(0, len(sound), 7)]
    for n, data in enumerate(damaged, 2):
        path.write_bytes(data)
        assert same(mapped_arrays("table", "one", make))
        assert make.made == n
        assert path.read_bytes() == sound


def test_another_source_under_its_name_is_not_taken(folder: Path) -> None:
    make = Maker()
    mapped_arrays("table", "one", make)
    mapped_arrays("table", "two", make)
    one, two = folder.iterdir()
    one.write_bytes(two.read_bytes())
    mapped_arrays("table", "one", make)
    mapped_arrays("table", "two", make)
    assert make.made == 3


def test_nothing_can_be_written(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.write_text("a file where the folder should be")
    make = Maker()
    assert same(mapped_arrays("table", "one", make))
    assert same(mapped_arrays("table", "one", make))
    assert make.made == 2
    monkeypatch.setenv("ZHPREP_CACHE", "")
    assert same(mapped_arrays("table", "one", make))


def test_where_the_folder_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("ZHPREP_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "zhprep"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert cache_folder() == tmp_path / "home" / ".cache" / "zhprep"
    monkeypatch.setenv("ZHPREP_CACHE", "")
    assert cache_folder() is None


def _ask(_: int) -> bool:
    return same(mapped_arrays("table", "one", Maker()))


def test_many_processes_at_once(folder: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        assert all(pool.map(_ask, range(16)))
    assert [path.suffix for path in folder.iterdir()] == [".arrays"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes anywhere")
def test_a_folder_that_is_read_only(folder: Path) -> None:
    make = Maker()
    mapped_arrays("table", "one", make)
    folder.chmod(0o500)
    assert same(mapped_arrays("table", "one", make))
    assert same(mapped_arrays("table", "two", make))
    assert make.made == 2


def test_what_kills_the_first_who_makes_them_leaves_nothing(folder: Path) -> None:
    """Killed in the midst of writing, by the signal of a file that grows too large; stopped there as by Ctrl-C."""
    script = (
        "import resource, signal, sys\nfrom pathlib import Path\nimport numpy as np\n"
        "from zhprep.core.mapped import mapped_arrays\n"
        "def stop(_, event, function):\n"
        "    if event == 'c_return' and function.__name__ == 'write': raise KeyboardInterrupt\n"
        "if sys.argv[1] == 'stopped':\n"
        "    sys.setprofile(stop)\n"
        "else:\n"
        "    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "mapped_arrays('table', 'large', lambda: {'large': np.zeros(1 << 20)})\n"
    )

    def left(way: str) -> list[str]:
        command = [sys.executable, "-c", script, way]
        done = subprocess.run(command, env=environment(PYTHONDONTWRITEBYTECODE="1"), stderr=subprocess.DEVNULL)
        assert done.returncode == -(signal.SIGXFSZ if way == "killed" else signal.SIGINT)
        return [path.name for path in folder.iterdir()]

    assert left("stopped") == []
    assert [name[:6] for name in left("killed")] == [".part-"]
    mapped_arrays("table", "one", Maker())
    assert [path.suffix for path in folder.iterdir()] == [".arrays"]


def test_others_may_read_what_one_has_made(folder: Path) -> None:
    before = os.umask(0o022)
    try:
        mapped_arrays("table", "one", Maker())
    finally:
        os.umask(before)
    assert [path.stat().st_mode & 0o777 for path in folder.iterdir()] == [0o644]
