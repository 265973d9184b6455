"""What a model gets to see of rows: tokens with masks (mlm), or sources and targets (seq2seq)."""

from __future__ import annotations

import dataclasses
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from zhprep.collate.corrupted import Corruption, corruption_of
from zhprep.collate.masks import Masks, masks_of
from zhprep.collate.rows import Integers, Ragged, Rows
from zhprep.instances.made import made_with
from zhprep.instances.materials import facts_of
from zhprep.vocab import Vocabulary


class View(Protocol):
    """Makes columns of a batch out of stored ones; they go before the stored ones of the same name."""

    @property
    def needs(self) -> tuple[str, ...]:
        """The stored columns that are read."""
        ...

    def __call__(self, rows: Rows, epochs: Integers, progress: float | None = None) -> Rows:
        """Return what is made of ``rows``, each as it is in its epoch, when the share ``progress`` of the training is
        done (``epochs`` int64 ``[B]``, in runs of equal ones)."""
        ...


@dataclasses.dataclass(frozen=True)
class MaskedView:
    """Tokens with masks, and where they are: ``input_ids``, ``masked_positions``, ``masked_labels``."""

    masks: Masks

    @property
    def needs(self) -> tuple[str, ...]:
        """What the masks are drawn or read from."""
        return self.masks.needs

    def __call__(self, rows: Rows, epochs: Integers, progress: float | None = None) -> Rows:
        """Return the masked tokens and what stood there; pinyin, where the rows have it, of the masked text."""
        return self.masks(rows, epochs, progress).of(rows)


@dataclasses.dataclass(frozen=True)
class CorruptedView:
    """What an encoder reads and a decoder writes: ``input_ids`` and ``labels``."""

    corruption: Corruption

    @property
    def needs(self) -> tuple[str, ...]:
        """What sources and targets are drawn or read from."""
        return self.corruption.needs

    def __call__(self, rows: Rows, epochs: Integers, progress: float | None = None) -> Rows:  # noqa: ARG002
        """Return sources and targets: one call for each run of rows of one epoch."""
        borders = [0, *(np.flatnonzero(np.diff(epochs)) + 1), len(rows)]
        parts = [self.corruption(rows.slice(*run), int(epochs[run[0]])).rows for run in pairwise(borders)]
        return Rows({name: Ragged.joined([part.lists[name] for part in parts]) for name in parts[0].lists}, {})


def view_of(data: Path, manifest: dict[str, Any], columns: list[str], vocabulary: Vocabulary) -> View:
    """Return the view that the folder ``data`` was made for: masks, or sources and targets."""
    config = made_with(data, manifest)
    if config.corruption:
        return CorruptedView(corruption_of(columns, config, facts_of(config, vocabulary)))
    return MaskedView(masks_of(data, manifest, columns, vocabulary))
