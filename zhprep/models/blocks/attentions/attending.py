"""What the positions of a batch may see of one another, and what computes attention under that.

Shapes: B rows, L positions, S sequences, H heads, d width of a head.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor

from zhprep.models.config import ModelConfig


@dataclasses.dataclass(frozen=True)
class Seen:
    """What may be seen in rows of ``shape`` (B, L).

    ``real`` is bool ``[B, L]``, False at padding (None: nothing is padded); ``borders`` int64 ``[S+1]`` say where the
    sequences of packed rows begin and end, in the flattened ``B*L`` (None: a row is a sequence). With ``causal``
    nothing sees what comes after it.
    """

    shape: tuple[int, int]
    device: torch.device
    real: Tensor | None
    borders: Tensor | None
    causal: bool

    @classmethod
    def of(cls, batch: Mapping[str, Tensor], *, causal: bool = False) -> Seen:
        """Return what may be seen in ``batch`` (its columns are those of :data:`zhprep.models.blocks.part.Batch`)."""
        ids = batch["input_ids"]
        n_rows, length = ids.shape
        return cls((n_rows, length), ids.device, batch.get("attention_mask"), batch.get("cu_seqlens"), causal)

    def is_square(self, window: int) -> bool:
        """Return whether a mask of what is seen through ``window`` (0: all) has a number for each pair of places."""
        return self.borders is not None or self.causal or window > 0

    def numbers(self) -> Tensor:
        """Return which sequence each place is in, int64 ``[B, L]``; where rows are not packed, padding is another."""
        if self.borders is not None:
            return sequence_numbers(self.shape, self.borders)
        if self.real is not None:
            return (~self.real).long()
        return torch.zeros(self.shape, dtype=torch.int64, device=self.device)

    def lengths(self) -> Tensor:
        """Return how many real tokens each sequence has, int64 ``[S]``, or ``[B]`` where rows are not packed."""
        real = torch.ones(self.shape, dtype=torch.int64, device=self.device) if self.real is None else self.real.long()
        if self.borders is None:
            return real.sum(1)
        found = torch.zeros(len(self.borders) - 1, dtype=torch.int64, device=self.device)
        return found.index_add(0, self.numbers().flatten() - 1, real.flatten())

    def mask(self, window: int) -> Tensor | None:
        """Return what is seen through ``window``: bool, broadcasting to ``[B, H, L, L]``, or None for everything."""
        seen = None if self.real is None else self.real[:, None, None, :]
        if self.borders is not None:
            numbers = self.numbers()
            seen = _and(seen, (numbers[:, :, None] == numbers[:, None, :])[:, None])
        behind = distances(self.shape[1], self.device) if self.causal or window else None
        if behind is not None and self.causal:
            seen = _and(seen, behind >= 0)
        if behind is not None and window:
            seen = _and(seen, behind.abs() <= window // 2)
        return seen


def _and(one: Tensor | None, other: Tensor) -> Tensor:
    """Return where both masks (bool, ``[B, 1, L, L]`` or what broadcasts to it) are True."""
    return other if one is None else one & other


def distances(length: int, device: torch.device) -> Tensor:
    """Return how far each position is behind each other one, int64 ``[L, L]``."""
    place = torch.arange(length, device=device)
    return place[:, None] - place


def sequence_numbers(shape: tuple[int, int], borders: Tensor) -> Tensor:
    """Return for each position of packed rows of ``shape`` which sequence it is in, int64 ``[B, L]``."""
    place = torch.arange(shape[0] * shape[1], device=borders.device)
    return torch.bucketize(place, borders, right=True).view(shape)


class AttentionCall(NamedTuple):
    """What a layer asks for: the width of its window (0 sees all), the factor on scores (1/√d if None), and the share
    of the weights of attention that is dropped."""

    window: int = 0
    scale: float | None = None
    dropout: float = 0.0


class Setting(NamedTuple):
    """Where attention is computed, whether there will be a backward pass, and whether the model is compiled."""

    device: torch.device
    training: bool = True
    compiled: bool = False


class Attending:
    """One way to compute the attention of a batch to itself; made once for a batch and asked by every layer.

    ``on_real_tokens`` says that layers may be computed on real tokens alone where the device gains by it.
    """

    on_real_tokens: ClassVar[bool] = False

    def __init__(self, seen: Seen) -> None:
        self.seen = seen

    @classmethod
    def lacks(cls, config: ModelConfig, setting: Setting) -> str:  # noqa: ARG003  # for the kinds
        """Return what this way has not that a model of ``config`` needs in this ``setting``; empty if it has all."""
        return ""

    def attend(self, query: Tensor, key: Tensor, value: Tensor, asked: AttentionCall) -> Tensor:
        """Return what each position takes from the values, ``[B, H, L, d]`` as all three are."""
        raise NotImplementedError
