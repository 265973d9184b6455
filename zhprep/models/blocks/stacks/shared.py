"""Layers that share weights (ALBERT, arXiv:1909.11942 §3.1 and Table 4): all, attention, feed-forward, or none."""

from __future__ import annotations

import dataclasses

from torch import nn

from zhprep.core.config import setting
from zhprep.core.errors import UsageError
from zhprep.models.blocks.layer import Layer, LayerStack
from zhprep.models.blocks.layers import make_layer
from zhprep.models.blocks.sharing import lend
from zhprep.models.config import ModelConfig

SHARED_BLOCKS: dict[str, tuple[str, ...]] = {
    "all": ("attention", "feedforward"),
    "attention": ("attention",),
    "feed-forward": ("feedforward",),
    "none": (),
}
"""The blocks of a layer that all layers have in common."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class SharingSettings:
    """What layers share."""

    sharing: str = setting("all", "blocks that all layers have in common", choices=tuple(SHARED_BLOCKS))


class SharedLayers(LayerStack):
    """``num_hidden_layers`` layers, some or all of whose blocks are those of the first one.

    A shared block is a module of the first layer alone: it is counted, saved and moved once.
    """

    Settings = SharingSettings

    def make_layers(self, config: ModelConfig) -> list[Layer]:
        """Return the layers; where all is shared there is one.

        Raises ``UsageError`` where layers are to differ in an attention that they share.
        """
        sharing = config.settings_of("shared", SharingSettings).sharing
        if "attention" in SHARED_BLOCKS[sharing] and config.num_hidden_layers > 1:
            _check_alike(config)
        if sharing == "all":
            return [make_layer(config, 0)]
        layers = [make_layer(config, index) for index in range(config.num_hidden_layers)]
        for name in SHARED_BLOCKS[sharing]:
            for layer in layers[1:]:
                lend(layer, name, layers[0].get_submodule(name))
        return layers

    def sequence(self) -> list[nn.Module]:
        """Return the layers as states go through them: the only one as often as there are layers."""
        if len(self.layers) == 1:
            return [self.layers[0]] * self.config.num_hidden_layers
        return list(self.layers)


def _check_alike(config: ModelConfig) -> None:
    """Raise ``UsageError`` for settings that make the attention of the first layer another one than that of the rest,
    which would be computed by it all the same."""
    if config.local_attention and config.global_attn_every_n_layers > 1:
        raise UsageError(
            "layers that share their attention cannot see a window in some and all in others",
            hint='give [model.shared] sharing = "feed-forward", or local_attention = 0',
        )
    if config.layer == "bare-first" and config.norm_position == "pre":
        raise UsageError(
            "layers that share their attention cannot have a norm before it in all but the first",
            hint='give [model.shared] sharing = "feed-forward", or layer = "transformer"',
        )
