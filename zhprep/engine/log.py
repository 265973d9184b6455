"""What a run says while it runs: ``log.jsonl`` for machines, a bar or now and then a line on stderr for people."""

from __future__ import annotations

import json
import math
import os
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from torch import Tensor
from tqdm import tqdm

from zhprep.core.progress import SECONDS_BETWEEN_LINES, Progress
from zhprep.core.shards.commit import committed, telling

QUIET = Progress()
"""Shows nothing."""


class Log:
    """Lines of JSON in ``path``; opening it for a run that goes on drops what was written after ``step``."""

    def __init__(self, path: Path, step: int) -> None:
        kept = []
        if path.exists():
            lines = path.read_text(encoding="utf-8").splitlines()
            kept = [line for line in lines if _step_of(line) <= step]
        with committed(path, replace=True) as file:
            file.write("".join(f"{line}\n" for line in kept).encode())
        self._path = path
        self._file = open(path, "ab")  # noqa: SIM115

    def write(self, **values: Any) -> None:
        """Append one line."""
        with telling(self._path):
            self._file.write((json.dumps(values, ensure_ascii=False) + "\n").encode())
            self._file.flush()

    def close(self) -> None:
        """Close the file."""
        with telling(self._path), self._file as file:
            file.flush()
            os.fsync(file.fileno())


def _step_of(line: str) -> float:
    """Return the step of a line of the log; infinity for what is no such line, as of a process that was killed."""
    try:
        return float(json.loads(line)["step"])
    except (ValueError, TypeError, KeyError):
        return math.inf


class Meter:
    """Counts steps and real tokens, knows the speed, and shows both in the style of ``progress``."""

    def __init__(self, progress: Progress, first: int, last: int) -> None:
        self._progress = progress
        self._first, self._last, self._step = first, last, first
        self._tokens = 0
        self._began = self._shown = time.monotonic()
        self._bar: Any = None
        progress.event("begin", done=first, total=last, unit="step")
        if progress.style == "auto" and sys.stderr.isatty():
            self._bar = tqdm(total=last, initial=first, unit="step", file=sys.stderr, desc=progress.label or None)

    @property
    def seconds(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._began

    @property
    def tokens_per_second(self) -> float:
        """Real tokens a second since the beginning."""
        return round(self._tokens / max(self.seconds, 1e-9), 1)

    def advance(self, tokens: int) -> None:
        """Say that one more step is done, with so many tokens."""
        self._step, self._tokens = self._step + 1, self._tokens + tokens
        if self._bar is not None:
            self._bar.update()
        elif time.monotonic() - self._shown >= SECONDS_BETWEEN_LINES:
            self._shown = time.monotonic()
            self._line()

    def show(self, loss: float) -> None:
        """Show the newest loss and the speed beside the bar."""
        if self._bar is not None:
            self._bar.set_postfix_str(f"loss {loss:.3f}, {self.tokens_per_second:,.0f} tokens/s")

    def end(self) -> None:
        """Leave the bar as it stands."""
        if self._bar is not None:
            self._bar.close()
        self._progress.event("end", done=self._step, seconds=round(time.monotonic() - self._began, 3))

    def _line(self) -> None:
        left = (time.monotonic() - self._began) / (self._step - self._first) * (self._last - self._step)
        speed = self.tokens_per_second
        self._progress.event("progress", done=self._step, total=self._last, tokens_per_second=speed)
        if self._progress.style == "auto":
            stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            where = f"{self._progress.label} step {self._step}/{self._last}"
            print(f"{stamp} {where} {speed:,.0f} tokens/s ETA {duration(left)}", file=sys.stderr, flush=True)


def real_tokens(batches: Iterable[Mapping[str, Tensor]]) -> int:
    """Return how many tokens of ``batches`` are no padding."""
    return sum(int(batch.get("attention_mask", batch["input_ids"] >= 0).sum()) for batch in batches)


def duration(seconds: float) -> str:
    """Return seconds as people say them: ``2h05m``, ``3m20s``, ``12s``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h{minutes:02d}m"
    return f"{minutes}m{rest:02d}s" if minutes else f"{rest}s"
