"""What ``--log-json`` writes on stderr: every event, its fields and what each of them means.

A line is one JSON object. Fields are added in time, never renamed or taken away without a word in the change log.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from zhprep.core.report import REPORT
from zhprep.core.shape import Shape, fault

_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
COMMON: dict[str, Shape] = {"event": str, "time": _UTC, "stage": str}
"""What every event has: its name, when (UTC), and which stage of the work says it."""

_UNDER_WAY = {"block": int, "first": str, "last": str, "since": _UTC, "host": str, "pid": int}


class Event(NamedTuple):
    """When an event is written, and the shape of its fields beside the common ones."""

    when: str
    shape: dict[str, Shape]
    exact: bool = True


EVENTS: dict[str, Event] = {
    "begin": Event(
        "A piece of work begins: `total` units of it, of which `done` were done before. `unit`: bytes, steps, …",
        {"done": int, "total": int, "unit": str},
    ),
    "progress": Event(
        "At most every 30 seconds. `begun`: units done in what is not finished. `counts`: what was done in other units "
        "(documents, characters, shards, tokens), `rates`: each of them a second, `values`: the newest loss and its "
        "like. `per_second` and `seconds_left` are of `unit`; `seconds_left` is left out before anything is done.",
        {
            "done": int, "begun": int, "total": int, "unit": str, "per_second": float, "seconds_left?": int,
            "counts": {"*": int}, "rates": {"*": float}, "values": {"*": float},
        },
    ),
    "end": Event(
        "A piece of work ends, whole or not. `seconds` since its `begin`.",
        {"done": int, "seconds": float, "counts": {"*": int}},
    ),
    "stage": Event("A stage of a recipe begins.", {"text": str}),
    "stall": Event(
        "Nothing was heard for `seconds` (60, and again each time it has doubled; of training ten steps if that is "
        "longer). `under_way`: the blocks that are worked on, with the first and last document of the batch and since "
        "when; empty for training, which says the steps `done`.",
        {"text": str, "seconds": int, "under_way": [_UNDER_WAY], "done?": int},
    ),
    "quarantine": Event(
        "A document was found that kills whatever works on it.",
        {"text": str, "block": int, "document": str, "killed": int, "by": str, "left_out": bool},
    ),
    "initial": Event("What a run of training begins with; the other fields are its figures.", {"text": str}, False),
    "note": Event("Something worth knowing that is no error.", {"text": str}),
    "report": Event(
        "The command is done. The fields are those of `--json`.",
        {name: shape for name, shape in REPORT.items() if name in ("dropped", "changed", "seconds", "output")}, False,
    ),
    "error": Event(
        "The command ends with `exit_code` because of this, in the place of the line `Error: …`.",
        {"message": str, "hint": str, "exit_code": int},
    ),
}  # fmt: skip


def fault_of(event: dict[str, Any]) -> str:
    """Return what is wrong with an event, or nothing."""
    if found := fault(event, COMMON):
        return found
    known = EVENTS.get(event["event"])
    if known is None:
        return f"event {event['event']!r} is not known"
    if found := fault(event, known.shape):
        return found
    allowed = {*COMMON, *(name.removesuffix("?") for name in known.shape)}
    unknown = sorted(event.keys() - allowed) if known.exact else []
    return f"{event['event']} has {', '.join(unknown)}, which is not stated" if unknown else ""


def called(shape: Shape) -> str:
    """Return what a shape is called in the documentation."""
    if isinstance(shape, list):
        return f"list of: {called(shape[0])}"
    if isinstance(shape, re.Pattern):
        return "time in UTC"
    if isinstance(shape, dict):
        if "*" in shape:
            return f"object, each value {called(shape['*'])}"
        return "object with " + ", ".join(f"`{name}` {called(inner)}" for name, inner in shape.items())
    return {int: "whole number", float: "number", str: "text", bool: "true or false"}[shape]
