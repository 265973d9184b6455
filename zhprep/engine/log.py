"""What a run says while it runs: ``log.jsonl`` for machines, a bar or now and then a line on stderr for people."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from zhprep.core.progress import Bar, Progress, clock, duration
from zhprep.core.shards.commit import committed, telling
from zhprep.core.stalls import Silence, Ticking


class Log:
    """Lines of JSON in ``path``; opening it for a run that goes on drops what was written after ``step``.

    What is written of the step ``last`` beside its own line comes after its checkpoint, and so comes again.
    ``seconds`` are those that the last line says that was kept, 0 where there is none.
    """

    def __init__(self, path: Path, step: int, last: int) -> None:
        kept = []
        if path.exists():
            lines = path.read_text(encoding="utf-8").splitlines()
            kept = [line for line in lines if _step_of(line, last) <= step]
        with committed(path, replace=True) as file:
            file.write("".join(f"{line}\n" for line in kept).encode())
        self.seconds = float(json.loads(kept[-1]).get("seconds", 0)) if kept else 0.0
        self._path = path
        self._file = open(path, "ab")  # noqa: SIM115

    def write(self, **values: Any) -> None:
        """Append one line; what is no finite number is null there."""
        with telling(self._path):
            self._file.write((json.dumps(finite(values), ensure_ascii=False) + "\n").encode())
            self._file.flush()

    def close(self) -> None:
        """Close the file."""
        with telling(self._path), self._file as file:
            file.flush()
            os.fsync(file.fileno())


def finite(value: Any) -> Any:
    """Return ``value``, as JSON has it, with None for every number that is infinite or none: JSON has no such."""
    if isinstance(value, dict):
        return {name: finite(one) for name, one in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _step_of(line: str, last: int) -> float:
    """Return after which step a line of the log is written; infinity for what is no such line, as of a process that was
    killed, and for what is written at the end, after step ``last``."""
    try:
        value = json.loads(line)
        return math.inf if value["step"] == last and "loss" not in value else float(value["step"])
    except (ValueError, TypeError, KeyError):
        return math.inf


class Meter:
    """Counts steps and real tokens, knows the speed, and shows both in the style of ``progress``.

    Where no step is done for long (``STALLED`` seconds, and ten times what a step takes) it says so.
    """

    def __init__(self, progress: Progress, first: int, last: int) -> None:
        self._progress = progress
        self._first, self._step, self._last = first, first, last
        self._began = self._news = time.time()
        self._bar = Bar(progress, last, "steps", done=first)
        self._silence = Silence()
        self._ticking = Ticking(self._look)
        if progress.style != "quiet":
            self._ticking.start()

    @property
    def seconds(self) -> float:
        """Seconds since the beginning."""
        return self._bar.seconds

    @property
    def tokens_per_second(self) -> float:
        """Real tokens a second since the beginning."""
        return round(self._bar.per_second("tokens"), 1)

    def advance(self, tokens: int) -> None:
        """Say that one more step is done, with so many tokens."""
        self._step, self._news = self._step + 1, time.time()
        self._bar.advance(1, tokens=tokens)

    def show(self, loss: float) -> None:
        """Show the newest loss beside the speed."""
        self._bar.beside(loss=loss)

    def end(self) -> None:
        """Leave the bar as it stands."""
        self._ticking.stop()
        self._bar.end()

    def _look(self) -> None:
        self._bar.tick()
        usual = (self._news - self._began) / max(self._step - self._first, 1)
        if silent := self._silence.of(self._step, least=10 * usual):
            self._progress.tell(
                "stall", f"no step for {duration(silent)}: step {self._step + 1} of {self._last} is under way since "
                f"{clock(self._news)}", seconds=round(silent), done=self._step, under_way=[],
            )  # fmt: skip


def real_tokens(batches: Iterable[Mapping[str, Tensor]]) -> int:
    """Return how many tokens of ``batches`` are no padding."""
    return sum(int(batch.get("attention_mask", batch["input_ids"] >= 0).sum()) for batch in batches)
