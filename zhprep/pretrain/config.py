"""The knobs of ``pretrain``."""

from __future__ import annotations

import dataclasses
from typing import Any

from zhprep.core.config import setting
from zhprep.core.stopping import parse_duration
from zhprep.engine.config import OptimisationConfig


@dataclasses.dataclass(frozen=True, kw_only=True)
class PretrainConfig(OptimisationConfig):
    """How a model is pretrained. What the model is stands in the recipe's ``[model]`` section."""

    size: str = setting("base", "size of the model: tiny, mini, small, base, large, or one of the recipe's own")
    validation: float = setting(
        0.01, "share of instances held out; raised to 64 instances, to at most a tenth", minimum=0, maximum=1
    )
    eval_every: int = setting(
        0, "steps between figures on the held-out instances; 0 gives them at the end only", minimum=0
    )
    log_every: int = setting(10, "steps between lines of log.jsonl", minimum=1)
    initial: str = setting("", "folder of a model to start from, ours or transformers'")
    initial_positions: str = setting(
        "tile", "how that model's positions become as many as this one has: repeated, stretched, or the first of them",
        choices=("tile", "interpolate", "cut"),
    )  # fmt: skip
    unigram_bias: bool = setting(
        False, "output biases begin as the logarithms of how often tokens are in the data, not as nothing"
    )
    checkpoint_every: int = setting(1000, "steps between checkpoints", minimum=1)
    keep: int = setting(2, "how many checkpoints to keep", minimum=1)
    stop_after: int = setting(0, "stop with a checkpoint after this step, exit 85; 0 does not", minimum=0)
    time_limit: str = setting(
        "", "stop with a checkpoint after this time, getting ready included, exit 85: 11h50m, 30m, 90s"
    )
    fsdp: bool = setting(
        False, "cut weights, gradients and moments into shards, one per process of torchrun; without it each has all"
    )
    phases: tuple[dict[str, Any], ...] = setting((), "the phases of the run, if it has several", flag=False)
    threads: int = setting(0, "threads of a CPU run; 0 leaves it to torch", minimum=0, maximum=1024)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.time_limit:
            parse_duration(self.time_limit)  # what is no duration is told before anything is written

    @property
    def way(self) -> str:
        """How the weights lie over several processes, by the name of a part of the engine."""
        return "fsdp" if self.fsdp else "ddp"


WHEN = ("checkpoint_every", "keep", "stop_after", "time_limit", "threads", "log_every", "fsdp")
"""Settings that may differ when a run is resumed: they change when things are written, not what the weights become."""

OF_EACH = ("threads", "time_limit")
"""Settings that may differ from process to process of a run."""
