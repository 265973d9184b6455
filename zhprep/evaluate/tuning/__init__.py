"""Ways of transfer: functions that make a model ready (what they add, they add here) and say what is trained when."""

from __future__ import annotations

from collections.abc import Callable

from zhprep.evaluate.config import EvaluateConfig
from zhprep.evaluate.stages import Tuning
from zhprep.evaluate.tuning.adapters import adapters
from zhprep.evaluate.tuning.chain_thaw import chain_thaw
from zhprep.evaluate.tuning.features import features
from zhprep.evaluate.tuning.full import full
from zhprep.evaluate.tuning.gradual import gradual
from zhprep.evaluate.tuning.lora import lora
from zhprep.evaluate.tuning.sequential import sequential
from zhprep.models import Model

TUNINGS: dict[str, Callable[[Model, EvaluateConfig, int], Tuning]] = {
    "full": full,
    "features": features,
    "adapters": adapters,
    "lora": lora,
    "gradual": gradual,
    "sequential": sequential,
    "chain-thaw": chain_thaw,
}
