"""What a layer is: a module from hidden states ``[B, L, D]`` and what they may attend to, to hidden states."""

from __future__ import annotations

from zhprep.core.registry import lookup
from zhprep.models.blocks.layer import Layer
from zhprep.models.blocks.layers.bare_first import BareFirstLayer
from zhprep.models.blocks.layers.transformer import TransformerLayer
from zhprep.models.config import ModelConfig

LAYERS: dict[str, type[Layer]] = {
    "transformer": TransformerLayer,
    "bare-first": BareFirstLayer,
}


def make_layer(config: ModelConfig, index: int) -> Layer:
    """Return the layer that ``config`` names, number ``index`` from the bottom."""
    return lookup(LAYERS, config.layer, "layer")(config, index)
