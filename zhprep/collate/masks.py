"""Masks for a batch: drawn for the epoch (dynamic), or read from the columns (static).

Drawing is the same call that makes static masks, so epoch *k* of dynamic data has the masks of duplicate *k*.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from zhprep.collate.rows import Integers, Ragged, Rows
from zhprep.instances import (
    COARSE_VOCABULARY,
    CoarseFlat,
    Flat,
    InstancesConfig,
    TokenFacts,
    facts_of,
    instances_config,
    mask_batch,
)
from zhprep.instances.masks import mask_pinyin_ids
from zhprep.pinyin.readings import Readings
from zhprep.vocab import Vocabulary, load


class MaskedInput(NamedTuple):
    """The tokens of some rows with masks applied.

    ``input_ids`` is as long as the rows' tokens; ``positions`` are indices into it, ascending, where a token is to be
    predicted, and ``labels`` the original tokens there.
    """

    input_ids: npt.NDArray[Any]
    positions: Integers
    labels: npt.NDArray[Any]
    changed: Mapping[str, npt.NDArray[Any]] = MappingProxyType({})
    """Other list columns that masks change, by name: ``pinyin_ids`` must not say what a masked token sounds like."""
    coarse: MaskedInput | None = None
    """The same of the coarse tokens of the rows, if they have any."""

    def of(self, rows: Rows) -> Rows:
        """Return the columns of a batch that the masks of ``rows`` make."""
        lists = {"input_ids": Ragged(self.input_ids, rows.tokens.offsets)}
        lists |= {name: Ragged(values, rows.lists[name].offsets) for name, values in self.changed.items()}
        plain = {"masked_positions": self.positions, "masked_labels": self.labels}
        if self.coarse is not None:
            lists[COARSE[0]] = Ragged(self.coarse.input_ids, rows.lists[COARSE[0]].offsets)
            plain |= {COARSE[1]: self.coarse.positions, COARSE[2]: self.coarse.labels}
        return Rows(lists, plain)

    @classmethod
    def joined(cls, parts: Sequence[MaskedInput]) -> MaskedInput:
        """Return the masks of several runs of rows as those of all, positions being in all their tokens already."""
        if len(parts) == 1:
            return parts[0]
        input_ids, positions, labels = (np.concatenate([part[i] for part in parts]) for i in range(3))
        changed = {name: np.concatenate([part.changed[name] for part in parts]) for name in parts[0].changed}
        coarse = [part.coarse for part in parts if part.coarse is not None]
        return cls(input_ids, positions, labels, changed, cls.joined(coarse) if coarse else None)


COARSE = ("coarse_input_ids", "coarse_masked_positions", "coarse_masked_labels")
"""What the masks of coarse tokens are called in a batch."""


class Masks(Protocol):
    """Puts masks on rows."""

    @property
    def needs(self) -> tuple[str, ...]:
        """The columns that are read."""
        ...

    def __call__(self, rows: Rows, epochs: Integers, progress: float | None = None) -> MaskedInput:
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

    needs: tuple[str, ...] = ("input_ids", "masked_lm_positions", "masked_lm_ids")

    def __init__(self, columns: Collection[str] = (), *, places: bool = False) -> None:
        """``columns`` are those that the rows have; with ``places`` the labels say where in the row a token went."""
        self._places = places
        if COARSE[0] in columns:
            self.needs = (*self.needs, COARSE[0], "coarse_masked_lm_positions", "coarse_masked_lm_ids")

    def __call__(self, rows: Rows, epochs: Integers, progress: float | None = None) -> MaskedInput:  # noqa: ARG002
        """Return the rows as they are, and where and what their masks are."""
        fine, *coarse = (self._masks(rows, of) for of in ("", "coarse_")[: 1 + (COARSE[0] in self.needs)])
        return fine._replace(coarse=coarse[0]) if coarse else fine

    def _masks(self, rows: Rows, of: str) -> MaskedInput:
        positions = self._begins(rows, of) + rows.lists[f"{of}masked_lm_positions"].values
        return MaskedInput(rows.lists[f"{of}input_ids"].values, positions, rows.lists[f"{of}masked_lm_ids"].values)

    def _begins(self, rows: Rows, of: str) -> Integers:
        """Return where the row of each masked token begins, int64 ``[M]``."""
        tokens, chosen = rows.lists[f"{of}input_ids"], rows.lists[f"{of}masked_lm_positions"]
        return np.repeat(tokens.offsets[:-1], np.diff(chosen.offsets))

    def rate(self, progress: float) -> float | None:  # noqa: ARG002
        """Return None: what is on disk does not change."""
        return None

    def clean(self, rows: Rows) -> npt.NDArray[Any]:
        """Return the tokens with the original ones put back."""
        masked = self(rows, np.zeros(len(rows), np.int64))
        tokens = masked.input_ids.copy()
        here = masked.input_ids[self._begins(rows, "") + masked.labels] if self._places else masked.labels
        tokens[masked.positions] = here
        return tokens


@dataclasses.dataclass(frozen=True)
class DynamicMasks:
    """Masks drawn from ``(seed, epoch, instance_id)`` as ``config`` says."""

    config: InstancesConfig
    facts: TokenFacts

    @property
    def needs(self) -> tuple[str, ...]:
        """The columns that are read, those of coarse tokens too where there are any."""
        fine = ("input_ids", "word_ids", "instance_id")
        return fine if self.facts.coarse is None else (*fine, COARSE[0], "coarse_of")

    @classmethod
    def of(cls, config: InstancesConfig, vocabulary: Vocabulary, *, sounds: bool = False) -> DynamicMasks:
        """Return the masks of ``config`` for the tokens of ``vocabulary``; with ``sounds`` the rows have pinyin."""
        return cls(config, facts_of(config, vocabulary, Readings.of(vocabulary.tokens) if sounds else None))

    def __call__(self, rows: Rows, epochs: Integers, progress: float | None = None) -> MaskedInput:
        """Return the rows masked for their epochs: one call for each run of rows of one epoch."""
        config = self.config.at(progress)
        borders = [0, *(np.flatnonzero(np.diff(epochs)) + 1), len(rows)]
        parts = [self._of_epoch(rows, *run, int(epochs[run[0]]), config) for run in pairwise(borders)]
        return MaskedInput.joined(parts)

    def rate(self, progress: float) -> float | None:
        """Return the rate at the share ``progress`` of the training if there is a schedule."""
        return self.config.at(progress).mask_prob if self.config.mask_prob_schedule else None

    def clean(self, rows: Rows) -> npt.NDArray[Any]:
        """Return the tokens, which have no masks yet."""
        return rows.tokens.values

    def _of_epoch(self, rows: Rows, first: int, last: int, epoch: int, config: InstancesConfig) -> MaskedInput:
        offsets = rows.tokens.offsets[first : last + 1]
        tokens = slice(offsets[0], offsets[-1])
        flat = Flat(
            input_ids=rows.tokens.values[tokens],
            word_ids=rows.lists["word_ids"].values[tokens],
            offsets=offsets - offsets[0],
            instance_ids=rows.plain["instance_id"][first:last],
            coarse=self._coarse(rows, first, last),
        )
        masked = mask_batch(flat, config, self.facts, epoch)
        changed = {}
        if "pinyin_ids" in rows.lists:
            sounds = rows.lists["pinyin_ids"].values[tokens]
            changed["pinyin_ids"] = mask_pinyin_ids(sounds, flat, masked, self.config, self.facts, epoch)
        coarse = None
        if masked.coarse is not None:
            begin = rows.lists[COARSE[0]].offsets[first]
            coarse = MaskedInput(masked.coarse.input_ids, masked.coarse.positions + begin, masked.coarse.labels)
        return MaskedInput(masked.input_ids, masked.positions + offsets[0], masked.labels, changed, coarse)

    def _coarse(self, rows: Rows, first: int, last: int) -> CoarseFlat | None:
        """Return the coarse tokens of the rows ``first`` to ``last - 1``, if there are any."""
        if self.facts.coarse is None:
            return None
        tokens = rows.lists[COARSE[0]]
        whole = CoarseFlat(tokens.values, rows.lists["coarse_of"].values, tokens.offsets)
        return whole.cut(first, last, slice(*rows.tokens.offsets[[first, last]]))


def coarse_pad(data: Path) -> int:
    """Return the id that pads the coarse tokens of the folder ``data``; 0 where there are none."""
    return load(data / COARSE_VOCABULARY).pad if (data / COARSE_VOCABULARY).is_dir() else 0


def masks_of(data: Path, manifest: dict[str, Any], columns: list[str], vocabulary: Vocabulary) -> Masks:
    """Return the masks of the folder ``data``: those on disk if it has them, else drawn as its manifest says."""
    config = instances_config(data, manifest)
    if "masked_lm_positions" in columns:
        return StaticMasks(columns, places=config.replacing == "shuffle")
    return DynamicMasks.of(config, vocabulary, sounds="pinyin_ids" in columns)
