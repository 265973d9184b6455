"""The commands: the only code that knows click. One thin file each: parse, call, print the report.

Nothing heavier than click is imported until a command is chosen, so that ``zhprep --help`` is quick.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import sys
from collections.abc import Iterator
from typing import NoReturn

import click

import zhprep
from zhprep.cli.arrow_alone import arrow_alone
from zhprep.cli.process import exit_code
from zhprep.core.errors import UsageError
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
    "predict": "Fine-tune on a task and write what the model says for its test.",
    "compare": "Show runs beside one another: scores, curves, costs, data, settings.",
    "run": "Do every stage of a recipe, from raw text to a report.",
    "experiment": "Run a grid of variants, sizes and seeds, and compare them.",
    "demo": "Do the whole pipeline on the bundled sample data.",
    "show-masks": "Show the mask strategies side by side on one sentence.",
    "status": "Say what of a folder is done, how fast it goes, and what failed and why.",
    "merge": "Finish a folder whose shards were made by an array of tasks.",
    "verify": "Check a folder against its manifest.",
    "inspect": "Look into a vocabulary, data or tables.",
    "export": "Write a folder in the format of another program.",
    "similar-words": "Make the table of similar words that MacBERT's masks take.",
    "recipes": "List the recipes, or print one.",
    "parts": "List the parts of every family.",
}
"""The commands in the order of the pipeline, each with its summary."""

_HAS_WORKERS = ("normalize", "segment", "extract-pinyin", "make-instances")
"""These use cores by processes, which can be forked only where numpy's library has started no threads."""


class _Pipeline(click.Group):
    """A group that lists its commands in the order of the pipeline and imports one when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        if cmd_name in _HAS_WORKERS:
            os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read when numpy is imported
        with arrow_alone(), _uncollected():
            module = importlib.import_module(f"zhprep.cli.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            raise UsageError(f"unknown command {args[0]!r}", hint=suggest(args[0], list(COMMANDS)))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands, in the order of the pipeline"):
            formatter.write_dl(list(COMMANDS.items()))


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Let modules be imported without a search for garbage among them, which makes none; later searches leave what is
    there then alone."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


@click.group(cls=_Pipeline, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(zhprep.__version__, message="%(prog)s %(version)s")
def cli() -> None:
    """Prepare Chinese corpora and make pretraining data: exact, complete, reproducible to the byte.

    Data go to stdout, everything else to stderr; `-` is stdin or stdout. Exit codes: 0 done, 1 our
    fault, 2 wrong usage, 3 wrong data, 85 stopped early on purpose (run again to go on), 130 interrupted.
    """


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line and end the process with the documented exit code."""
    given = sys.argv[1:] if arguments is None else arguments
    sys.exit(exit_code(lambda: invoke(given), log_json="--log-json" in given))


def invoke(arguments: list[str]) -> None:
    """Do what the command line says; errors are raised."""
    with cli.make_context("zhprep", list(arguments)) as ctx:
        cli.invoke(ctx)
