"""What a model gets to see of rows: tokens with masks (mlm), or sources and targets (seq2seq)."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from zhprep.collate.columns import IGNORED
from zhprep.collate.corrupted import Corruption, corruption_of
from zhprep.collate.masks import COARSE, Masks, masks_of
from zhprep.collate.rows import Integers, Ragged, Rows
from zhprep.core.errors import UsageError
from zhprep.core.ragged import sizes_of
from zhprep.instances import InstancesConfig, facts_of, instances_config
from zhprep.instances.corruptions import CONTINUED
from zhprep.vocab import Vocabulary


class View(Protocol):
    """Makes columns of a batch out of stored ones; they go before the stored ones of the same name."""

    @property
    def needs(self) -> tuple[str, ...]:
        """The stored columns that are read."""
        ...

    @property
    def gives(self) -> tuple[str, ...]:
        """The columns that are made."""
        ...

    def rate(self, progress: float) -> float | None:
        """Return how much is masked at the share ``progress`` of the training, None where it does not change."""
        ...

    def clean(self, rows: Rows) -> npt.NDArray[Any]:
        """Return the tokens of ``rows`` as they were, end to end."""
        ...

    def __call__(self, rows: Rows, epochs: Integers, progress: float | None = None) -> Rows:
        """Return what is made of ``rows``, each as it is in its epoch, when the share ``progress`` of the training is
        done (``epochs`` int64 ``[B]``, in runs of equal ones)."""
        ...


@dataclasses.dataclass(frozen=True)
class MaskedView:
    """Tokens with masks, and where they are: ``input_ids``, ``masked_positions``, ``masked_labels``.

    What was shuffled has ``masked_places`` instead of labels: where in the row the token is that belongs there.
    """

    masks: Masks
    labels: str = "masked_labels"

    @property
    def needs(self) -> tuple[str, ...]:
        """What the masks are drawn or read from."""
        return self.masks.needs

    @property
    def gives(self) -> tuple[str, ...]:
        """Masked tokens, their positions and what is to be predicted there, of both granularities if there are two."""
        fine = ("input_ids", "masked_positions", self.labels)
        return (*fine, *COARSE) if COARSE[0] in self.masks.needs else fine

    def rate(self, progress: float) -> float | None:
        """Return the rate of the masks if there is a schedule."""
        return self.masks.rate(progress)

    def clean(self, rows: Rows) -> npt.NDArray[Any]:
        """Return the tokens before any masks."""
        return self.masks.clean(rows)

    def __call__(self, rows: Rows, epochs: Integers, progress: float | None = None) -> Rows:
        """Return the masked tokens and what stood there; pinyin, where the rows have it, of the masked text."""
        made = self.masks(rows, epochs, progress).of(rows)
        names = {name: self.labels if name == "masked_labels" else name for name in made.plain}
        return Rows(made.lists, {names[name]: values for name, values in made.plain.items()})


@dataclasses.dataclass(frozen=True)
class CorruptedView:
    """What an encoder reads and a decoder writes: ``input_ids`` and ``labels``."""

    corruption: Corruption

    @property
    def needs(self) -> tuple[str, ...]:
        """What sources and targets are drawn or read from."""
        return self.corruption.needs

    @property
    def gives(self) -> tuple[str, ...]:
        """Sources and targets."""
        return ("input_ids", "labels")

    def rate(self, progress: float) -> float | None:  # noqa: ARG002
        """Return None: nothing follows a schedule."""
        return None

    def clean(self, rows: Rows) -> npt.NDArray[Any]:
        """Return the tokens that are stored: the text where it is corrupted for each epoch, else the sources."""
        return rows.tokens.values

    def __call__(self, rows: Rows, epochs: Integers, progress: float | None = None) -> Rows:  # noqa: ARG002
        """Return sources and targets: one call for each run of rows of one epoch."""
        borders = [0, *(np.flatnonzero(np.diff(epochs)) + 1), len(rows)]
        parts = [self.corruption(rows.slice(*run), int(epochs[run[0]])).rows for run in pairwise(borders)]
        return Rows({name: Ragged.joined([part.lists[name] for part in parts]) for name in parts[0].lists}, {})


@dataclasses.dataclass(frozen=True)
class ContinuedView(CorruptedView):
    """Text that is read and gone on with: ``input_ids``, and ``next_tokens``, what comes after each (-100 after the
    last, and within what is given)."""

    @property
    def gives(self) -> tuple[str, ...]:
        """Tokens, and what comes after each."""
        return ("input_ids", "next_tokens")

    def __call__(self, rows: Rows, epochs: Integers, progress: float | None = None) -> Rows:
        """Return the tokens and those that follow them."""
        lists = super().__call__(rows, epochs, progress).lists
        values, offsets = lists["labels"]
        coming = np.append(values[1:], IGNORED).astype(np.int64)
        coming[offsets[1:][sizes_of(offsets) > 0] - 1] = IGNORED
        return Rows({"input_ids": lists["input_ids"], "next_tokens": Ragged(coming, offsets)}, {})


def view_of(data: Path, manifest: dict[str, Any], columns: list[str], vocabulary: Vocabulary) -> View:
    """Return the view that the folder ``data`` was made for: masks, or sources and targets."""
    config = instances_config(data, manifest)
    if config.corruption:
        kind = ContinuedView if goes_on(config) else CorruptedView
        return kind(corruption_of(columns, config, facts_of(config, vocabulary)))
    return MaskedView(masks_of(data, manifest, columns, vocabulary), label_column(config))


def goes_on(config: InstancesConfig) -> bool:
    """Return whether instances of ``config`` are text to go on with: a model that reads all of it would only copy."""
    return bool(config.corruption) and set(config.corruption) <= set(CONTINUED)


def label_column(config: InstancesConfig) -> str:
    """Return the column that says what is to be predicted in instances made with ``config``: targets that are to be
    written, what comes next, places of what was shuffled, or masked tokens."""
    if config.corruption:
        return "next_tokens" if goes_on(config) else "labels"
    return "masked_places" if config.replacing == "shuffle" else "masked_labels"


def check_labels(
    learns: Mapping[str, Collection[str]], gives: Collection[str], config: InstancesConfig, where: str
) -> None:
    """Raise ``UsageError`` when an objective learns a column that instances made with ``config`` do not give.

    ``learns`` has the columns of each objective by its name; ``where`` says which data or recipe it is.
    """
    for objective, columns in learns.items():
        if missing := [column for column in columns if column not in gives]:
            raise UsageError(
                f"{where}: {_about(config)}; the objective {objective!r} learns {missing[0]}",
                hint=f"name an objective that learns {label_column(config)} (zhprep parts), or make other instances; "
                "zhprep.collate.MaskingCollator makes batches for models of transformers",
            )


def _about(config: InstancesConfig) -> str:
    if goes_on(config):
        return f"is for models that go on with what they read (corruption {','.join(config.corruption)})"
    if config.corruption:
        return f"is for models that write (corruption {','.join(config.corruption)})"
    if config.replacing == "shuffle":
        return "what is to be predicted are places (replacement shuffle)"
    return "what is to be predicted are masked tokens"
