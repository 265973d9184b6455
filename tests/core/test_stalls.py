"""Silence is said after a minute and each time it has doubled; a thread that looks is gone when the work is."""

from __future__ import annotations

import threading

import pytest
from patience import patience

from zhprep.core import stalls
from zhprep.core.stalls import Silence, Ticking


def test_silence_is_said_when_it_has_doubled(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(stalls.time, "monotonic", lambda: now[0])
    silence = Silence()
    said = []
    for now[0] in range(0, 600, 5):
        if silence.of("the same"):
            said.append(now[0])
    assert said == [60, 120, 240, 480]
    now[0] = 600
    assert silence.of("news") == 0
    now[0] = 655
    assert silence.of("news") == 0
    now[0] = 660
    assert silence.of("news") == 60
    assert Silence().of(None, least=100) == 0
    now[0] = 730
    assert silence.of("news", least=500) == 0


def test_a_thread_ticks_until_the_block_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stalls, "TICK", 0.001)
    before, ticked = set(threading.enumerate()), threading.Event()
    with Ticking(ticked.set):
        assert ticked.wait(patience(60))
    assert not set(threading.enumerate()) - before
