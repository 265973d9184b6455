"""Where the sequences of a batch lie, and attention to themselves on a CPU, in groups of about one length.

So padding costs next to nothing: what is not attention is computed on real tokens only. Where there is dropout torch's
own attention on a CPU is a product at a time over all rows, padded to the longest, with a mask added to every score.
Here a group's scores stay in a core's cache, and padding is only what lengths differ by within a group. Nothing else is
computed: scores, their softmax, dropout, the mean of the values (arXiv:1706.03762 §3.2.1).

Shapes: B rows padded to L, N real tokens, S sequences, H heads, d width of a head.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from zhprep.models.dropout import Kept, kept

GROUP = 1 << 18
"""How many scores a group has at most, unless one sequence has more: 1 MiB, which a core's cache holds."""


@dataclasses.dataclass(frozen=True)
class Group:
    """Sequences that are attended to together: where each begins among the real tokens, and how many tokens it has."""

    begins: tuple[int, ...]
    lengths: tuple[int, ...]

    @property
    def longest(self) -> int:
        """The length to which they are padded."""
        return max(self.lengths)


@dataclasses.dataclass(frozen=True)
class RealTokens:
    """The real tokens of a batch of ``shape`` (B, L): ``places`` (int64 ``[N]``, ascending) in the flattened batch, or
    None where nothing is padded; and the ``groups`` of their sequences."""

    shape: tuple[int, int]
    places: Tensor | None
    groups: tuple[Group, ...]

    def taken(self, states: Tensor) -> Tensor:
        """Return the states ``[N, D]`` of the real tokens from those of the batch, ``[B, L, D]``."""
        flat = states.flatten(0, 1)
        return flat if self.places is None else flat.index_select(0, self.places)

    def numbers(self, places: Tensor) -> Tensor:
        """Return which of the real tokens are at ``places`` of the flattened batch (int64 ``[W]``, none is padding)."""
        return places if self.places is None else torch.searchsorted(self.places, places)

    def put_back(self, states: Tensor) -> Tensor:
        """Return the states of the batch ``[B, L, D]``, zeros at padding, from those of real tokens ``[N, D]``."""
        n_rows, length = self.shape
        if self.places is not None:
            states = states.new_zeros(n_rows * length, states.shape[1]).index_copy(0, self.places, states)
        return states.view(n_rows, length, -1)


def real_tokens_of(real: Tensor | None, shape: torch.Size, borders: Tensor | None, n_heads: int) -> RealTokens:
    """Return where the real tokens are of a batch of ``shape`` (B, L).

    ``real`` is bool ``[B, L]`` (None: all), ``borders`` int64 ``[S+1]`` of packed rows, in the flattened batch (None: a
    row is a sequence).
    """
    n_rows, length = shape
    if borders is None:
        borders = torch.arange(0, (n_rows + 1) * length, length)
    if real is None:
        return RealTokens((n_rows, length), None, groups_of(borders.tolist(), n_heads))
    before = F.pad(real.flatten().cumsum(0), (1, 0))
    return RealTokens(
        (n_rows, length), real.flatten().nonzero().squeeze(-1), groups_of(before[borders].tolist(), n_heads)
    )


def groups_of(borders: Sequence[int], n_heads: int) -> tuple[Group, ...]:
    """Return the sequences between ``borders``, ascending, in groups of neighbours by length, the longest first."""
    sizes = [(end - begin, begin) for begin, end in itertools.pairwise(borders) if end > begin]
    sizes.sort(key=lambda one: (-one[0], one[1]))
    groups, first = [], 0
    while first < len(sizes):
        n_rows = max(1, GROUP // (n_heads * sizes[first][0] ** 2))
        lengths, begins = zip(*sizes[first : first + n_rows], strict=True)
        groups.append(Group(begins, lengths))
        first += n_rows
    return tuple(groups)


def grouped_attention(
    qkv: Tensor, groups: tuple[Group, ...], n_heads: int, *, scale: float | None, dropout: float
) -> Tensor:
    """Return ``[N, H·d]`` from queries, keys and values side by side (``[N, 3·H·d]``, float32), of ``n_heads`` heads.

    Every token of the ``N`` is in one of the ``groups``. ``scale`` is the factor on scores, 1/√d if None.
    """
    width = qkv.shape[1] // 3 // n_heads
    attended: Tensor = _GroupedAttention.apply(qkv, groups, n_heads, scale or width**-0.5, dropout)  # type: ignore[no-untyped-call]
    return attended


class _Seen(NamedTuple):
    """What a group keeps for the way back: queries, keys, values ``[3, S, H, L, d]``, shares ``[S·H, L, L]``, and which
    of these were kept."""

    parts: Tensor
    shares: Tensor
    kept: Kept | None


class _GroupedAttention(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, qkv: Tensor, groups: tuple[Group, ...], n_heads: int, scale: float, dropout: float) -> Tensor:
        """Return ``[N, H·d]``."""
        ctx.groups, ctx.n_heads, ctx.scale, ctx.seen = groups, n_heads, scale, []
        by_head = qkv.view(len(qkv), 3, n_heads, -1)
        attended = torch.empty_like(by_head[:, :1])
        for group in groups:
            parts = _gathered(by_head, group)
            shares = _shares(parts, group, scale)
            drawn = kept(shares.shape, dropout) if dropout else None
            value = parts[2].flatten(0, 1)
            seen = torch.bmm(_dropped(shares, drawn), value).mul_(drawn.scale if drawn else 1.0)
            _scatter(seen.view_as(parts[2])[None], attended, group)
            if ctx.needs_input_grad[0]:
                ctx.seen.append(_Seen(parts, shares, drawn))
        return attended.view(len(qkv), -1)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, by_attended: Tensor) -> tuple[Tensor | None, ...]:
        """Return the gradient of queries, keys and values, ``[N, 3·H·d]``."""
        by_head = by_attended.reshape(len(by_attended), 1, ctx.n_heads, -1)
        by_qkv = by_head.new_empty(len(by_head), 3, *by_head.shape[2:])
        for group, seen in zip(ctx.groups, ctx.seen, strict=True):
            _scatter(_back(_gathered(by_head, group)[0], seen, ctx.scale), by_qkv, group)
        return by_qkv.view(len(by_qkv), -1), None, None, None, None


def _back(by_seen: Tensor, seen: _Seen, scale: float) -> Tensor:
    """Return the gradients ``[3, S, H, L, d]`` of what a group attended with, from that of what it gave (``[S, H, L,
    d]``)."""
    query, key, value = seen.parts.flatten(1, 2)
    outer = by_seen.flatten(0, 1).mul(seen.kept.scale) if seen.kept else by_seen.flatten(0, 1)
    by_value = torch.bmm(_dropped(seen.shares, seen.kept).transpose(1, 2), outer)
    by_shares = torch.bmm(outer, value.transpose(1, 2))
    if seen.kept:
        by_shares.mul_(seen.kept.mask)
    inner = by_shares.mul_(seen.shares)
    by_scores = inner.sub_(seen.shares * inner.sum(-1, keepdim=True))
    by_query = torch.bmm(by_scores, key).mul_(scale)
    by_key = torch.bmm(by_scores.transpose(1, 2), query).mul_(scale)
    return torch.stack([by_query, by_key, by_value]).view_as(seen.parts)


def _dropped(shares: Tensor, drawn: Kept | None) -> Tensor:
    """Return the ``shares`` ``[S·H, L, L]`` that were kept, not scaled."""
    return shares if drawn is None else shares * drawn.mask


def _shares(parts: Tensor, group: Group, scale: float) -> Tensor:
    """Return how much each token of a group takes from each of its sequence, ``[S·H, L, L]``."""
    query, key = parts[0].flatten(0, 1), parts[1].flatten(0, 1)
    scores = torch.bmm(query, key.transpose(1, 2)).mul_(scale)
    each = scores.view(*parts.shape[1:4], -1)
    for row, length in enumerate(group.lengths):
        if length < group.longest:
            each[row, :, :, length:] = -torch.inf
    return scores.softmax(-1)


def _gathered(states: Tensor, group: Group) -> Tensor:
    """Return the states of a group ``[P, S, H, L, d]``, zeros behind its shorter sequences, of those of all tokens
    ``[N, P, H, d]``."""
    _, n_parts, n_heads, width = states.shape
    made = states.new_empty(n_parts, len(group.lengths), n_heads, group.longest, width)
    for row, (begin, length) in enumerate(zip(group.begins, group.lengths, strict=True)):
        made[:, row, :, :length] = states[begin : begin + length].permute(1, 2, 0, 3)
        if length < group.longest:
            made[:, row, :, length:] = 0.0
    return made


def _scatter(made: Tensor, states: Tensor, group: Group) -> None:
    """Put the states of a group ``[P, S, H, L, d]`` where they belong among those of all tokens, ``[N, P, H, d]``."""
    for row, (begin, length) in enumerate(zip(group.begins, group.lengths, strict=True)):
        states[begin : begin + length] = made[:, row, :, :length].permute(2, 0, 1, 3)
