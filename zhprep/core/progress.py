"""Progress on stderr: a bar on a terminal, a plain line now and then in a log, JSON events, or nothing."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

SECONDS_BETWEEN_LINES = 30.0


@dataclass(frozen=True)
class Progress:
    """How progress is shown; ``style`` is ``auto``, ``json`` or ``quiet``."""

    label: str = ""
    style: str = "quiet"

    @contextmanager
    def of(self, total: int, unit: str) -> Iterator[Bar]:
        """Show progress towards ``total`` units of work."""
        bar = Bar(self, total, unit)
        try:
            yield bar
        finally:
            bar.end()

    def event(self, name: str, **facts: Any) -> None:
        """Write one JSON line, if that is the style."""
        if self.style == "json":
            print(
                json.dumps({"event": name, "stage": self.label, **facts}, ensure_ascii=False),
                file=sys.stderr,
                flush=True,
            )

    def tell(self, name: str, text: str, **facts: Any) -> None:
        """Say ``text`` once: a line with the label before it, or a JSON line with ``facts``."""
        self.event(name, text=text, **facts)
        if self.style == "auto":
            print(f"{self.label:<14}{text}", file=sys.stderr, flush=True)


class Bar:
    """One running piece of work."""

    def __init__(self, progress: Progress, total: int, unit: str) -> None:
        self._progress = progress
        self._total = total
        self._unit = unit
        self._done = 0
        self._began = self._shown = time.monotonic()
        self._bar: Any = None
        progress.event("begin", total=total, unit=unit)
        if progress.style == "auto" and sys.stderr.isatty():
            from tqdm import tqdm

            tqdm.monitor_interval = 0  # no thread of its own, or workers could not be forked
            self._bar = tqdm(total=total, unit=unit[0].upper(), unit_scale=True, desc=progress.label, file=sys.stderr)

    def advance(self, amount: int) -> None:
        """Add ``amount`` units of finished work."""
        self._done += amount
        if self._bar is not None:
            self._bar.update(amount)
            return
        now = time.monotonic()
        if now - self._shown >= SECONDS_BETWEEN_LINES:
            self._shown = now
            self._line(now)

    def end(self) -> None:
        """Finish."""
        if self._bar is not None:
            self._bar.close()
        self._progress.event("end", done=self._done, seconds=round(time.monotonic() - self._began, 3))

    def _line(self, now: float) -> None:
        rate = self._done / max(now - self._began, 1e-9)
        left = (self._total - self._done) / rate if rate else 0
        self._progress.event("progress", done=self._done, total=self._total, per_second=round(rate))
        if self._progress.style == "auto":
            stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            eta = f"{int(left) // 3600:02d}:{int(left) // 60 % 60:02d}:{int(left) % 60:02d}"
            share = self._done / max(self._total, 1)
            print(
                f"{stamp} {self._progress.label} {share:.1%} {rate / 1e6:.2f} M{self._unit}/s ETA {eta}",
                file=sys.stderr,
                flush=True,
            )
