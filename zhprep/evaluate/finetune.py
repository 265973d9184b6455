"""Fine-tune a model on a task, once for each seed, and score it.

The loop is that of pretraining with a head of the task, so a fine-tuned score is as reproducible as a run. Batches are
of rows of about one length, so that little is computed on padding: each epoch is shuffled, sorted by length within
pools of :data:`POOL` batches, and its batches are shuffled again, all as a function of the seed.
"""

from __future__ import annotations

import copy
import dataclasses
import functools
import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from zhprep.collate import Padding
from zhprep.collate.rows import Integers
from zhprep.core import rng
from zhprep.core.errors import UsageError
from zhprep.core.progress import Progress
from zhprep.core.ragged import offsets_of, ranges, sizes_of
from zhprep.engine.config import OptimisationConfig
from zhprep.engine.distribution import World
from zhprep.engine.log import QUIET, Meter, real_tokens
from zhprep.engine.loop import Trainer
from zhprep.evaluate.config import EvaluateConfig
from zhprep.evaluate.encode import Inputs, TaskEncoder
from zhprep.evaluate.heads import Head, TaskModel, columns_read
from zhprep.evaluate.scores import spread
from zhprep.evaluate.task import Example, Task, Told
from zhprep.models.checkpoints.files import load_weights, read_config
from zhprep.vocab import load

POOL = 50
"""Batches whose rows are sorted by length together."""

Weights = dict[str, Tensor]


@dataclasses.dataclass(frozen=True)
class Prepared:
    """A task as a model reads it: its parts encoded, and how they are padded."""

    task: Task
    parts: dict[str, Inputs]
    padding: Padding


class FineTuner:
    """Fine-tunes the model in ``folder`` on ``task`` as ``config`` says.

    Raises ``UsageError`` when the model cannot read rows as long as asked for, or has no such layer.
    """

    def __init__(self, folder: Path, task: Task, config: EvaluateConfig, world: World) -> None:
        self.folder, self.config, self.world = folder, config, world
        self.described = read_config(folder)
        longest = self.described.max_position_embeddings
        if config.max_length > longest:
            raise UsageError(
                f"--max-length is {config.max_length}, the model has {longest} positions",
                hint=f"give --max-length {longest} or less",
            )
        vocabulary = load(folder)
        encoder = TaskEncoder(vocabulary, config.max_length, columns_read(self.described))
        parts = {"train": task.train, "dev": task.dev, "test": task.test}
        encoded = {
            name: task.kind.inputs(part, task.labels, encoder, train=name == "train")
            for name, part in parts.items()
            if part
        }
        self.prepared = Prepared(task, encoded, Padding(vocabulary.pad))

    @property
    def steps_per_epoch(self) -> int:
        """Steps in which every row is seen once."""
        return math.ceil(len(self.prepared.parts["train"]) / self.config.batch_size)

    def model(self, seed: int) -> TaskModel:
        """Return the pretrained model with a fresh head, a function of ``seed``."""
        task, dropout = self.prepared.task, self.config.dropout
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            heads = {"0": functools.partial(task.kind.head, task=task, dropout=dropout)}
            model = TaskModel(self.described, heads, self.config.layers)
        load_pretrained(model, self.folder)
        return model

    def run(self, seed: int, meter: Meter) -> TaskModel:
        """Return the model fine-tuned with ``seed``: after the last epoch, or after the best on dev."""
        train, config = self.prepared.parts["train"], self.config
        steps = config.epochs * self.steps_per_epoch
        model = self.model(seed)
        trainer = Trainer(model, OptimisationConfig.of(config, steps=steps, seed=seed), self.world)
        best: tuple[float, Weights] = (-math.inf, {})
        model.train()
        chosen = [
            share_of(units, self.world)
            for epoch in range(config.epochs)
            for units in order(train.lengths, config.batch_size, seed, epoch)
        ]
        for number, batch in enumerate(batches(train, chosen, self.prepared.padding)):
            trainer.step(number, [batch])
            meter.advance(real_tokens([batch]))
            if config.keep == "best" and (number + 1) % self.steps_per_epoch == 0:
                score = self.scores(model, "dev")[self.prepared.task.kind.metric]
                if score > best[0]:
                    best = score, copy.deepcopy(model.state_dict())
        if best[1]:
            model.load_state_dict(best[1])
        return model

    def said(self, model: TaskModel, part: str) -> list[Any]:
        """Return what ``model`` says for the examples of ``part``."""
        task, inputs = self.prepared.task, self.prepared.parts[part]
        told = tell(model, inputs, self.config.batch_size, self.prepared.padding, self.world.device)
        return task.kind.decode(told, inputs, self.examples(part), task.labels)

    def scores(self, model: TaskModel, part: str) -> dict[str, float]:
        """Return the scores of ``model`` on ``part``."""
        task = self.prepared.task
        return task.kind.scores(self.said(model, part), self.examples(part), task.labels)

    def examples(self, part: str) -> list[Example]:
        """Return the examples of ``part``."""
        found: list[Example] = getattr(self.prepared.task, part)
        return found


def score_task(
    folder: Path, task: Task, config: EvaluateConfig, world: World, progress: Progress = QUIET
) -> dict[str, Any]:
    """Fine-tune the model in ``folder`` on ``task`` once for each seed and return its scores on dev, and on test where
    that has gold labels.

    The scores are those after the last step, so that dev chooses nothing, unless ``config.keep`` says so.
    """
    tuner = FineTuner(folder, task, config, world)
    meter = Meter(progress, 0, tuner.steps_per_epoch * config.epochs * len(config.seeds))
    parts = ["dev", "test"] if task.is_test_labelled else ["dev"]
    found: dict[str, list[dict[str, float]]] = {part: [] for part in parts}
    chosen: list[dict[str, Any]] = []
    for seed in config.seeds:
        model = tuner.run(seed, meter)
        for part in parts:
            found[part].append(tuner.scores(model, part))
        chosen.append(model.layer_weights())
    meter.end()
    scores: dict[str, Any] = {name: spread([one[name] for one in found["dev"]]) for name in found["dev"][0]}
    if "test" in parts:
        scores["test"] = {name: spread([one[name] for one in found["test"]]) for name in found["test"][0]}
    if any(figures for seed in chosen for figures in seed.values()):
        scores["layer_weights"] = chosen
    return {**facts_of(task), **scores, "seeds": list(config.seeds)}


def facts_of(task: Task) -> dict[str, Any]:
    """Return what is known of a task before a model is: kind, metric, rows, and the scores of who has only counted."""
    said = task.kind.baseline(task.train, task.dev, task.labels)
    baseline = task.kind.scores(said, task.dev, task.labels)
    return {
        "kind": task.kind_name, "metric": task.kind.metric, "baseline": baseline, "classes": len(task.labels),
        "train_rows": len(task.train), "dev_rows": len(task.dev), "test_rows": len(task.test),
        "left_out": task.left_out,
    }  # fmt: skip


def load_pretrained(model: TaskModel, folder: Path) -> None:
    """Put the weights in ``folder`` into ``model``, and those of its objectives into heads that begin as one."""
    heads = model.objectives
    load_weights(model, folder)
    for name, head in model.heads.items():
        if head.loads_as and head.loads_as != name:
            model.objectives = nn.ModuleDict({head.loads_as: head})
            load_weights(model, folder)
    model.objectives = heads


def order(lengths: Integers, batch_size: int, seed: int, epoch: int) -> list[Integers]:
    """Return the batches of an epoch (int64 ``[batch_size]`` each, the last may be smaller), a function of ``seed`` and
    ``epoch``: rows of about one length are together, and which batch comes when says nothing of length."""
    draws = rng.keys(seed, "task order", epoch, np.arange(len(lengths)))
    mixed = np.argsort(draws, kind="stable")
    pools = np.arange(len(mixed)) // (batch_size * POOL)
    ordered = mixed[np.lexsort((lengths[mixed], pools))]
    cuts = [ordered[begin : begin + batch_size] for begin in range(0, len(ordered), batch_size)]
    again = np.argsort(rng.keys(seed, "task batches", epoch, np.arange(len(cuts))), kind="stable")
    return [cuts[number] for number in again]


def share_of(units: Integers, world: World) -> Integers:
    """Return this process's share of a batch; one of fewer rows than processes is done by each."""
    first, last = world.share(len(units))
    return units[first:last] if len(units) >= world.size else units


def batches(inputs: Inputs, chosen: list[Integers], padding: Padding) -> Iterator[dict[str, Tensor]]:
    """Yield the batches of the units ``chosen``, the next one being made while one is used."""
    with ThreadPoolExecutor(1, "task batches") as pool:
        coming = pool.submit(inputs.batch, chosen[0], padding)
        for number in range(len(chosen)):
            ready = coming.result()
            if number + 1 < len(chosen):
                coming = pool.submit(inputs.batch, chosen[number + 1], padding)
            yield ready


@torch.inference_mode()
def tell(
    model: TaskModel, inputs: Inputs, batch_size: int, padding: Padding, device: torch.device, head: str = ""
) -> Told:
    """Return what the head called ``head`` (the first if none is named) tells of ``inputs``, in their order: a line for
    each sequence, or each character. Computed in batches of about one length."""
    was_training = model.training
    model.eval()
    chosen: Head = model.heads[head] if head else next(iter(model.heads.values()))
    order = np.argsort(inputs.lengths, kind="stable")
    found, taken = [], []
    for begin in range(0, len(order), batch_size):
        units = order[begin : begin + batch_size]
        batch = {name: tensor.to(device) for name, tensor in inputs.batch(units, padding).items()}
        logits: Tensor = chosen(model.states(batch)).float()
        found.append(chosen.told(logits, batch).cpu().numpy())
        taken.append(ranges(inputs.units[units], sizes_of(inputs.units)[units]))
    model.train(was_training)
    return _in_order(np.concatenate(found), np.concatenate(taken), inputs, chosen.per_character)


def _in_order(told: Told, sequences: Integers, inputs: Inputs, per_character: bool) -> Told:
    """Return the lines of ``sequences`` (int64 ``[S]``, in the order of ``told``) in the order of their numbers."""
    if not per_character or inputs.characters is None:
        back = np.empty_like(told)
        back[sequences] = told
        return back
    sizes = sizes_of(inputs.characters.tokens.offsets)
    begins = offsets_of(sizes[sequences])[:-1]
    place = np.empty(len(sequences), np.int64)
    place[sequences] = begins
    found: Told = told[ranges(place, sizes)]
    return found
