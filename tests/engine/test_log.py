"""The meter of a run: steps, tokens, loss, and a word when no step comes."""

from __future__ import annotations

import json

import pytest

from zhprep.core import stalls
from zhprep.core.events import fault_of
from zhprep.core.progress import NO_PROGRESS, Progress
from zhprep.engine.log import Meter


@pytest.mark.parametrize("style", ["json", "auto"])
def test_a_step_that_does_not_end_is_said(style, monkeypatch, capsys):
    monkeypatch.setattr(stalls, "TICK", 1e6)  # nobody looks but this test
    now = [100.0]
    for clock in ("monotonic", "time"):
        monkeypatch.setattr(stalls.time, clock, lambda: now[0])
    meter = Meter(Progress("pretrain", style), 0, 10)
    for _ in range(3):
        now[0] += 20
        meter.advance(1000)
        meter.show(float("nan"))
        meter._look()
    now[0] += 190  # a step takes 20 seconds: ten of them are worth saying
    meter._look()
    now[0] += 10
    meter._look()
    meter.end()
    err = capsys.readouterr().err
    if style == "auto":
        assert "pretrain      no step for 3m20s: step 4 of 10 is under way since 1970-01-01T00:02:40Z\n" in err
        return
    events = [json.loads(line, parse_constant=pytest.fail) for line in err.splitlines()]
    assert [fault_of(event) for event in events] == [""] * len(events)
    (stall,) = [event for event in events if event["event"] == "stall"]
    assert (stall["seconds"], stall["done"], stall["under_way"]) == (200, 3, [])
    assert next(event["seconds_left"] for event in events if event["event"] == "progress") == 160


def test_the_clock_of_training_stands_still_beside_it(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(stalls.time, "monotonic", lambda: now[0])
    meter = Meter(NO_PROGRESS, 0, 10)
    for tokens, flops in ((1000, 10**12), (10, 10**12)):  # few tokens of much work, as of longer rows
        now[0] += 2
        meter.advance(tokens, flops)
        with meter.still():
            now[0] += 50
            with meter.still():
                now[0] += 50
            now[0] += 50
            assert meter.lap() == (tokens / 2, flops / 2)
    assert (meter.seconds, meter.tokens_per_second) == (4, 252.5)
    meter.end()
