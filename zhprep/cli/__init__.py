"""The commands: the only code that knows click. One thin file each: parse, call, print the report.

Nothing heavier than click is imported until a command is chosen, so that ``zhprep --help`` is quick.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
from typing import Any, NoReturn

import click

from zhprep.core.errors import ZhprepError
from zhprep.core.registry import suggest

COMMANDS = {
    "normalize": "Clean text and split it into sentences.",
    "segment": "Find the words of sentences.",
    "build-vocab": "Learn a vocabulary and write it as a tokenizer.",
    "render-glyphs": "Draw what each vocabulary entry looks like.",
    "extract-pinyin": "Read how each character sounds where it stands.",
    "make-instances": "Make training instances out of text.",
    "pretrain": "Train an encoder on instances.",
    "evaluate": "Score a pretrained encoder.",
    "run": "Do every stage of a recipe, from raw text to a report.",
    "demo": "Do the whole pipeline on the bundled sample data.",
    "show-masks": "Show the mask strategies side by side on one sentence.",
    "status": "Say what of an output folder is done and what is missing.",
    "merge": "Finish a folder whose shards were made by an array of tasks.",
    "verify": "Check a folder against its manifest, and its masks against their rates.",
    "inspect": "Look into a vocabulary, data or tables.",
    "recipes": "List the recipes, or print one.",
    "parts": "List the parts of every family.",
}
"""The commands in the order of the pipeline, each with its summary."""


class _Pipeline(click.Group):
    """A group that lists its commands in the order of the pipeline and imports one when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"zhprep.cli.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            raise click.UsageError(f"No such command {args[0]!r}. {suggest(args[0], list(COMMANDS))}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands, in the order of the pipeline"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=_Pipeline, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(package_name="zhprep")
def cli() -> None:
    """Prepare Chinese corpora and make pretraining data: exact, complete, reproducible to the byte.

    Data go to stdout, everything else to stderr; `-` is stdin or stdout. Exit codes: 0 done, 1 our
    fault, 2 wrong usage, 3 wrong data, 85 stopped early on purpose (run again to go on), 130 interrupted.
    """


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line and end the process with the documented exit code."""
    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `zhprep normalize x.txt | head` ends quietly
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8")  # type: ignore[union-attr]  # whatever the locale says
    try:
        code = cli.main(args=arguments, prog_name="zhprep", standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)  # what `ctx.exit(code)` was given comes back as a value
    except (click.Abort, KeyboardInterrupt):
        print("interrupted", file=sys.stderr)
        sys.exit(130)
    except click.ClickException as error:
        _fail(error.format_message(), _usage_hint(error), 2, error)
    except ZhprepError as error:
        _fail(str(error), error.hint, error.exit_code, error)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        _fail(f"{where}{error.strerror or error}", "check the path, its permissions and the free space", 1, error)
    except Exception as error:
        _fail(f"{type(error).__name__}: {error}", "this is a defect of zhprep; ZHPREP_DEBUG=1 shows where", 1, error)


def _usage_hint(error: click.ClickException) -> str:
    ctx: Any = getattr(error, "ctx", None)
    if isinstance(error, click.NoSuchOption) and error.possibilities:
        return f"did you mean {', '.join(sorted(error.possibilities))}?"
    return f"see `{ctx.command_path} --help`" if ctx else ""


def _fail(message: str, hint: str, code: int, error: BaseException) -> NoReturn:
    if os.environ.get("ZHPREP_DEBUG") == "1":
        raise error
    line = " ".join(message.split())
    print(f"Error: {line}" + (f" / hint: {hint}" if hint else ""), file=sys.stderr)
    sys.exit(code)
