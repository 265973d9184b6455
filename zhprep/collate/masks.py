"""Masks for a batch: drawn for the epoch (dynamic), or read from the columns (static).

Drawing is the same call that makes static masks, so epoch *k* of dynamic data has the masks of duplicate *k*.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from zhprep.collate.rows import Integers, Ragged, Rows
from zhprep.instances import Flat, InstancesConfig, TokenFacts, facts_of, instances_config, mask_batch
from zhprep.instances.masks import mask_pinyin_ids
from zhprep.pinyin.readings import Readings
from zhprep.vocab import Vocabulary


class Masked(NamedTuple):
    """The tokens of some rows with masks applied.

    ``input_ids`` is as long as the rows' tokens; ``positions`` are indices into it, ascending, where a token is to be
    predicted, and ``labels`` the original tokens there.
    """

    input_ids: npt.NDArray[Any]
    positions: Integers
    labels: npt.NDArray[Any]
    changed: Mapping[str, npt.NDArray[Any]] = MappingProxyType({})
    """Other list columns that masks change, by name: ``pinyin_ids`` must not say what a masked token sounds like."""

    def of(self, rows: Rows) -> Rows:
        """Return the columns of a batch that the masks of ``rows`` make."""
        lists = {"input_ids": Ragged(self.input_ids, rows.tokens.offsets)}
        lists |= {name: Ragged(values, rows.lists[name].offsets) for name, values in self.changed.items()}
        return Rows(lists, {"masked_positions": self.positions, "masked_labels": self.labels})


class Masks(Protocol):
    """Puts masks on rows."""

    @property
    def needs(self) -> tuple[str, ...]:
        """The columns that are read."""
        ...

    def __call__(self, rows: Rows, epochs: Integers, progress: float | None = None) -> Masked:
        """Return ``rows`` masked as each is in its epoch (``epochs`` int64 ``[B]``, in runs of equal ones), at the rate
        for the share ``progress`` of the training."""
        ...

    def rate(self, progress: float) -> float | None:
        """Return the rate at the share ``progress`` of the training, None where it does not change."""
        ...

    def clean(self, rows: Rows) -> npt.NDArray[Any]:
        """Return the tokens of ``rows`` as they were before any masks."""
        ...


class StaticMasks:
    """Masks that make-instances put on disk; the epoch does not matter."""

    needs: ClassVar = ("input_ids", "masked_lm_positions", "masked_lm_ids")

    def __call__(self, rows: Rows, epochs: Integers, progress: float | None = None) -> Masked:  # noqa: ARG002
        """Return the rows as they are, and where and what their masks are."""
        chosen = rows.lists["masked_lm_positions"]
        begins = np.repeat(rows.tokens.offsets[:-1], np.diff(chosen.offsets))
        return Masked(rows.tokens.values, begins + chosen.values, rows.lists["masked_lm_ids"].values)

    def rate(self, progress: float) -> float | None:  # noqa: ARG002
        """Return None: what is on disk does not change."""
        return None

    def clean(self, rows: Rows) -> npt.NDArray[Any]:
        """Return the tokens with the original ones put back."""
        masked = self(rows, np.zeros(len(rows), np.int64))
        tokens = masked.input_ids.copy()
        tokens[masked.positions] = masked.labels
        return tokens


@dataclasses.dataclass(frozen=True)
class DynamicMasks:
    """Masks drawn from ``(seed, epoch, instance_id)`` as ``config`` says."""

    config: InstancesConfig
    facts: TokenFacts
    needs: ClassVar = ("input_ids", "word_ids", "instance_id")

    @classmethod
    def of(cls, config: InstancesConfig, vocabulary: Vocabulary, *, sounds: bool = False) -> DynamicMasks:
        """Return the masks of ``config`` for the tokens of ``vocabulary``; with ``sounds`` the rows have pinyin."""
        return cls(config, facts_of(config, vocabulary, Readings.of(vocabulary.tokens) if sounds else None))

    def __call__(self, rows: Rows, epochs: Integers, progress: float | None = None) -> Masked:
        """Return the rows masked for their epochs: one call for each run of rows of one epoch."""
        config = self.config.at(progress)
        borders = [0, *(np.flatnonzero(np.diff(epochs)) + 1), len(rows)]
        parts = [self._of_epoch(rows, *run, int(epochs[run[0]]), config) for run in pairwise(borders)]
        if len(parts) == 1:
            return parts[0]
        input_ids, positions, labels = (np.concatenate([part[i] for part in parts]) for i in range(3))
        changed = {name: np.concatenate([part.changed[name] for part in parts]) for name in parts[0].changed}
        return Masked(input_ids, positions, labels, changed)

    def rate(self, progress: float) -> float | None:
        """Return the rate at the share ``progress`` of the training if there is a schedule."""
        return self.config.at(progress).mask_prob if self.config.mask_prob_schedule else None

    def clean(self, rows: Rows) -> npt.NDArray[Any]:
        """Return the tokens, which have no masks yet."""
        return rows.tokens.values

    def _of_epoch(self, rows: Rows, first: int, last: int, epoch: int, config: InstancesConfig) -> Masked:
        offsets = rows.tokens.offsets[first : last + 1]
        tokens = slice(offsets[0], offsets[-1])
        flat = Flat(
            input_ids=rows.tokens.values[tokens],
            word_ids=rows.lists["word_ids"].values[tokens],
            offsets=offsets - offsets[0],
            instance_ids=rows.plain["instance_id"][first:last],
        )
        masked = mask_batch(flat, config, self.facts, epoch)
        changed = {}
        if "pinyin_ids" in rows.lists:
            sounds = rows.lists["pinyin_ids"].values[tokens]
            changed["pinyin_ids"] = mask_pinyin_ids(sounds, flat, masked, self.config, self.facts, epoch)
        return Masked(masked.input_ids, masked.positions + offsets[0], masked.labels, changed)


def masks_of(data: Path, manifest: dict[str, Any], columns: list[str], vocabulary: Vocabulary) -> Masks:
    """Return the masks of the folder ``data``: those on disk if it has them, else drawn as its manifest says."""
    if "masked_lm_positions" in columns:
        return StaticMasks()
    return DynamicMasks.of(instances_config(data, manifest), vocabulary, sounds="pinyin_ids" in columns)
