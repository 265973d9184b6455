"""Attention of sequences of various lengths, laid end to end (FlashAttention-2's way, arXiv:2307.08691).

By torch's jagged nested tensors: on a GPU its kernels read where sequences begin and end and compute nothing between
two of them, with dropout, in float32 too (there by the memory-efficient kernel). On a CPU torch goes through a sequence
at a time, and has no causal attention for them: that is by a mask there. Both are for tests.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from zhprep.models.blocks.attentions.attending import Attending, AttentionCall, Setting
from zhprep.models.blocks.attentions.masks import MaskedAttention
from zhprep.models.config import ModelConfig


class VariableLengthAttention(Attending):
    """Sequences without what is between them. Padding is a sequence of its own."""

    @classmethod
    def lacks(cls, config: ModelConfig, setting: Setting) -> str:
        """Return whether there are windows, which it does not know, or a compiler, to which nested tensors of each
        batch are new."""
        if config.local_attention:
            return "windows of local attention"
        return "place in a compiled model" if setting.compiled else ""

    def attend(self, query: Tensor, key: Tensor, value: Tensor, asked: AttentionCall) -> Tensor:
        """Return ``[B, H, L, d]``."""
        if self.seen.causal and query.device.type == "cpu":
            return MaskedAttention(self.seen).attend(query, key, value, asked)
        n_rows, length = self.seen.shape
        borders = self.seen.borders
        if borders is None:
            borders = torch.arange(0, (n_rows + 1) * length, length, device=query.device)
        queries, keys, values = (self._laid_out(states, borders) for states in (query, key, value))
        made = F.scaled_dot_product_attention(
            queries, keys, values, dropout_p=asked.dropout, is_causal=self.seen.causal, scale=asked.scale
        )
        return made.transpose(1, 2).values().view(n_rows, length, *query.shape[1::2]).transpose(1, 2)

    def _laid_out(self, states: Tensor, borders: Tensor) -> Tensor:
        """Return ``[S, H, *, d]`` of sequences between ``borders`` (int64 ``[S+1]``), from ``[B, H, L, d]``."""
        flat = states.transpose(1, 2).flatten(0, 1).contiguous()
        # The bounds are given: to find them a GPU would have to be waited for.
        nested = torch.nested.nested_tensor_from_jagged(flat, borders, min_seqlen=1, max_seqlen=self.seen.shape[1])
        return nested.transpose(1, 2)
