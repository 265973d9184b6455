"""``zhprep evaluate``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from zhprep.cli.delivery import Fetching
from zhprep.cli.options import Existing, ExistingAnywhere, config_options, read_config
from zhprep.cli.shared import shared_options, show_report, split_shared
from zhprep.core.registry import require_training
from zhprep.evaluate.config import EvaluateConfig

TASK = "A folder with train and dev (.jsonl .json .tsv .txt …), or a task.toml; may be given again."
HELD_OUT = "Text to score under masks that all models share  [default: what zhprep run kept beside the data]"
PLL = "Also the pseudo-log-likelihood of each sentence of that text, in RUN/pll.jsonl: a pass for each token."

BAR = 50
"""Characters of a bar for a score of one."""
INTERMEDIATE = "A task to fine-tune on before, with all weights and the same seeds."
BESIDE = "A task to fine-tune on at the same time, with a head of its own; may be given again."


def transfer_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that name other tasks to train on."""
    function = click.option("--with", "beside", type=Existing(), multiple=True, metavar="DIR", help=BESIDE)(function)
    return click.option("--intermediate", type=Existing(), metavar="DIR", help=INTERMEDIATE)(function)


@click.command(cls=Fetching)
@click.argument("run", type=Existing(), metavar="RUN")
@click.option(
    "--data", type=ExistingAnywhere(), help="Instances for the intrinsic figures  [default: those of the run]"
)
@click.option("--held-out", type=Existing(), metavar="TEXT", help=HELD_OUT)
@click.option("--pll", is_flag=True, help=PLL)
@click.option("--task", "tasks", type=Existing(), multiple=True, metavar="DIR", help=TASK)
@transfer_options
@config_options(EvaluateConfig)
@shared_options("trust")
def command(run: Path, data: Path | None, tasks: tuple[Path, ...], **options: Any) -> None:
    """Score a pretrained encoder.

    On held-out instances, under the masks that it was trained on: masked-token loss, accuracy, bits per character,
    beside the unigram distribution. On held-out sentences the same under masks that are the same for every model, over
    characters and over words, so that models that were masked in other ways can be compared. On tasks
    (classes, similarity, entities, words, reading, …; `zhprep parts "task kind"` lists the kinds): the scores of their
    kind after fine-tuning, mean and deviation over seeds, beside what one gets who has only counted. With --probe the
    scores of layers are drawn too, in RUN/layers.html.
    """
    require_training("evaluate")
    from zhprep.evaluate.run import evaluate

    shared, options = split_shared(options)
    config = read_config(EvaluateConfig, options)
    others = {name: options[name] for name in ("held_out", "pll", "intermediate", "beside")}
    report = evaluate(run, config, data=data, tasks=tasks, progress=shared.progress, **others)
    show_report(report, shared)
    if config.probe and "tasks" in report.scores:
        from zhprep.compare.probes import write_layers

        write_layers(run, report.scores["tasks"])
    if config.probe and not shared.quiet and not shared.log_json:
        click.echo("\n".join(line for task in report.scores.get("tasks", {}).values() for line in bars(task)), err=True)


def bars(task: dict[str, Any]) -> Iterator[str]:
    """Yield a bar for the score of each layer of a task that was probed, the lowest layer first."""
    metric, layers = task["metric"], task.get("probe", {})
    for name, scores in layers.items():
        mean = scores[metric]["mean"]
        yield f"{name.replace('_', ' '):<10}{metric} {mean:7.4f}  {'█' * round(BAR * max(mean, 0.0))}"
