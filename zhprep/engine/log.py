"""What a run says while it runs: ``log.jsonl`` for machines, a bar or now and then a line on stderr for people."""

from __future__ import annotations

import json
import math
import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from torch import Tensor

from zhprep.core.progress import Bar, Progress, clock, duration
from zhprep.core.shards.commit import committed
from zhprep.core.stalls import Silence, Ticking
from zhprep.core.temporary import naming


class Log:
    """Lines of JSON in ``path``; opening it for a run that goes on drops what was written after ``step``.

    What is written of the step ``last`` beside its own line comes after its checkpoint, and so comes again.
    ``seconds`` and ``elapsed`` are what the last line says that was kept, 0 where there is none.
    """

    def __init__(self, path: Path, step: int, last: int) -> None:
        kept = []
        if path.exists():
            lines = path.read_text(encoding="utf-8").splitlines()
            kept = [line for line in lines if _step_of(line, last) <= step]
        with committed(path, replace=True) as file:
            file.write("".join(f"{line}\n" for line in kept).encode())
        newest = json.loads(kept[-1]) if kept else {}
        self.seconds = float(newest.get("seconds", 0))
        self.elapsed = float(newest.get("elapsed", self.seconds))
        self._path = path
        self._file = open(path, "ab")  # noqa: SIM115

    def write(self, **values: Any) -> None:
        """Append one line; what is no finite number is null there."""
        with naming(self._path):
            self._file.write((json.dumps(finite(values), ensure_ascii=False) + "\n").encode())
            self._file.flush()

    def close(self) -> None:
        """Close the file."""
        with naming(self._path), self._file as file:
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


class Rates(NamedTuple):
    """Real tokens and floating-point operations a second, of all processes."""

    tokens: float
    flops: float


class Meter:
    """Counts steps and real tokens, knows the speed, and shows both in the style of ``progress``.

    Its clock is that of training and stands still inside ``still()``; what is shown goes by all seconds. Where no step
    is done for long (``STALLED`` seconds, and ten times what a step takes) it says so.
    """

    def __init__(self, progress: Progress, first: int, last: int) -> None:
        self._progress = progress
        self._first, self._step, self._last = first, first, last
        self._began = self._news = time.time()
        self._start = self._zero = time.monotonic()
        self._stands: float | None = None
        self._counts: Counter[str] = Counter()
        self._lap: tuple[float, Counter[str]] = (0.0, Counter())
        self._bar = Bar(progress, last, "steps", done=first)
        self._silence = Silence()
        self._ticking = Ticking(self._look)
        if progress.style != "quiet":
            self._ticking.start()

    @property
    def seconds(self) -> float:
        """Seconds of training since the beginning, never 0."""
        now = time.monotonic() if self._stands is None else self._stands
        return max(now - self._zero, 1e-9)

    @property
    def elapsed(self) -> float:
        """All seconds since the beginning, also those in which the clock of training stands still."""
        return time.monotonic() - self._start

    @property
    def tokens_per_second(self) -> float:
        """Real tokens a second of training since the beginning."""
        return round(self._counts["tokens"] / self.seconds, 1)

    @contextmanager
    def still(self) -> Iterator[None]:
        """Inside, the clock stands still: what is done there is no training."""
        if self._stands is not None:
            yield
            return
        self._stands = time.monotonic()
        try:
            yield
        finally:
            self._zero += time.monotonic() - self._stands
            self._stands = None

    def lap(self) -> Rates:
        """Return the rates since the last time that this was asked, or since the beginning."""
        (began, before), seconds = self._lap, self.seconds
        self._lap = seconds, self._counts.copy()
        took = max(seconds - began, 1e-9)
        return Rates(*((self._counts[name] - before[name]) / took for name in Rates._fields))

    def advance(self, tokens: int, flops: int = 0) -> None:
        """Say that one more step is done, with so many tokens and floating-point operations."""
        self._step, self._news = self._step + 1, time.time()
        self._counts.update(tokens=tokens, flops=flops)
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
