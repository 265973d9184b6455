from __future__ import annotations

import math

import pytest

from zhprep.engine.config import OptimisationConfig
from zhprep.engine.schedules import factor


def at(progress: float, **settings: object) -> float:
    config = OptimisationConfig(steps=1000, warmup=0.0, **settings)
    return factor(config, round(progress * 1000))


def test_the_decay_of_wsd_is_a_line_or_one_minus_the_root():
    for schedule in ("wsd", "wsd-sqrt"):
        assert at(0.79, schedule=schedule, decay_share=0.2) == 1.0
    assert at(0.85, schedule="wsd", decay_share=0.2) == pytest.approx(0.75)
    assert at(0.85, schedule="wsd-sqrt", decay_share=0.2) == pytest.approx(1 - math.sqrt(0.25))


def test_a_damped_cosine_falls_rises_and_falls():
    """(peak + valley) / 2 + (peak - valley) / 2 · cos(π(2N - 1)p) with N = 2 and a valley of a tenth."""
    settings = {"schedule": "damped-cosine", "cycles": 2, "end_rate": 0.1}
    for p in (0.0, 0.1, 0.333, 0.5, 0.667, 0.9):
        assert at(p, **settings) == pytest.approx(0.55 + 0.45 * math.cos(3 * math.pi * p))
    assert at(0.333, **settings) < 0.11 < 0.99 < at(0.667, **settings)


def test_polynomial_decay_is_a_power_of_what_is_left():
    assert at(0.5, schedule="polynomial", power=2.0) == 0.25
    assert at(0.25, schedule="polynomial") == at(0.25, schedule="linear")


def test_a_run_may_end_above_nothing():
    assert at(0.999, schedule="linear", end_rate=0.02) == pytest.approx(0.02, abs=1e-3)
    assert at(0.0, schedule="linear", end_rate=0.02) == 1.0
