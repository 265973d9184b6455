"""How long each run is trained, so that all see as much text: what the first variant's steps come to, in tokens or in
characters, is what the others get."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from zhprep.core.errors import UsageError
from zhprep.core.shards import open_table, read_manifest
from zhprep.experiment.plan import BudgetConfig
from zhprep.instances.layout import is_validation
from zhprep.pretrain.config import PretrainConfig
from zhprep.pretrain.phases import planned
from zhprep.run.recipe import Run

_PARTS = 1_000_000
"""Steps over which the shares of phases are looked at."""


@dataclasses.dataclass(frozen=True)
class InstanceSize:
    """How much an instance of a folder holds on average: tokens, padding left out, and characters of text."""

    tokens: float
    characters: float


@dataclasses.dataclass(frozen=True)
class TrainingBudget:
    """How long a run is trained: ``steps`` of ``batch_size`` instances, and what that comes to."""

    steps: int
    batch_size: int
    tokens: int
    characters: int

    def flags(self, run: Run) -> Run:
        """Return ``run`` with this budget."""
        stated = {**run.flags.get("pretrain", {}), "steps": self.steps, "batch_size": self.batch_size}
        return dataclasses.replace(run, flags={**run.flags, "pretrain": stated})


def lengths_of(data: Path, characters: int) -> InstanceSize:
    """Return how much the training instances of ``data``, made of a corpus of so many ``characters``, hold on average.

    Raises ``UsageError`` when none of its documents are held out, or all are.
    """
    rows, counts = open_table(data, "instances"), read_manifest(data)["account"]["counts"]
    n_trained = tokens = special = 0
    for batch in rows.select(["instance_id", "input_ids", "special_tokens_mask"]).to_batches():  # mapped, not loaded
        trained = batch.filter(pa.array(~is_validation(batch["instance_id"].to_numpy())))
        n_trained += trained.num_rows
        tokens += len(trained["input_ids"].flatten())
        special += int(trained["special_tokens_mask"].flatten().to_numpy(zero_copy_only=False).sum())
    if n_trained in (0, rows.num_rows):
        raise UsageError(
            f"{data}: {rows.num_rows - n_trained} of {rows.num_rows} instances are of documents that are held out",
            hint="state another validation_fraction in [common.instances], or give more text",
        )
    per_token = characters / counts["encoded_tokens"]
    return InstanceSize(tokens / n_trained, (tokens - special) * per_token / n_trained)


def budget_for(
    run: Run, lengths: Sequence[InstanceSize], plan: BudgetConfig, first: TrainingBudget | None
) -> TrainingBudget:
    """Return how long ``run`` is trained whose phases have instances of such ``lengths``: for the steps of the plan, or
    else of its recipe, if it is the ``first`` variant, and else on as much as that."""
    config: PretrainConfig = run.config(PretrainConfig, "pretrain")
    steps = plan.steps or config.steps
    if first is None:
        return _of(steps, config.batch_size, run, lengths)
    wanted = getattr(first, plan.equal)
    one = getattr(_of(_PARTS, config.batch_size, run, lengths), plan.equal) / _PARTS
    batch_size = config.batch_size
    if plan.scale == "batch_size":
        batch_size = max(1, round(batch_size * wanted / first.steps / one))
        one = getattr(_of(_PARTS, batch_size, run, lengths), plan.equal) / _PARTS  # a phase may have its own batches
    return _of(max(1, round(wanted / one)), batch_size, run, lengths)


def _of(steps: int, batch_size: int, run: Run, lengths: Sequence[InstanceSize]) -> TrainingBudget:
    """Return what ``steps`` come to: each phase has its share of them, its batches and its instances."""
    config = dataclasses.replace(run.config(PretrainConfig, "pretrain"), steps=steps, batch_size=batch_size)
    instances = [phase.n_steps * phase.batch_size for phase in planned(config)]
    tokens, characters = (
        round(sum(n * getattr(one, name) for n, one in zip(instances, lengths, strict=True)))
        for name in ("tokens", "characters")
    )
    return TrainingBudget(steps, batch_size, tokens, characters)
