"""The knobs of ``evaluate`` and ``predict``."""

from __future__ import annotations

import dataclasses

from zhprep.core.config import setting

CHOICES = ("last", "best")


@dataclasses.dataclass(frozen=True, kw_only=True)
class EvaluateConfig:
    """How a model is fine-tuned on a task: the same for every model that is compared."""

    epochs: int = setting(3, "passes over the training rows", minimum=1)
    batch_size: int = setting(32, "rows per step", minimum=1)
    learning_rate: float = setting(5e-5, "highest learning rate; small models want more, 3e-4 at tiny", minimum=0)
    warmup: float = setting(0.1, "steps of linear warm-up, or a share of all steps if below 1", minimum=0)
    weight_decay: float = setting(0.01, "weight decay, not on biases and norms", minimum=0)
    dropout: float = setting(0.1, "dropout before the classifier", minimum=0, maximum=1)
    max_length: int = setting(128, "most tokens of a row, special ones included", minimum=8)
    seeds: tuple[int, ...] = setting((0, 1, 2), "fine-tune once with each of these seeds")
    layers: str = setting("top", "what heads read: embedding, top, all (weighed), or the number of a layer")
    keep: str = setting(
        "last",
        "weights that are scored: of the last epoch, or of the best on dev (which flatters dev)",
        choices=CHOICES,
    )
    dtype: str = setting("auto", "arithmetic; auto is bf16 on a GPU, fp32 elsewhere", choices=("auto", "fp32", "bf16"))
    threads: int = setting(0, "threads on a CPU; 0 leaves it to torch", minimum=0)
