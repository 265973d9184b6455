"""What a run says while it runs: ``log.jsonl`` for machines, one line or a bar on stderr for people."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any, TextIO

from tqdm import tqdm

PLAIN_EVERY = 30.0


class Log:
    """Lines of JSON in ``path``; opening it for a resumed run drops what was written after ``step``."""

    def __init__(self, path: Path, step: int) -> None:
        kept = []
        if path.exists():
            lines = path.read_text(encoding="utf-8").splitlines()
            kept = [line for line in lines if line.endswith("}") and json.loads(line)["step"] <= step]
        temporary = path.with_name(path.name + ".tmp")
        temporary.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")
        temporary.replace(path)
        self._file = open(path, "a", encoding="utf-8")  # noqa: SIM115

    def write(self, **values: Any) -> None:
        """Append one line."""
        self._file.write(json.dumps(values, ensure_ascii=False) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class Progress:
    """How far the run is: a bar on a terminal, elsewhere a plain line every 30 seconds; nothing if ``quiet``."""

    def __init__(self, first: int, last: int, *, quiet: bool = False, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._first, self._last, self._step = first, last, first
        self._tokens = 0
        self._began = self._spoke = time.monotonic()
        self._quiet = quiet
        self._bar = None
        if not quiet and self._stream.isatty():
            self._bar = tqdm(
                total=last, initial=first, unit="step", file=self._stream, dynamic_ncols=True, desc="pretrain"
            )

    @property
    def tokens_per_second(self) -> float:
        """Real tokens a second since the beginning."""
        return self._tokens / max(time.monotonic() - self._began, 1e-9)

    def advance(self, step: int, tokens: int) -> None:
        """Say that ``step`` steps are done, the last one with ``tokens`` tokens."""
        self._step, self._tokens = step, self._tokens + tokens
        if self._bar is not None:
            self._bar.update()
        elif not self._quiet and time.monotonic() - self._spoke >= PLAIN_EVERY:
            self._spoke = time.monotonic()
            print(self._line(), file=self._stream, flush=True)

    def show(self, **figures: float) -> None:
        """Show the newest figures beside the bar."""
        if self._bar is not None:
            shown = {name: f"{value:.3g}" for name, value in figures.items()}
            self._bar.set_postfix(shown | {"tok/s": f"{self.tokens_per_second:,.0f}"})

    def close(self) -> None:
        """Leave the bar as it is."""
        if self._bar is not None:
            self._bar.close()

    def _line(self) -> str:
        elapsed = time.monotonic() - self._began
        left = elapsed / max(self._step - self._first, 1) * (self._last - self._step)
        return (
            f"pretrain: step {self._step}/{self._last}, {self.tokens_per_second:,.0f} tokens/s, {duration(left)} left"
        )


def duration(seconds: float) -> str:
    """Return seconds as people say them: ``2h05m``, ``3m20s``, ``12s``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h{minutes:02d}m"
    return f"{minutes}m{rest:02d}s" if minutes else f"{rest}s"
