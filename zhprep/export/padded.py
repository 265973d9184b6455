"""Instances as rectangles, under the names that Google's and NVIDIA's readers know.

In: masked rows. Out: one matrix per feature, padded with zeros to ``max_length`` and ``max_predictions``
(google-research/bert, ``create_pretraining_data.py``). A pair's label is ``next_sentence_label``, else
``sentence_order_label`` (as ALBERT does), else 0, because their readers want one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zhprep.core.errors import DataError
from zhprep.core.ragged import Array, Ints
from zhprep.export.source import Data, plain, ragged


@dataclasses.dataclass(frozen=True)
class Sizes:
    """The widths of the features, the same for all rows of a data set."""

    max_length: int
    max_predictions: int


def sizes_of(data: Data) -> Sizes:
    """Return the widths of ``data``: those of its settings; without ``max_predictions``, the most masks of any row.

    The masks are then counted in a pass of their own.
    """
    data.check_plain("this format")
    most = data.config.max_predictions
    if most is None:
        counts = (np.diff(data.masks(batch).masked).max() for _, batches in data.shards() for batch in batches)
        most = max((int(count) for count in counts), default=1)
    return Sizes(data.config.max_length, max(most, 1))


def features(data: Data, batch: pa.RecordBatch, sizes: Sizes) -> dict[str, Array]:
    """Return the features of some rows, each a matrix ``[B, width]``; ``masked_lm_weights`` is float32, others int64.

    Raises ``DataError`` for a row that does not fit.
    """
    rows = data.masks(batch)
    lengths, counts = rows.lengths, np.diff(rows.masked)
    _check(data, lengths, sizes.max_length, "tokens")
    _check(data, counts, sizes.max_predictions, "masked tokens")
    mask = np.arange(sizes.max_length) < lengths[:, None]
    weights = np.arange(sizes.max_predictions) < counts[:, None]
    paired = "token_type_ids" in data.columns
    segments = ragged(batch, "token_type_ids")[0] if paired else np.zeros(len(rows.input_ids), np.uint8)
    label = plain(batch, data.label) if data.label else np.zeros(len(batch), np.uint8)
    return {
        "input_ids": _filled(mask, rows.input_ids, data.vocabulary.pad),
        "input_mask": mask.astype(np.int64),
        "segment_ids": _filled(mask, segments),
        "masked_lm_positions": _filled(weights, rows.positions),
        "masked_lm_ids": _filled(weights, rows.labels),
        "masked_lm_weights": weights.astype(np.float32),
        "next_sentence_labels": label.astype(np.int64)[:, None],
    }


def padded_shards(data: Data, sizes: Sizes) -> Iterator[tuple[str, Iterator[dict[str, Array]]]]:
    """Yield the name of each shard and its features, some rows at a time."""
    for name, batches in data.shards():
        yield name, (features(data, batch, sizes) for batch in batches)


def facts(data: Data, sizes: Sizes) -> dict[str, object]:
    """Return what a reader of padded data must know: the widths, and where the masks are from."""
    masks = "as on disk" if data.static else "epoch 0 of clean instances"
    return {**dataclasses.asdict(sizes), "masks": masks}


def kept(data: Data) -> list[str | None]:
    """Return the columns that the features hold."""
    return ["input_ids", "token_type_ids", "masked_lm_positions", "masked_lm_ids", data.label]


def _filled(where: npt.NDArray[np.bool_], values: Array, padding: int = 0) -> Ints:
    """Return ``int64[B, L]`` with ``values`` where ``where`` (``bool[B, L]``) is True, in order, and ``padding``
    elsewhere."""
    matrix = np.full(where.shape, padding, np.int64)
    matrix[where] = values
    return matrix


def _check(data: Data, found: Ints, most: int, what: str) -> None:
    """Raise ``DataError`` when one of the numbers ``found`` (``int64[B]``) is more than the manifest allows."""
    if len(found) and found.max() > most:
        raise DataError(
            f"{data.path}: an instance has {found.max()} {what}, more than the {most} of its manifest",
            hint="the data are not those of their manifest; make them again",
        )
