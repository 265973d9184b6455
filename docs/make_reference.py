"""Write docs/commands.md from the commands' own --help and docs/events.md from the shapes of the events of --log-json,
so that they cannot say anything else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from zhprep.cli import COMMANDS, cli
from zhprep.core.events import COMMON, EVENTS, called

HEAD = """# Commands

Written by `make docs` from `--help`; a test holds it equal. Data go to stdout, everything else to stderr; `-` is stdin
or stdout. Exit codes: 0 done · 1 our fault · 2 wrong usage · 3 wrong data (file, line, why) · 85 stopped early on
purpose (run again to go on) · 130 interrupted.
"""

EVENTS_HEAD = """# Events: what `--log-json` writes

Written by `make docs` from `zhprep/core/events.py`; a test holds it equal, and another every line that commands
write to it. With `--log-json` stderr is JSON lines and nothing else, errors too. `zhprep status DIR --json` says of the
folder what is done, whoever works there.

Every event has `event` (its name), `time` (UTC, `2026-11-29T09:57:09Z`) and `stage` (which part of the work says it).
Fields may be added in later versions.
"""


def reference() -> str:
    """Return the page."""
    parts = [HEAD]
    width: dict[str, Any] = {"terminal_width": 100, "max_content_width": 100}
    with click.Context(cli, info_name="zhprep", help_option_names=["-h", "--help"], **width) as parent:
        for name in COMMANDS:
            command = cli.get_command(parent, name)
            assert command is not None
            with click.Context(command, info_name=name, parent=parent, **width) as context:
                parts.append(f"## {name}\n\n```\n{command.get_help(context)}\n```\n")
    return "\n".join(parts)


def events() -> str:
    """Return the page of events."""
    parts = [EVENTS_HEAD]
    for name, event in EVENTS.items():
        fields = [
            f"- `{field.removesuffix('?')}`{' (perhaps)' if field.endswith('?') else ''}: {called(shape)}"
            for field, shape in event.shape.items()
        ]
        others = [] if event.exact else ["- and others"]
        parts.append(f"## {name}\n\n{event.when}\n\n" + "\n".join([*fields, *others]) + "\n")
    assert not set(COMMON) & {field for event in EVENTS.values() for field in event.shape}
    return "\n".join(parts)


if __name__ == "__main__":
    (Path(__file__).parent / "commands.md").write_text(reference(), encoding="utf-8")
    (Path(__file__).parent / "events.md").write_text(events(), encoding="utf-8")
