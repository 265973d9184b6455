"""Progress on stderr: a bar on a terminal, a plain line now and then in a log, JSON events, or nothing."""

from __future__ import annotations

import json
import math
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from zhprep.core.stalls import Ticking

SECONDS_BETWEEN_LINES = 30.0
TERMINAL_DELAY = 1.0
"""Seconds of work before a bar is shown: what is done by then needs none."""


@dataclass(frozen=True)
class Progress:
    """How progress is shown; ``style`` is ``auto``, ``json`` or ``quiet``."""

    label: str = ""
    style: str = "quiet"

    @contextmanager
    def of(self, total: int, unit: str, *, shards: int = 0) -> Iterator[Bar]:
        """Show progress towards ``total`` units of work, which makes so many ``shards``, if it makes any."""
        bar = Bar(self, total, unit, shards=shards)
        try:
            yield bar
        finally:
            bar.end()

    def event(self, name: str, **facts: Any) -> None:
        """Write one JSON line, if that is the style; what events there are stands in :mod:`zhprep.core.events`."""
        if self.style == "json":
            print(event_line(name, self.label, **facts), file=sys.stderr, flush=True)

    def tell(self, name: str, text: str, **facts: Any) -> None:
        """Say ``text`` once: a line with the label before it, or a JSON line with ``facts``."""
        self.event(name, text=text, **facts)
        if self.style == "auto":
            print(f"{self.label:<14}{text}", file=sys.stderr, flush=True)


NO_PROGRESS = Progress()
"""Shows nothing."""

_CURRENT = ContextVar("progress", default=NO_PROGRESS)


@contextmanager
def showing(progress: Progress) -> Iterator[None]:
    """Inside, :func:`work` is shown by ``progress``, however many functions lie between that have nothing to do with
    it."""
    token = _CURRENT.set(progress)
    try:
        yield
    finally:
        _CURRENT.reset(token)


@contextmanager
def work(total: int, unit: str, *, shards: int = 0) -> Iterator[Bar]:
    """Show a piece of work of this process, of ``total`` units: also while none of them is done for long."""
    progress = _CURRENT.get()
    with (
        progress.of(total, unit, shards=shards) as bar,
        nullcontext() if progress.style == "quiet" else Ticking(bar.tick),
    ):
        yield bar


def event_line(name: str, stage: str, **facts: Any) -> str:
    """Return an event as one line of JSON, with the time in UTC."""
    return json.dumps({"event": name, "time": clock(time.time()), "stage": stage, **facts}, ensure_ascii=False)


class Bar:
    """One running piece of work, and beside it counts of what was done (documents, tokens), shown as rates."""

    def __init__(self, progress: Progress, total: int, unit: str, *, done: int = 0, shards: int = 0) -> None:
        self._progress = progress
        self._total, self._unit = total, unit
        self._first = self._done = done
        self._begun = 0
        self._counts: Counter[str] = Counter()
        self._shards = shards
        self._beside: dict[str, float] = {}
        self._began = self._shown = time.monotonic()
        self._lock = threading.Lock()
        self._bar: Any = None
        progress.event("begin", done=done, total=total, unit=unit)
        if progress.style == "auto" and sys.stderr.isatty():
            self._bar = self._terminal()

    def advance(self, amount: int, **counts: int) -> None:
        """Add ``amount`` units of finished work, and what it was in other units."""
        self._done += amount
        self._begun = 0
        self._counts.update(counts)
        if self._bar is not None:
            self._bar.update(amount)
        self._show_now_and_then()

    def beside(self, **values: float) -> None:
        """Show values beside the progress from now on, as a loss."""
        self._beside.update(values)
        if self._bar is not None:
            self._bar.set_postfix_str(", ".join(self._details()), refresh=False)

    def tick(self, begun: int = 0) -> None:
        """Say that time goes by, with ``begun`` units of work done in what is not finished."""
        self._begun = begun
        if self._bar is not None:
            self._bar.refresh()
        self._show_now_and_then()

    def per_second(self, name: str) -> float:
        """Return how many of a count were done a second since the beginning."""
        return self._counts[name] / self.seconds

    def end(self) -> None:
        """Finish."""
        if self._bar is not None:
            self._bar.close()
        self._progress.event("end", done=self._done, seconds=round(self.seconds, 3), counts=dict(self._counts))

    def _terminal(self) -> Any:
        from tqdm import tqdm

        tqdm.monitor_interval = 0  # no thread of its own, or workers could not be forked
        size = {"unit": "B", "unit_scale": True} if self._unit == "bytes" else {"unit": f" {self._unit}"}
        return tqdm(
            total=self._total or None, initial=self._done, desc=self._progress.label or None, file=sys.stderr,
            delay=TERMINAL_DELAY, dynamic_ncols=True, **size,
        )  # fmt: skip

    @property
    def seconds(self) -> float:
        """Seconds since the beginning, never 0."""
        return max(time.monotonic() - self._began, 1e-9)

    def _show_now_and_then(self) -> None:
        with self._lock:  # a bar may be told from the thread that looks for stalls
            now = time.monotonic()
            if now - self._shown < (1.0 if self._bar is not None else SECONDS_BETWEEN_LINES):
                return
            self._shown = now
        if self._bar is not None:
            self._bar.set_postfix_str(", ".join(self._details()))
        else:
            self._line()

    def _line(self) -> None:
        rate = (self._done + self._begun - self._first) / self.seconds
        left = max(self._total - self._done - self._begun, 0) / rate if rate and self._total else None
        self._progress.event(
            "progress", done=self._done, begun=self._begun, total=self._total, unit=self._unit,
            per_second=round(rate, 3), **({} if left is None else {"seconds_left": round(left)}),
            counts=dict(self._counts), rates={name: round(self.per_second(name), 3) for name in self._counts},
            values={name: value for name, value in self._beside.items() if math.isfinite(value)},
        )  # fmt: skip
        if self._progress.style == "auto":
            parts = [*self._share(rate), *self._details()]
            if self._total:
                parts += ["nothing done yet" if left is None else f"{duration(left)} left"]
            where = f"{clock(time.time())} {self._progress.label}".rstrip()
            print(f"{where} {', '.join(parts)}", file=sys.stderr, flush=True)

    def _share(self, rate: float) -> list[str]:
        """Return how much is done of all; where nobody knows how much that is, of what was counted."""
        if not self._total:
            return [f"{count:,} {name}" for name, count in self._counts.items()]
        share = f"{(self._done + self._begun) / self._total:.1%}"
        return [
            share,
            f"{rate / 1e6:,.2f} MB/s" if self._unit == "bytes" else f"{self._done:,} of {self._total:,} {self._unit}",
        ]

    def _details(self) -> list[str]:
        """Return what is shown beside the share: shards of all, rates, other values."""
        shards = [f"{self._counts['shards']:,} of {self._shards:,} shards"] if self._shards else []
        names = [name for name in self._counts if name != "shards"]
        rates = [f"{rounded(self.per_second(name))} {name}/s" for name in names]
        return [*shards, *rates, *(f"{name} {value:.4g}" for name, value in self._beside.items())]


def clock(seconds: float) -> str:
    """Return seconds since 1970 as date and time in UTC, ``2026-11-29T09:57:09Z``."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def duration(seconds: float) -> str:
    """Return seconds as people say them: ``2d03h``, ``2h05m``, ``3m20s``, ``12s``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours >= 48:
        return f"{hours // 24}d{hours % 24:02d}h"
    if hours:
        return f"{hours}h{minutes:02d}m"
    return f"{minutes}m{rest:02d}s" if minutes else f"{rest}s"


def rounded(value: float) -> str:
    """Return a rate with the digits that mean something."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def byte_size(size: float) -> str:
    """Return a number of bytes as people say them: ``12.3 GB``."""
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if size < 1000 or unit == "TB":
            return f"{size:,.3g} {unit}"
        size /= 1000
    raise AssertionError
