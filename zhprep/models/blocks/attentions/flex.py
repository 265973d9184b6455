"""Attention in blocks of 128 by 128 scores, of which those that nobody may see are left out (FlexAttention,
arXiv:2412.05496): packed sequences, windows and what is causal.

Which blocks there are follows from where sequences begin: no mask of each pair of places is ever made. On a GPU torch
compiles it to one kernel. On a CPU it has no backward pass, and without a compiler computes all scores: for tests.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn.attention.flex_attention import BlockMask, flex_attention

from zhprep.models.blocks.attentions.attending import Attending, AttentionCall, Seen, Setting
from zhprep.models.config import ModelConfig

BLOCK = 128
"""Places of a block, of queries and of keys; what torch's kernels are made for."""
_NARROWEST = 16
"""The least width of a head that torch's kernels on a GPU take."""


class BlockAttention(Attending):
    """Blocks for each width of window, found when they are first asked for."""

    def __init__(self, seen: Seen) -> None:
        super().__init__(seen)
        self._blocks: dict[int, BlockMask] = {}

    @classmethod
    def lacks(cls, config: ModelConfig, setting: Setting) -> str:
        """Return whether there are a backward pass on a CPU, dropout, or narrow heads on a GPU."""
        on = setting.device.type
        if setting.training and on == "cpu":
            return "backward pass on a CPU"
        if setting.training and config.attention_dropout:
            return "dropout of attention"
        return f"kernel for heads narrower than {_NARROWEST}" if on == "cuda" and config.head_width < _NARROWEST else ""

    def attend(self, query: Tensor, key: Tensor, value: Tensor, asked: AttentionCall) -> Tensor:
        """Return ``[B, H, L, d]``."""
        if asked.window not in self._blocks:
            self._blocks[asked.window] = blocks_of(self.seen, asked.window)
        attend: Any = _compiled() if query.device.type == "cuda" else flex_attention
        made: Tensor = attend(query, key, value, block_mask=self._blocks[asked.window], scale=asked.scale)
        return made


@functools.cache
def _compiled() -> Callable[..., Tensor]:
    made: Callable[..., Tensor] = torch.compile(flex_attention)
    return made


def blocks_of(seen: Seen, window: int) -> BlockMask:
    """Return which blocks of scores there are for what is ``seen`` through ``window`` (0: all), and which of them are
    seen whole, so that nothing in them need be looked at."""
    numbers, length = seen.numbers(), seen.shape[1]
    some, whole = _blocks_by_sequence(numbers)
    block = torch.arange(some.shape[1], device=seen.device)
    apart = block[:, None] - block  # blocks of queries less blocks of keys, [n, n]
    causal, half = seen.causal, window // 2
    if causal:
        some, whole = some & (apart >= 0), whole & (apart > 0)
    if window:
        nearest, furthest = (apart.abs() - 1) * BLOCK + 1, (apart.abs() + 1) * BLOCK - 1
        some, whole = some & (nearest <= half), whole & (furthest <= half)
    if length % BLOCK:
        whole[:, -1], whole[:, :, -1] = False, False

    def visible(row: Tensor, head: Tensor, query: Tensor, key: Tensor) -> Tensor:  # noqa: ARG001  # as torch calls it
        found = numbers[row, query] == numbers[row, key]
        if causal:
            found = found & (query >= key)
        if window:
            found = found & ((query - key).abs() <= half)
        return found

    return BlockMask.from_kv_blocks(
        *_listed(some & ~whole), *_listed(whole), BLOCK_SIZE=BLOCK, mask_mod=visible, seq_lengths=(length, length)
    )


def _blocks_by_sequence(numbers: Tensor) -> tuple[Tensor, Tensor]:
    """Return for each block of queries and of keys, bool ``[B, n, n]``, whether sequences of both may be the same, and
    whether both are of one and the same; ``numbers`` are those of the sequences, int64 ``[B, L]``."""
    n_rows, length = numbers.shape
    spare = numbers[:, -1:].expand(-1, -length % BLOCK)
    each = torch.cat([numbers, spare], 1).view(n_rows, -1, BLOCK)
    low, high = each.amin(-1), each.amax(-1)
    some = (low[:, :, None] <= high[:, None]) & (low[:, None] <= high[:, :, None])
    single = low == high
    return some, some & single[:, :, None] & single[:, None]


def _listed(blocks: Tensor) -> tuple[Tensor, Tensor]:
    """Return how many blocks of keys there are for each block of queries, int32 ``[B, 1, n]``, and which, these first
    and ascending, int32 ``[B, 1, n, n]``, of bool ``[B, n, n]``."""
    order = blocks.int().argsort(dim=-1, descending=True, stable=True)
    return blocks.sum(-1).int()[:, None], order.int()[:, None]
