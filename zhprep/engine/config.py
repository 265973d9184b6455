"""How weights are changed: one record, to which the settings of pretraining and of fine-tuning project."""

from __future__ import annotations

import dataclasses
from typing import Any

from zhprep.core.config import setting
from zhprep.core.errors import UsageError

SCHEDULE_NAMES = ("linear", "constant", "cosine", "polynomial", "wsd", "wsd-sqrt", "damped-cosine")
OPTIMISER_NAMES = ("adamw", "bert-adam", "lamb", "stable-adamw", "muon")
DTYPES = ("auto", "fp32", "bf16")
ATTENTION_NAMES = ("auto", "masks", "varlen", "flex")


@dataclasses.dataclass(frozen=True, kw_only=True)
class OptimisationConfig:
    """Settings of the loop: steps, batches, learning rate, optimiser, arithmetic.

    Raises ``UsageError`` for a share that is none.
    """

    steps: int = setting(1_000_000, "optimiser steps in all", minimum=1)
    batch_size: int = setting(256, "instances per step, over all machines", minimum=1)
    accumulate: int = setting(
        1, "parts into which each machine cuts its share of a batch, to need less memory", minimum=1
    )
    learning_rate: float = setting(1e-4, "highest learning rate", minimum=0)
    warmup: float = setting(0.01, "steps of linear warm-up, or a share of all steps if below 1", minimum=0)
    schedule: str = setting("linear", "learning rate after the warm-up", choices=SCHEDULE_NAMES)
    end_rate: float = setting(
        0.0, "learning rate at the end of the schedule, as a share of the highest", minimum=0, maximum=1
    )
    decay_share: float = setting(
        0.1, "wsd: share of the steps after the warm-up in which the rate decays", minimum=0, maximum=1
    )
    power: float = setting(1.0, "polynomial: the power of what is left", minimum=0)
    cycles: int = setting(2, "damped-cosine: how often the learning rate falls", minimum=1)
    optimiser: str = setting("adamw", "what turns gradients into steps", choices=OPTIMISER_NAMES)
    beta1: float = setting(0.9, "decay of the mean of the gradients", minimum=0, maximum=1)
    beta2: float = setting(0.999, "decay of the mean of their squares", minimum=0, maximum=1)
    epsilon: float = setting(1e-6, "what is added to the root of the mean square", minimum=0)
    momentum: float = setting(0.95, "muon: decay of the mean of the gradients of matrices", minimum=0, maximum=1)
    weight_decay: float = setting(0.01, "weight decay, not on biases and norms", minimum=0)
    layer_decay: float = setting(
        1.0,
        "learning rate of a layer as a share of that of the layer above it; 1 gives all the same",
        minimum=0,
        maximum=1,
    )
    clip: float = setting(1.0, "largest norm of the gradient; 0 does not clip", minimum=0)
    dtype: str = setting("auto", "arithmetic; auto is bf16 on a GPU with units for it, fp32 elsewhere", choices=DTYPES)
    attention: str = setting(
        "auto",
        "how attention is computed; auto is masks, in groups of one length, on a CPU, and on a GPU for packed rows, "
        "windows and causal models varlen, or flex where there are windows and no dropout of attention",
        choices=ATTENTION_NAMES,
    )
    compile: bool = setting(False, "compile the model with torch.compile (pays on a GPU, not in short runs on a CPU)")
    seed: int = setting(0, "seed of weights, order, masks and dropout")

    def __post_init__(self) -> None:
        for name in ("beta1", "beta2", "momentum"):
            if not getattr(self, name) < 1:
                raise UsageError(f"{name} is {getattr(self, name)}; it must be below 1", hint="a usual value is 0.9")
        if not 0 < self.decay_share <= 1:
            raise UsageError(f"decay_share is {self.decay_share}; it must be a share above 0", hint="0.1 is usual")

    @classmethod
    def of(cls, config: Any, **others: Any) -> OptimisationConfig:
        """Return what ``config``, any record of settings, says of the optimisation, with ``others`` put over it."""
        known = {field.name for field in dataclasses.fields(cls)}
        said = {field.name: getattr(config, field.name) for field in dataclasses.fields(config) if field.name in known}
        return cls(**{**said, **others})
