"""Training steps on a CPU, ours beside transformers' class: the same model, batch and optimiser (``step_worker.py``).

A process each, a step each by turns, one thread. Figures are real tokens per second of processor time, the median of
the timed steps; those by the clock and the peak memory are printed beside.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from racing import Race
from step_worker import rows_and_masks

pytest.importorskip("transformers")
WARM_UP, TIMED = 2, 7
WORKER = Path(__file__).parent / "step_worker.py"
Taken = list[dict[str, float]]


def by_turns(size: str, objectives: list[str]) -> dict[str, Taken]:
    """Return what the timed steps of both took."""
    command = [sys.executable, str(WORKER)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "env": {**os.environ, "OMP_NUM_THREADS": "1"}}
    both = {
        who: subprocess.Popen([*command, who, size, *objectives], text=True, **pipes)  # type: ignore[call-overload]
        for who in ("zhprep", "transformers")
    }
    taken: dict[str, Taken] = {who: [] for who in both}
    for _ in range(WARM_UP + TIMED):
        for who, process in both.items():
            print(file=process.stdin, flush=True)
            taken[who].append(json.loads(process.stdout.readline()))
    for process in both.values():
        process.communicate()
    return {who: steps[WARM_UP:] for who, steps in taken.items()}


@pytest.mark.parametrize(
    ("size", "objectives", "least"),
    [("tiny", "mlm", 5.5), ("tiny", "mlm next_sentence", 5.5), ("small", "mlm", 2.0)],
)
def test_training_step(race: Race, size: str, objectives: str, least: float) -> None:
    taken = by_turns(size, objectives.split())
    n_tokens = int(rows_and_masks()[0].lengths.sum())
    speed = {who: n_tokens / float(np.median([step["cpu"] for step in steps])) for who, steps in taken.items()}
    clock = {who: float(np.median([step["clock"] for step in steps])) for who, steps in taken.items()}
    peak = {who: steps[-1]["mib"] for who, steps in taken.items()}
    kind = "BertForPreTraining" if "next" in objectives else "BertForMaskedLM"
    what = f"pretrain step, {size}, {objectives}, CPU"
    ratio = race.add(what, f"transformers {kind}", speed["zhprep"], speed["transformers"], "tok/s")
    print(
        f"by the clock {clock['transformers'] / clock['zhprep']:.2f}x; peak MiB", {k: round(v) for k, v in peak.items()}
    )
    assert ratio > least
