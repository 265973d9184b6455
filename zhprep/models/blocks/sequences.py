"""Where the sequences of a batch lie, so that padding costs nothing: what is not attention is computed on real tokens
only, and attention on groups of sequences of about one length.

Shapes: B rows padded to L, N real tokens, S sequences, H heads, d width of a head.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

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
