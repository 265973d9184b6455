"""Fine-tune a model on a task: a classifier on the first token's state, all weights trained.

The loop is that of pretraining with another objective, so a fine-tuned score is as reproducible as a run.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from zhprep.collate import Padding, Rows, to_tensors
from zhprep.collate.rows import Integers, Ragged
from zhprep.core.errors import UsageError
from zhprep.core.progress import Progress
from zhprep.core.ragged import offsets_of, ranges
from zhprep.engine.config import OptimisationConfig
from zhprep.engine.distribution import World
from zhprep.engine.feed import Feed, Phase
from zhprep.engine.log import QUIET, Meter, real_tokens
from zhprep.engine.loop import Trainer
from zhprep.engine.validation import in_order, predict
from zhprep.evaluate.config import EvaluateConfig
from zhprep.evaluate.encode import encode_examples
from zhprep.evaluate.scores import accuracy, macro_f1, majority, spread
from zhprep.evaluate.sounds import READERS, Reader
from zhprep.evaluate.tasks import Task
from zhprep.models import Model, ModelConfig
from zhprep.models.checkpoints.files import load_weights, read_config
from zhprep.models.model import seeded_model
from zhprep.models.objectives.objective import RowClass
from zhprep.vocab import Encoder, load

OBJECTIVE = "classify"


class LabelledRow(RowClass):
    """The class of a row of a task."""

    needs = ("label",)


Head = Callable[..., LabelledRow]


@dataclasses.dataclass(frozen=True)
class Examined:
    """Makes batches of a task's encoded rows."""

    rows: Rows
    pad_id: int

    def make(self, rows: Integers, epochs: Integers, progress: float | None = None) -> dict[str, Tensor]:  # noqa: ARG002
        """Return the batch of ``rows``; nothing in them is masked."""
        begins, lengths = self.rows.tokens.offsets[rows], self.rows.lengths[rows]
        source, offsets = ranges(begins, lengths), offsets_of(lengths)
        lists = {name: Ragged(column.values[source], offsets) for name, column in self.rows.lists.items()}
        taken = Rows(lists, {name: column[rows] for name, column in self.rows.plain.items()})
        return to_tensors(taken, Padding(self.pad_id))


def score_task(
    folder: Path, task: Task, config: EvaluateConfig, world: World, progress: Progress = QUIET
) -> dict[str, Any]:
    """Fine-tune the model in ``folder`` on ``task`` once for each seed and return its scores on dev.

    The scores are those after the last step: dev rows choose nothing.
    """
    described = read_config(folder)
    longest = described.max_position_embeddings
    if config.max_length > longest:
        raise UsageError(
            f"--max-length is {config.max_length}, the model has {longest} positions",
            hint=f"give --max-length {longest} or less",
        )
    vocabulary = load(folder)
    encoder = Encoder(vocabulary)
    readers = readers_for(described)
    train, dev = (
        Examined(encode_examples(part, encoder, config.max_length, readers), vocabulary.pad)
        for part in (task.train, task.dev)
    )
    steps = math.ceil(config.epochs * len(train.rows) / config.batch_size)
    head = functools.partial(LabelledRow, n_classes=len(task.classes), dropout=config.dropout)
    meter = Meter(progress, 0, steps * len(config.seeds))
    found = []
    for seed in config.seeds:
        optimisation = OptimisationConfig.of(config, steps=steps, seed=seed)
        model = _fine_tune(folder, head, train, optimisation, world, meter)
        every = in_order(dev, np.arange(len(dev.rows)), config.batch_size)
        found.append(predict(model, every, world.device)[OBJECTIVE])
    meter.end()
    return {
        "accuracy": spread([accuracy(one.labels, one.guesses) for one in found]),
        "macro_f1": spread([macro_f1(one.labels, one.guesses, len(task.classes)) for one in found]),
        "majority": majority(task.train.labels, task.dev.labels),
        "classes": len(task.classes),
        "train_rows": len(task.train),
        "dev_rows": len(task.dev),
        "seeds": list(config.seeds),
    }


def readers_for(config: ModelConfig) -> dict[str, Reader]:
    """Return what reads the columns that a model of ``config`` needs besides the tokens."""
    with torch.device("meta"):
        needed = Model(config).needs
    return {name: make() for name, make in READERS.items() if name in needed}


def _fine_tune(
    folder: Path, head: Head, train: Examined, config: OptimisationConfig, world: World, meter: Meter
) -> Model:
    model = seeded_model(read_config(folder), config.seed, {OBJECTIVE: head})
    load_weights(model, folder)
    trainer = Trainer(model, config, world)
    feed = Feed((Phase(train, np.arange(len(train.rows)), config.batch_size, config.steps),), config.seed)
    model.train()
    for number, batches in enumerate(feed.steps(0, config.steps)):
        trainer.step(number, batches)
        meter.advance(real_tokens(batches))
    return model
