"""A report for people: one line a subject, the subject in front."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

LABEL = 22
_LOSSES = ("dropped", "changed", "inserted")
_ENDING = ("content_sha256", "output", "report")
_NOT_SCORES = ("seconds", "chars_per_second", "peak_rss_bytes", "notes", *_LOSSES, *_ENDING)
_HIDDEN = ("config", "values", "seeds", "classes", "sha256")


def report_lines(report: dict[str, Any]) -> Iterator[str]:
    """Yield the lines that show a report; counts that are zero and losses that did not happen are left out."""
    rest = {name: value for name, value in report.items() if name not in _NOT_SCORES}
    counts = {name: value for name, value in rest.items() if isinstance(value, int) and not isinstance(value, bool)}
    yield from _counts(counts)
    for what in _LOSSES:
        if report.get(what):
            yield _line(what, ", ".join(f"{n:,} {reason}" for reason, n in report[what].items()))
    yield from _scores({name: value for name, value in rest.items() if name not in counts})
    if report.get("seconds") is not None:
        speed = (
            f", {report['chars_per_second']:,} characters/s"
            if report.get("chars_per_second") and "report" not in report
            else ""
        )
        yield _line("time", f"{report['seconds']:,.1f} s{speed}, peak memory {report['peak_rss_bytes'] / 1e6:,.0f} MB")
    for note in report.get("notes", ()):
        yield _line("note", note)
    for name in _ENDING:
        if report.get(name):
            yield _line(name.removeprefix("content_"), str(report[name]))


def _counts(counts: dict[str, int]) -> Iterator[str]:
    """Show what went in and what came out on one line."""
    stems = dict.fromkeys(name.removesuffix("_in").removesuffix("_out") for name in counts)
    for stem in stems:
        into, out = (counts.get(f"{stem}_{way}", counts.get(stem, 0)) for way in ("in", "out"))
        if into or out:
            yield _line(stem.replace("_", " "), f"{into:,}" + (f" in, {out:,} out" if out != into else ""))


def _scores(scores: dict[str, Any], path: str = "") -> Iterator[str]:
    """Show the plain values of a dict on one line, then each dict inside it on lines of its own."""
    plain = {name: value for name, value in scores.items() if not isinstance(value, dict) or "mean" in value}
    shown = [
        f"{name.replace('_', ' ')} {_value(value)}" for name, value in plain.items() if _worth_showing(name, value)
    ]
    if path and shown:
        yield _line(path, ", ".join(shown))
    elif shown:
        yield from (
            _line(name.replace("_", " "), _value(value)) for name, value in plain.items() if _worth_showing(name, value)
        )
    for name, value in scores.items():
        if name not in plain and name not in _HIDDEN:
            yield from _scores(value, f"{path} {name}".strip())


def _worth_showing(name: str, value: Any) -> bool:
    return name not in _HIDDEN and value not in (None, "", [])


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return f"{value['mean']:.4g} ± {value.get('std', 0):.2g}"
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return "; ".join(value)
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 10_000 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _line(label: str, text: str) -> str:
    return f"{label:<{LABEL}}{text}" if len(label) < LABEL else f"{label}  {text}"
