"""The knobs of ``pretrain``."""

from __future__ import annotations

import dataclasses

from zhprep.core.config import setting
from zhprep.core.stopping import parse_duration

SCHEDULE_NAMES = ("linear", "constant", "cosine", "wsd")
OPTIMISER_NAMES = ("adamw",)


@dataclasses.dataclass(frozen=True, kw_only=True)
class PretrainConfig:
    """How a model is trained. What the model is stands in the recipe's ``[model]`` section."""

    size: str = setting("base", "size of the model: tiny, mini, small, base, large, or one of the recipe's own")
    steps: int = setting(1_000_000, "optimiser steps in all", minimum=1)
    batch_size: int = setting(256, "instances per step, over all machines", minimum=1)
    accumulate: int = setting(
        1, "parts into which each machine cuts its share of a batch, to need less memory", minimum=1
    )
    learning_rate: float = setting(1e-4, "highest learning rate", minimum=0)
    warmup: float = setting(0.01, "steps of linear warm-up, or a share of all steps if below 1", minimum=0)
    schedule: str = setting("linear", "learning rate after the warm-up", choices=SCHEDULE_NAMES)
    optimiser: str = setting("adamw", "what turns gradients into steps", choices=OPTIMISER_NAMES)
    weight_decay: float = setting(0.01, "weight decay, not on biases and norms", minimum=0)
    clip: float = setting(1.0, "largest norm of the gradient; 0 does not clip", minimum=0)
    dtype: str = setting("auto", "arithmetic; auto is bf16 on a GPU, fp32 elsewhere", choices=("auto", "fp32", "bf16"))
    compile: bool = setting(False, "compile the model with torch.compile (pays on a GPU, not in short runs on a CPU)")
    validation: float = setting(
        0.01, "share of instances held out; raised to 64 instances, to at most a tenth", minimum=0
    )
    eval_every: int = setting(
        0, "steps between figures on the held-out instances; 0 gives them at the end only", minimum=0
    )
    log_every: int = setting(10, "steps between lines of log.jsonl", minimum=1)
    seed: int = setting(0, "seed of weights, order, masks and dropout")
    initial: str = setting("", "folder of a model to start from, ours or transformers'")
    checkpoint_every: int = setting(1000, "steps between checkpoints", minimum=1)
    keep: int = setting(2, "how many checkpoints to keep", minimum=1)
    stop_after: int = setting(0, "stop with a checkpoint after this step, exit 85; 0 does not", minimum=0)
    time_limit: str = setting("", "stop with a checkpoint after this time, exit 85: 11h50m, 30m, 90s")
    threads: int = setting(0, "threads of a CPU run; 0 leaves it to torch", minimum=0)

    def __post_init__(self) -> None:
        if self.time_limit:
            parse_duration(self.time_limit)  # what is no duration is told before anything is written


WHEN = ("checkpoint_every", "keep", "stop_after", "time_limit", "threads", "log_every")
"""Settings that may differ when a run is resumed: they change when things are written, not what the weights become."""
