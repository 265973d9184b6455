"""Attention under a mask, True where a position may look (torch's ``scaled_dot_product_attention``).

For packed rows, windows and what is causal the mask has a number for each pair of places of each row, and torch's
quickest kernels on a GPU take none.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from zhprep.models.blocks.attentions.attending import Attending, AttentionCall, Seen


class MaskedAttention(Attending):
    """A mask for each width of window, made when it is first asked for.

    ``bias``, float ``[1 or B, H, L, L]``, is added to the scores of what may be seen.
    """

    on_real_tokens = True

    def __init__(self, seen: Seen, bias: Tensor | None = None) -> None:
        super().__init__(seen)
        self._bias = bias
        self._masks: dict[int, Tensor | None] = {}

    def attend(self, query: Tensor, key: Tensor, value: Tensor, asked: AttentionCall) -> Tensor:
        """Return ``[B, H, L, d]``."""
        if asked.window not in self._masks:
            self._masks[asked.window] = self._made(asked.window)
        mask = self._masks[asked.window]
        return F.scaled_dot_product_attention(
            query, key, value, attn_mask=mask, dropout_p=asked.dropout, scale=asked.scale
        )

    def _made(self, window: int) -> Tensor | None:
        """Return the mask of ``window``, or what is to be added to scores where there is a bias; ``[1 or B, H, L, L]``
        or what broadcasts to it."""
        mask = self.seen.mask(window)
        if self._bias is None or mask is None:
            return mask if self._bias is None else self._bias
        return self._bias.masked_fill(~mask, -torch.inf)
