"""Progress: nothing but plain lines in a log, JSON when asked, and never on stdout."""

from __future__ import annotations

import json
import re
import threading
import time

import pytest

from zhprep.core import progress, stalls
from zhprep.core.progress import Progress, showing
from zhprep.core.progress import work as work_here


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def work(style: str, clock: list[float], total: int = 1000, seconds: float = 10.0) -> None:
    with Progress("segment", style).of(total, "bytes") as bar:
        for _ in range(10):
            clock[0] += seconds
            bar.advance(100)


def test_a_log_gets_a_line_now_and_then(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    work("auto", clock)
    out, err = capsys.readouterr()
    assert out == ""
    assert "\r" not in err
    lines = err.splitlines()
    assert len(lines) == 3
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ segment 30\.0%, 0\.00 MB/s, 1m10s left", lines[0])


def test_a_bar_has_no_thread_that_would_keep_workers_from_being_forked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress.sys.stderr, "isatty", lambda: True)
    before = set(threading.enumerate())
    with Progress("segment", "auto").of(10, "bytes") as bar:
        bar.advance(5)
        assert not set(threading.enumerate()) - before


def test_an_eta_of_more_than_a_day(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    work("auto", clock, total=100_000, seconds=3600.0)
    assert "41d15h left" in capsys.readouterr().err.splitlines()[0]


def test_json_lines(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    work("json", clock)
    out, err = capsys.readouterr()
    assert out == ""
    events = [json.loads(line) for line in err.splitlines()]
    assert [event["event"] for event in events] == ["begin", "progress", "progress", "progress", "end"]
    assert {event["stage"] for event in events} == {"segment"}
    assert events[-1]["done"] == 1000


def test_quiet(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    work("quiet", clock)
    assert capsys.readouterr() == ("", "")


def test_it_ends_when_the_work_does_not(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RuntimeError), Progress("x", "json").of(10, "bytes"):
        raise RuntimeError
    assert json.loads(capsys.readouterr().err.splitlines()[-1])["event"] == "end"


def test_work_that_does_not_get_on_is_told_of_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the style of the command, though what works knows nothing of it; and nowhere else."""
    monkeypatch.setattr(stalls, "TICK", 0.01)
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0.0)
    before = set(threading.enumerate())
    with showing(Progress("export", "auto")), work_here(10, "instances") as bar:
        while not (said := capsys.readouterr().err):
            time.sleep(0.01)
        bar.advance(5)
    assert "export 0.0%, 0 of 10 instances, nothing done yet" in said
    assert "50.0%, 5 of 10 instances" in capsys.readouterr().err
    with work_here(10, "instances") as bar:
        assert not set(threading.enumerate()) - before
        bar.advance(10)
    assert capsys.readouterr().err == ""
