"""The seams of a model: what an input and an encoder are, and what a batch is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from torch import Tensor, nn

from zhprep.models.config import ModelConfig

Batch = Mapping[str, Tensor]
"""Tensors by name. ``B`` rows, padded to ``L``; ``M`` masked tokens in all.

==================  ==========  =====================================================================
input_ids           int64 [B,L]  tokens, masks applied, padded
attention_mask      bool [B,L]   True on real tokens; absent when nothing is padded
token_type_ids      int64 [B,L]  segments, where the data has them
masked_positions    int64 [M]    where tokens are to be predicted, as indices into the flattened ``B*L``
masked_labels       int64 [M]    the original tokens there
next_sentence_label int64 [B]    and other labels of rows, as the objectives need them
==================  ==========  =====================================================================
"""


class Input(nn.Module):
    """Turns columns of a batch into a summand of the embeddings."""

    needs: ClassVar[tuple[str, ...]] = ()
    takes: ClassVar[tuple[str, ...]] = ()

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config

    def forward(self, batch: Batch) -> Tensor:
        """Return a tensor that broadcasts to ``[B, L, D]``."""
        raise NotImplementedError


class Encoder(nn.Module):
    """Turns embeddings into states."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config

    def forward(self, states: Tensor, attention_mask: Tensor | None) -> Tensor:
        """Return states ``[B, L, D]`` from embeddings ``[B, L, D]``; ``attention_mask`` is bool ``[B, L]`` or None."""
        raise NotImplementedError
