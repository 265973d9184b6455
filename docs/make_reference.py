"""Write docs/commands.md from the commands' own --help, so that it cannot say anything else."""

from __future__ import annotations

from pathlib import Path

import click

from zhprep.cli import COMMANDS, cli

HEAD = """# Commands

Written by `make docs` from `--help`; a test holds it equal. Data go to stdout, everything else to stderr; `-` is stdin
or stdout. Exit codes: 0 done · 1 our fault · 2 wrong usage · 3 wrong data (file, line, why) · 85 stopped early on
purpose (run again to go on) · 130 interrupted.
"""


def reference() -> str:
    """Return the page."""
    parts = [HEAD]
    width = {"terminal_width": 100, "max_content_width": 100}
    with click.Context(cli, info_name="zhprep", help_option_names=["-h", "--help"], **width) as parent:
        for name in COMMANDS:
            command = cli.get_command(parent, name)
            assert command is not None
            with click.Context(command, info_name=name, parent=parent, **width) as context:
                parts.append(f"## {name}\n\n```\n{command.get_help(context)}\n```\n")
    return "\n".join(parts)


if __name__ == "__main__":
    (Path(__file__).parent / "commands.md").write_text(reference(), encoding="utf-8")
