"""The knobs of ``evaluate`` and ``predict``."""

from __future__ import annotations

import dataclasses

from zhprep.core.config import setting

CHOICES = ("last", "best")
POOLING_NAMES = ("cls", "mean", "max")
TUNING_NAMES = ("full", "features", "adapters", "lora", "gradual", "sequential", "chain-thaw")


@dataclasses.dataclass(frozen=True, kw_only=True)
class EvaluateConfig:
    """How a model is fine-tuned on a task: the same for every model that is compared."""

    epochs: int = setting(3, "passes over the training rows", minimum=1)
    batch_size: int = setting(32, "rows per step", minimum=1)
    learning_rate: float = setting(5e-5, "highest learning rate; small models want more, 3e-4 at tiny", minimum=0)
    warmup: float = setting(0.1, "steps of linear warm-up, or a share of all steps if below 1", minimum=0)
    weight_decay: float = setting(0.01, "weight decay, not on biases and norms", minimum=0)
    agreement: float = setting(
        1.0, "two granularities: λ of the term that draws their predictions together (AMBERT 3.3 does not state it)",
        minimum=0,
    )  # fmt: skip
    dropout: float = setting(0.1, "dropout before the classifier", minimum=0, maximum=1)
    max_length: int = setting(128, "most tokens of a row, special ones included", minimum=8)
    seeds: tuple[int, ...] = setting((0, 1, 2), "fine-tune once with each of these seeds")
    layers: str = setting("top", "what heads read: embedding, top, all (weighed), or the number of a layer")
    pooling: str = setting(
        "cls",
        "what stands for a row: the state of [CLS] (of a causal model's last token), or the mean or maximum of all",
        choices=POOLING_NAMES,
    )
    keep: str = setting(
        "last",
        "weights that are scored: of the last epoch, or of the best on dev (which flatters dev)",
        choices=CHOICES,
    )
    tune: str = setting("full", "which weights are trained when", choices=TUNING_NAMES)
    adapter_size: int = setting(64, "adapters: width in their middle", minimum=1)
    lora_rank: int = setting(8, "lora: rank of what is added", minimum=1)
    lora_alpha: float = setting(16.0, "lora: what is added is scaled by this over the rank", minimum=0)
    ensemble: int = setting(
        0, "score the mean of the weights after each of the last so many steps; 0 the last", minimum=0
    )
    distill: bool = setting(
        False, "also learn to predict as the mean of the weights of the last --ensemble steps (at least one) does"
    )
    distill_weight: float = setting(1.0, "distill: weight of the squared distance of logits", minimum=0)
    probe: bool = setting(False, "score every layer of the frozen model in one go, each with a head of its own")
    dtype: str = setting(
        "auto", "arithmetic; auto is bf16 on a GPU with units for it, fp32 elsewhere", choices=("auto", "fp32", "bf16")
    )
    threads: int = setting(0, "threads on a CPU; 0 leaves it to torch", minimum=0, maximum=1024)
