"""Signals and time limits raise a flag and no more; durations are read strictly."""

from __future__ import annotations

import contextlib
import os
import signal
import threading

import pytest

from zhprep.core.errors import Stopped, UsageError
from zhprep.core.stopping import SIGNALS, Stopping, parse_duration, stopped_by


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_a_signal(number: int) -> None:
    before = signal.getsignal(number)
    with Stopping() as stopping:
        assert not stopping.told
        os.kill(os.getpid(), number)
        assert stopping.told
    assert signal.getsignal(number) == before


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_outside_of_the_loops_ends_the_command(number: int) -> None:
    before = signal.getsignal(number)
    with stopped_by(*SIGNALS):
        with Stopping():
            os.kill(os.getpid(), number)  # that is for the loop
        with pytest.raises(Stopped):
            os.kill(os.getpid(), number)
    assert signal.getsignal(number) == before


def test_a_signal_does_not_take_the_place_of_an_error_that_leaves_the_command() -> None:
    def command() -> None:
        with contextlib.ExitStack() as leaving:  # such as to leave the other processes
            leaving.callback(os.kill, os.getpid(), signal.SIGTERM)
            with Stopping():
                raise ValueError("what happened")

    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(ValueError, match="what happened"), stopped_by(signal.SIGTERM):
        command()
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_time_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("zhprep.core.stopping.time.monotonic", lambda: now[0])
    stopping = Stopping(30)
    now[0] = 129.9
    assert not stopping.told
    now[0] = 130
    assert stopping.told


def test_in_another_thread_signals_are_left_alone() -> None:
    before = signal.getsignal(signal.SIGTERM)
    seen = []

    def run() -> None:
        with Stopping() as stopping:
            seen.append((stopping.told, signal.getsignal(signal.SIGTERM)))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert seen == [(False, before)]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90),
        ("90s", 90),
        ("5m", 300),
        ("11h50m", 42_600),
        ("1d", 86_400),
        ("11:50:00", 42_600),
        ("11:50", 42_600),
        ("1-00:00:30", 86_430),
    ],
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "-5", "5x", "1:2:3:4", "1h 5m", "５m "])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(UsageError, match="is not a duration"):
        parse_duration(text)
