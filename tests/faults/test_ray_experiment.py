"""An experiment over Ray whose runs fail, are killed, are told to stop. Skipped where ray is not installed."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest
from command_line import process, zhprep
from fault_table import fault
from made_experiment import NAMES, line, on, weights
from patience import patience
from ray_nodes import Nodes

pytestmark = [
    pytest.mark.nightly,
    pytest.mark.skipif(find_spec("ray") is None, reason="ray is not installed (pip install 'zhprep[ray]')"),
]


def kill(folder: Path, name: str, before: set[str]) -> bool:
    """Kill the process that is at a run, once it is another than those ``before``; return whether there was one."""
    lock = folder / ".locks" / f"runs-{name}.lock"
    said = lock.read_text("utf-8") if lock.exists() else ""
    if not said or said in before:
        return False
    before.add(said)
    os.kill(int(said.split()[1]), signal.SIGKILL)
    return True


def killing(started: subprocess.Popen[bytes], folder: Path, name: str, kills: int) -> tuple[int, str]:
    """Kill so many processes at a run, one after another; return the exit code and what was said on stderr."""
    before: set[str] = set()
    while started.poll() is None and len(before) < kills:
        kill(folder, name, before)
        time.sleep(0.02)
    _, err = started.communicate(timeout=patience(300))
    assert len(before) == kills
    return started.returncode, err.decode()


@fault(8, 2)
def test_a_run_that_is_killed_goes_on_elsewhere(
    nodes: Nodes, sample_data: Path, tmp_path: Path, tried: Callable[[int], None]
) -> None:
    command = line(tmp_path, sample_data, 60, "char", "wwm")
    alone = zhprep(*command, "-o", tmp_path / "alone", "--executor", "inline", "--quiet")
    assert alone.code == 0, alone.err
    started = process(*command, "-o", tmp_path / "ray", *on(nodes.address), "--quiet", cwd=tmp_path)
    assert killing(started, tmp_path / "ray", NAMES[1], 2) == (0, "")
    assert weights(tmp_path / "ray") == weights(tmp_path / "alone")
    tried(2)


@fault(8, 3)
def test_a_run_that_kills_its_process_three_times_is_named_and_the_others_are_done(
    nodes: Nodes, sample_data: Path, tmp_path: Path, tried: Callable[[int], None]
) -> None:
    command = line(tmp_path, sample_data, 60, "char", "wwm")
    started = process(*command, "-o", tmp_path / "ray", *on(nodes.address), "--quiet", cwd=tmp_path)
    code, err = killing(started, tmp_path / "ray", NAMES[0], 3)
    assert code == 2
    assert f"1 of 2 runs failed: {NAMES[0]}: 3 processes died at it, one after another" in err
    status = zhprep("status", tmp_path / "ray").out.decode().splitlines()
    assert status[0] == "1 of 2 runs done"
    assert "3 processes died at it" in next(one for one in status if one.startswith(NAMES[0]))
    again = process(*command, "-o", tmp_path / "ray", *on(nodes.address), "--quiet", cwd=tmp_path)
    assert again.communicate(timeout=patience(300)) == (b"", b"")
    assert again.returncode == 0
    assert zhprep("status", tmp_path / "ray").out.decode().startswith("2 of 2 runs done")
    tried(3)


def test_told_to_stop_all_runs_save_where_they_are(nodes: Nodes, sample_data: Path, tmp_path: Path) -> None:
    command = line(tmp_path, sample_data, 100_000, "char", "wwm", "macbert")
    started = process(*command, "-o", tmp_path / "ray", *on(nodes.address), "--quiet", cwd=tmp_path)
    logs = [tmp_path / "ray" / "runs" / name / "log.jsonl" for name in NAMES]
    while started.poll() is None and sum(log.exists() for log in logs) < 2:
        time.sleep(0.05)
    started.send_signal(signal.SIGTERM)
    _, err = started.communicate(timeout=patience(120))
    assert started.returncode == 85, err
    assert b"run the same command again" in err
    saved = [len(list(log.parent.glob("step-*"))) for log in logs if log.exists()]
    assert saved
    assert all(saved)
    assert not list((tmp_path / "ray").glob(".part-*"))


def test_a_run_that_fails_is_not_tried_again_and_the_others_are_done(
    nodes: Nodes, sample_data: Path, tmp_path: Path
) -> None:
    command = line(tmp_path, sample_data, 2, "char", "wwm")
    in_the_way = tmp_path / "ray" / "runs" / NAMES[1]
    in_the_way.parent.mkdir(parents=True)
    in_the_way.touch()
    started = process(*command, "-o", tmp_path / "ray", *on(nodes.address), cwd=tmp_path)
    _, err = started.communicate(timeout=patience(300))
    assert started.returncode == 1, err
    assert err.decode().count(f"{NAMES[1]} failed: ") == 1
    assert f"Error: 1 of 2 runs failed: {NAMES[1]}: ".encode() in err
    assert zhprep("status", tmp_path / "ray").out.decode().startswith("1 of 2 runs done")
