"""Layers that know how far apart tokens are by a bias of the scores, one for all layers (T5, arXiv:1910.10683 §2.1).

Distances fall into buckets: each near one has its own, farther ones share a bucket with more and more others, by their
logarithm, and all from a greatest distance on share the last. Each head has a bias for each bucket, added to its
scores in every layer. In an encoder one half of the buckets is for what comes later; a decoder sees none of that.
"""

from __future__ import annotations

import dataclasses
import math

import torch
from torch import Tensor, nn

from zhprep.core.config import setting
from zhprep.core.errors import UsageError
from zhprep.models.blocks.attention import AttentionContext
from zhprep.models.blocks.attentions.attending import distances
from zhprep.models.blocks.stacks.separate import SeparateLayers
from zhprep.models.config import ModelConfig

NAME = "relative"


@dataclasses.dataclass(frozen=True, kw_only=True)
class BucketSettings:
    """How distances fall into buckets."""

    num_buckets: int = setting(32, "buckets of distances, those of both directions", minimum=4)
    max_distance: int = setting(128, "from this distance on all are one bucket", minimum=3)

    def __post_init__(self) -> None:
        if self.num_buckets % 2 or self.max_distance <= self.num_buckets // 2:
            raise UsageError(
                f"{self.num_buckets} buckets do not end at a distance of {self.max_distance}",
                hint="take an even number of buckets, and a greater max_distance than half of them",
            )


class RelativeLayers(SeparateLayers):
    """Layers of their own weights under one bias by distance.

    Packed sequences need nothing more: within a sequence distances are those of the row.
    """

    Settings = BucketSettings

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.settings = config.settings_of(NAME, BucketSettings)
        self.position_bias = nn.Embedding(self.settings.num_buckets, config.num_attention_heads)

    def initialise(self) -> None:
        """Draw biases as the authors' code does, where fresh weights are of unit variance."""
        if not self.config.initializer_range:
            nn.init.normal_(self.position_bias.weight, std=self.config.hidden_size**-0.5)

    def forward(
        self, hidden_states: Tensor, context: AttentionContext, *, all_layers: bool = False, read: Tensor | None = None
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Return what the layers make of the states under the bias: see :class:`LayerStack`."""
        behind = distances(hidden_states.shape[1], hidden_states.device)
        number = buckets(behind, self.settings, both_ways=not context.causal)
        bias: Tensor = self.position_bias(number)
        biased = context.biased(bias.movedim(-1, 0)[None])
        return super().forward(hidden_states, biased, all_layers=all_layers, read=read)


def buckets(behind: Tensor, settings: BucketSettings, *, both_ways: bool) -> Tensor:
    """Return the bucket (int64) of each of the distances ``behind``: how far a token is behind the one that it sees.

    With ``both_ways`` tokens that come later (negative distances) have buckets of their own, else the nearest one's.
    """
    n_buckets, first = settings.num_buckets, torch.zeros_like(behind)
    if both_ways:
        n_buckets //= 2
        first = torch.where(behind < 0, n_buckets, 0)
        behind = behind.abs()
    behind = behind.clamp(min=0)
    n_single = n_buckets // 2
    shared = (behind.clamp(min=1).float() / n_single).log() / math.log(settings.max_distance / n_single)
    beyond = n_single + (shared * (n_buckets - n_single)).long()
    return first + torch.where(behind < n_single, behind, beyond.clamp(max=n_buckets - 1))
