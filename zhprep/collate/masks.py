"""Masks for a batch: drawn for the epoch (dynamic), or read from the columns (static)."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from zhprep.collate.rows import Integers, Rows, numbers_within
from zhprep.core import rng


class Masked(NamedTuple):
    """The tokens of some rows with masks applied.

    ``input_ids`` is as long as the rows' tokens; ``positions`` are indices into it, ascending, where a token is to be
    predicted, and ``labels`` the original tokens there.
    """

    input_ids: npt.NDArray[Any]
    positions: Integers
    labels: npt.NDArray[Any]


class Masks(Protocol):
    """Puts masks on rows."""

    @property
    def needs(self) -> tuple[str, ...]:
        """The columns that are read."""
        ...

    def __call__(self, rows: Rows, epochs: Integers) -> Masked:
        """Return ``rows`` masked as each is in its epoch (``epochs`` int64 ``[B]``)."""
        ...


class StaticMasks:
    """Masks that make-instances put on disk; the epoch does not matter."""

    needs = ("input_ids", "masked_lm_positions", "masked_lm_ids")

    def __call__(self, rows: Rows, epochs: Integers) -> Masked:  # noqa: ARG002
        """Return the rows as they are, and where and what their masks are."""
        chosen = rows.lists["masked_lm_positions"]
        begins = np.repeat(rows.tokens.offsets[:-1], np.diff(chosen.offsets))
        return Masked(rows.tokens.values, begins + chosen.values, rows.lists["masked_lm_ids"].values)


@dataclasses.dataclass(frozen=True)
class DynamicMasks:
    """Masks drawn from ``(seed, epoch, instance_id)``."""

    seed: int
    mask_id: int
    normal_ids: npt.NDArray[np.integer]
    share: float = 0.15
    needs: ClassVar = ("input_ids", "word_ids", "instance_id")

    def __call__(self, rows: Rows, epochs: Integers) -> Masked:
        """Return the rows masked for their epochs."""
        ids, offsets = rows.tokens
        keys = np.repeat(rng.keys(self.seed, "mask", epochs, rows.plain["instance_id"]), np.diff(offsets))
        draw = rng.bits(keys, numbers_within(offsets))
        positions = np.flatnonzero(rng.chance(draw, self.share) & (rows.lists["word_ids"].values >= 0))
        kind = rng.below(rng.bits(keys[positions], 1 << 20), 10)
        other = self.normal_ids[rng.below(rng.bits(keys[positions], 1 << 21), len(self.normal_ids))]
        masked = ids.copy()
        masked[positions] = np.where(kind < 8, self.mask_id, np.where(kind < 9, other, ids[positions]))
        return Masked(masked, positions, ids[positions])


def masks_of(manifest: dict[str, Any], columns: list[str], vocabulary: Any) -> Masks:
    """Return the masks of a data set: those on disk if it has them, else drawn as its settings say."""
    if "masked_lm_positions" in columns:
        return StaticMasks()
    return DynamicMasks(0, vocabulary.mask, vocabulary.normal_ids)
