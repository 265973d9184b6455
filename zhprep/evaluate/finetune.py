"""Fine-tune a model on a task, or on several at once, with a seed.

The loop is that of pretraining with heads of tasks, so a fine-tuned score is as reproducible as a run.
"""

from __future__ import annotations

import copy
import dataclasses
import functools
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from zhprep.collate import Padding
from zhprep.core.errors import UsageError
from zhprep.core.registry import lookup
from zhprep.engine.config import OptimisationConfig
from zhprep.engine.distribution import World
from zhprep.engine.log import Meter, real_tokens
from zhprep.engine.loop import Trainer
from zhprep.evaluate.averages import LastWeights, teacher_of
from zhprep.evaluate.config import EvaluateConfig
from zhprep.evaluate.encode import Inputs, TaskEncoder
from zhprep.evaluate.feed import batches, epoch_of, tell
from zhprep.evaluate.heads import TaskModel
from zhprep.evaluate.pooling import POOLINGS
from zhprep.evaluate.sounds import word_source
from zhprep.evaluate.stages import TuneStage, Tuning
from zhprep.evaluate.task import Example, Task
from zhprep.evaluate.tuning import TUNINGS
from zhprep.instances import COARSE_VOCABULARY
from zhprep.models import ModelConfig
from zhprep.models.bodies.body import stream_of
from zhprep.models.checkpoints.files import load_weights, read_config
from zhprep.models.model import shapes_alone
from zhprep.vocab import load

ONE_PROCESS = ("gradual", "sequential", "chain-thaw")
"""Ways of transfer that free weights in the middle of a run, which gradients of several processes cannot follow."""


@dataclasses.dataclass(frozen=True)
class Prepared:
    """A task as a model reads it: its parts encoded, and how they are padded."""

    task: Task
    parts: dict[str, Inputs]
    padding: Padding

    def examples(self, part: str) -> list[Example]:
        """Return the examples of ``part``."""
        found: list[Example] = getattr(self.task, part)
        return found

    def scores(self, model: TaskModel, part: str, world: World, batch_size: int, head: str = "0") -> dict[str, float]:
        """Return the scores of ``model`` on ``part``."""
        said = self.said(model, part, world, batch_size, head)
        return self.task.kind.scores(said, self.examples(part), self.task.labels)

    def said(self, model: TaskModel, part: str, world: World, batch_size: int, head: str = "0") -> list[Any]:
        """Return what ``model`` says for the examples of ``part``."""
        inputs = self.parts[part]
        told = tell(model, inputs, batch_size, self.padding, world.device, head)
        return self.task.kind.decode(told, inputs, self.examples(part), self.task.labels)


class FineTuner:
    """Fine-tunes the model in ``folder`` on ``tasks`` as ``config`` says; the first is the one that is scored.

    Raises ``UsageError`` when the model cannot read rows as long as asked for, or has no such layer.
    """

    def __init__(self, folder: Path, tasks: Sequence[Task], config: EvaluateConfig, world: World) -> None:
        self.folder, self.config, self.world = folder, config, world
        self.described = read_config(folder)
        self._check(tasks)
        vocabulary = load(folder)
        columns = columns_read(self.described)
        coarse = load(folder / COARSE_VOCABULARY) if "coarse_input_ids" in columns else None
        encoder = TaskEncoder(vocabulary, config.max_length, columns, coarse, word_source(folder))
        padding = Padding(vocabulary.pad, 0 if coarse is None else coarse.pad)
        self.tasks = [_prepared(task, encoder, padding, only=number > 0) for number, task in enumerate(tasks)]
        self.begins: dict[int, dict[str, Tensor]] = {}

    @property
    def prepared(self) -> Prepared:
        """The task that is scored."""
        return self.tasks[0]

    @property
    def steps_per_epoch(self) -> int:
        """Steps in which every row of every task is seen once."""
        return sum(math.ceil(len(one.parts["train"]) / self.config.batch_size) for one in self.tasks)

    def model(self, seed: int) -> TaskModel:
        """Return the pretrained model with fresh heads, a function of ``seed``; with ``config.probe`` one for each
        depth. Its body is that of :attr:`begins`, if it has one for the seed."""
        dropout, probe = self.config.dropout, self.config.probe
        heads = {
            str(number): functools.partial(one.task.kind.head, task=one.task, dropout=dropout)
            for number, one in enumerate(self.tasks)
        }
        layers: str | Mapping[str, str] = self.config.layers
        pool = lookup(POOLINGS, self.config.pooling, "pooling")
        if probe:
            heads = {str(depth): heads["0"] for depth in range(self.described.num_hidden_layers + 1)}
            layers = {depth: depth for depth in heads}
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            model = TaskModel(self.described, heads, layers, pool=pool, together=probe)
        for head in model.heads.values():
            head.agreement = self.config.agreement
        load_pretrained(model, self.folder)
        if seed in self.begins:
            model.body.load_state_dict(self.begins[seed])
        return model

    def tuning(self, model: TaskModel, seed: int) -> Tuning:
        """Make ``model`` ready for the way of transfer, what that adds being a function of ``seed``; return the way."""
        name = "features" if self.config.probe else self.config.tune
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            tuning = lookup(TUNINGS, name, "way of transfer")(model, self.config, self.steps_per_epoch)
        model.frozen = tuning.frozen
        free(model, tuning.trained)
        return tuning

    def run(self, seed: int, meter: Meter) -> TaskModel:
        """Return the model fine-tuned with ``seed``: after the last epoch, after the best on dev, or the mean of the
        weights of the last steps."""
        config, model = self.config, self.model(seed)
        tuning = self.tuning(model, seed)
        trainer = Trainer(model, self._optimisation(tuning, seed), self.world)
        last = LastWeights(model, max(config.ensemble, 1)) if config.ensemble or config.distill else None
        best: tuple[float, dict[str, Tensor]] = (-math.inf, {})
        stage: TuneStage | None = None
        model.train()
        for number, batch in enumerate(self._batches(seed)):
            if tuning.at(number) is not stage:
                stage = tuning.at(number)
                free(model, stage.trained)
            trainer.step(number, [batch])
            meter.advance(real_tokens([batch]))
            if last is not None:
                self._remember(model, last, number)
            if config.keep == "best" and (number + 1) % self.steps_per_epoch == 0:
                score = self.scores(model, "dev")[self.prepared.task.kind.metric]
                best = max(best, (score, copy.deepcopy(model.state_dict())), key=lambda pair: pair[0])
        if best[1]:
            model.load_state_dict(best[1])
        if last is not None and config.ensemble:
            last.put_into(model)
        model.teacher = ()
        return model

    def scores(self, model: TaskModel, part: str, head: str = "0") -> dict[str, float]:
        """Return the scores of a head of ``model`` on ``part`` of the task that is scored."""
        return self.prepared.scores(model, part, self.world, 2 * self.config.batch_size, head)

    def _optimisation(self, tuning: Tuning, seed: int) -> OptimisationConfig:
        others = {"clip": 0.0} if self.config.probe else {}
        return OptimisationConfig.of(
            self.config, steps=self.config.epochs * self.steps_per_epoch, seed=seed,
            layer_decay=tuning.layer_decay, end_rate=tuning.end_rate, **others,
        )  # fmt: skip

    def _batches(self, seed: int) -> Iterator[dict[str, Tensor]]:
        trained = [one.parts["train"] for one in self.tasks]
        sizes = range(self.config.epochs)
        chosen = [one for epoch in sizes for one in epoch_of(trained, self.config.batch_size, seed, epoch)]
        return batches(trained, chosen, self.prepared.padding, self.world)

    def _remember(self, model: TaskModel, last: LastWeights, number: int) -> None:
        """Take in the weights after step ``number`` where they will be asked for, and renew the teacher."""
        total = self.config.epochs * self.steps_per_epoch
        if self.config.distill or number >= total - self.config.ensemble:
            last.add()
        if self.config.distill:
            if not model.teacher:
                model.teacher, model.distilling = (teacher_of(model),), self.config.distill_weight
            last.put_into(model.teacher[0])

    def _check(self, tasks: Sequence[Task]) -> None:
        config, longest = self.config, self.described.max_position_embeddings
        if config.max_length > longest:
            raise UsageError(
                f"--max-length is {config.max_length}, the model has {longest} positions",
                hint=f"give --max-length {longest} or less",
            )
        if self.world.size > 1 and (config.tune in ONE_PROCESS or len(tasks) > 1):
            raise UsageError("several processes cannot free weights by turns", hint="run it in one process")
        if config.keep == "best" and config.ensemble:
            raise UsageError("--ensemble scores the last steps, --keep best another epoch", hint="give one of them")
        if config.probe and (len(tasks) > 1 or config.layers != "top" or config.tune != "full"):
            raise UsageError(
                "--probe reads every layer of the frozen model", hint="leave out --layers, --tune and --with"
            )


def free(model: nn.Module, trained: frozenset[str]) -> None:
    """Let the weights called ``trained`` change, and no others."""
    for name, weight in model.named_parameters():
        weight.requires_grad_(name in trained)


def _prepared(task: Task, encoder: TaskEncoder, padding: Padding, *, only: bool) -> Prepared:
    """Return the parts of ``task`` encoded; ``only`` those that are trained on."""
    parts = {"train": task.train} if only else {"train": task.train, "dev": task.dev, "test": task.test}
    encoded = {
        name: task.kind.inputs(part, task.labels, encoder, train=name == "train")
        for name, part in parts.items()
        if part
    }
    return Prepared(task, encoded, padding)


def load_pretrained(model: TaskModel, folder: Path) -> None:
    """Put the weights in ``folder`` into ``model``, and those of its objectives into heads that begin as one, where the
    objective reads a stream that tasks read too (ELECTRA's masked tokens are told by its narrower generator)."""
    heads, described = model.objectives, model.config.body
    load_weights(model, folder)
    for head in model.heads.values():
        begins = head.begins_as()
        mine = {
            name: part for name, part in begins.items() if stream_of(name, described, type(model.body)) in model.specs
        }
        if mine:
            model.objectives = nn.ModuleDict(mine)
            load_weights(model, folder)
    model.objectives = heads


def columns_read(config: ModelConfig) -> tuple[str, ...]:
    """Return the columns of texts that a model of ``config`` reads for tasks; nothing is computed."""
    with shapes_alone():
        return TaskModel(config, {}).columns
