"""What a model is made of and how large it is: one frozen record, from a recipe's ``[model]`` section and a size."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from zhprep.core import config as settings
from zhprep.core.config import setting
from zhprep.core.errors import UsageError
from zhprep.core.registry import lookup


@dataclasses.dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """The parts of a model by name, and its sizes. The defaults are BERT-base (arXiv:1810.04805)."""

    inputs: tuple[str, ...] = setting(("token", "position", "segment"), "what is summed into the embeddings")
    encoder: str = setting("stacked", "how the layers are arranged")
    objectives: tuple[str, ...] = setting(("mlm", "next_sentence"), "what the model is trained on")
    objective_weights: tuple[float, ...] = setting((), "weight of each objective in the loss; 1 each if empty")
    vocabulary_size: int = setting(21128, "number of token ids", minimum=1)
    n_layers: int = setting(12, "number of layers", minimum=1)
    width: int = setting(768, "width of the hidden states", minimum=1)
    n_heads: int = setting(12, "number of attention heads", minimum=1)
    feedforward_width: int = setting(3072, "width inside the feed-forward block", minimum=1)
    n_positions: int = setting(512, "longest sequence", minimum=1)
    n_segments: int = setting(2, "number of segment types", minimum=1)
    dropout: float = setting(0.1, "dropout after embeddings and blocks", minimum=0)
    attention_dropout: float = setting(0.1, "dropout on attention weights", minimum=0)
    norm_epsilon: float = setting(1e-12, "epsilon of layer normalisation", minimum=0)
    initial_std: float = setting(0.02, "standard deviation of fresh weights", minimum=0)

    def __post_init__(self) -> None:
        if self.width % self.n_heads:
            raise UsageError(f"width {self.width} cannot be shared by {self.n_heads} heads", hint="make it a multiple")
        if self.objective_weights and len(self.objective_weights) != len(self.objectives):
            raise UsageError(
                f"{len(self.objective_weights)} objective_weights for {len(self.objectives)} objectives",
                hint="give one weight per objective, in the same order, or none",
            )

    @property
    def weights(self) -> dict[str, float]:
        """The weight of each named objective in the total loss."""
        return dict(zip(self.objectives, self.objective_weights or [1.0] * len(self.objectives), strict=True))


def _size(n_layers: int, width: int) -> dict[str, int]:
    return {"n_layers": n_layers, "width": width, "n_heads": width // 64, "feedforward_width": 4 * width}


SIZES: dict[str, dict[str, Any]] = {
    "tiny": _size(2, 128),
    "mini": _size(4, 256),
    "small": _size(4, 512),
    "base": _size(12, 768),
    "large": _size(24, 1024),
}
"""Layers and widths of Google's BERT miniatures (arXiv:1908.08962), base and large; heads are 64 wide."""


def model_config(recipe: Mapping[str, Any], size: str, vocabulary_size: int) -> ModelConfig:
    """Return the config of the model that a recipe's ``[model]`` section describes, at ``size``.

    The section may hold any setting of :class:`ModelConfig` and a table ``sizes`` of sizes of its own, which go before
    :data:`SIZES`. Raises ``UsageError`` for an unknown size or setting.
    """
    section = dict(recipe)
    sizes = {**SIZES, **section.pop("sizes", {})}
    values = {**lookup(sizes, size, "size"), **section, "vocabulary_size": vocabulary_size}
    return settings.build(ModelConfig, values, where="[model]")
