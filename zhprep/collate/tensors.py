"""From flat arrays to the padded tensors that a model takes."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor

from zhprep.collate.masks import Masked
from zhprep.collate.rows import Rows
from zhprep.core.ragged import counts_within

IGNORED = -100


def to_tensors(
    rows: Rows, masked: Masked, columns: Iterable[str], *, pad_id: int, length: int = 0, slots: int = 1
) -> dict[str, Tensor]:
    """Return the batch of ``rows``: the ``columns`` as int64, list columns padded to one length.

    Besides those: ``attention_mask`` (bool, absent when nothing is padded), ``masked_positions`` (indices into the
    flattened ``[B*L]``) and ``masked_labels``. Rows are padded to the longest, or to ``length`` if that is more, and
    the number of masked positions to a multiple of ``slots`` (unused ones point at 0 and have the label -100).
    """
    offsets, lengths = rows.tokens.offsets, rows.lengths
    length = max(length, int(lengths.max(initial=1)))
    full = offsets[-1] == len(rows) * length
    real = np.arange(length, dtype=np.int32) < lengths.astype(np.int32)[:, None]

    def padded(values: np.ndarray, fill: int) -> Tensor:
        values = values.astype(np.int64)
        if full:
            return torch.from_numpy(values.reshape(real.shape))
        array = np.full(real.shape, fill, np.int64)
        array[real] = values
        return torch.from_numpy(array)

    batch = {"input_ids": padded(masked.input_ids, pad_id)}
    for name in columns:
        if name in rows.lists and name not in batch:
            batch[name] = padded(masked.changed.get(name, rows.lists[name].values), 0)
        elif name in rows.plain:
            batch[name] = torch.from_numpy(rows.plain[name].astype(np.int64))
    if not full:
        batch["attention_mask"] = torch.from_numpy(real)
    spare = -len(masked.positions) % slots
    padding = np.arange(len(rows)) * length - offsets[:-1]  # before each row
    positions = masked.positions + padding.repeat(counts_within(masked.positions, offsets))
    positions = np.concatenate([positions, np.zeros(spare, np.int64)])
    labels = np.concatenate([masked.labels.astype(np.int64), np.full(spare, IGNORED, np.int64)])
    return batch | {"masked_positions": torch.from_numpy(positions), "masked_labels": torch.from_numpy(labels)}
