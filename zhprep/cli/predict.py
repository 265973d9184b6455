"""``zhprep predict``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from zhprep.cli.evaluate import transfer_options
from zhprep.cli.options import Existing, Name, config_options, read_config
from zhprep.cli.outputs import file_output
from zhprep.cli.shared import shared_options, show_report, split_shared
from zhprep.core.errors import UsageError
from zhprep.core.registry import require_training
from zhprep.evaluate.config import EvaluateConfig

OUTPUT = "The file to write, or a folder, for the name that CLUE has for the task  [default: stdout]"


@click.command()
@click.argument("run", type=Existing(), metavar="RUN")
@click.argument("task", type=Existing(), metavar="TASK")
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="OUT", help=OUTPUT)
@click.option("--part", type=Name(("train", "dev", "test")), help="What to predict  [default: test, else dev]")
@click.option("--overwrite", is_flag=True, help="Write over a file that is there.")
@transfer_options
@config_options(EvaluateConfig)
@shared_options("trust")
def command(
    run: Path, task: Path, output: Path | None, part: str | None, overwrite: bool, intermediate: Path | None,
    beside: tuple[Path, ...], **options: Any,
) -> None:  # fmt: skip
    """Fine-tune on a task and write what the model says for its test.

    The model is the best on dev of all seeds; what is written is CLUE's submission: a line of JSON for each row with
    its id and label, or one object of answers by id (reading, cloze). In a folder the file is called as CLUE takes it
    (tnews11_predict.json), that of another task TASK_predict.json.
    """
    require_training("predict")
    from zhprep.core.shards import committed
    from zhprep.evaluate.run import predict_task
    from zhprep.evaluate.submission import submission_name

    shared, options = split_shared(options)
    if output is not None and output.is_dir():
        output = output / submission_name(task, part or "")
    if output is not None:
        output = file_output(output, overwrite=overwrite)
    if shared.json and output is None:
        raise UsageError("predictions and the report would both be on stdout", hint="give -o OUT with --json")
    config = read_config(EvaluateConfig, options)
    said, report = predict_task(
        run, task, config, part=part or "", intermediate=intermediate, beside=beside, progress=shared.progress
    )
    lines = said if isinstance(said, list) else [said]
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    if output is None:
        click.echo(text, nl=False)
    else:
        with committed(output, replace=overwrite) as file:
            file.write(text.encode())
        report.output = str(output)
    show_report(report, shared)
