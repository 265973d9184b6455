"""Output biases that begin as the logarithms of how often tokens are in the data.

Fresh scores are all alike, and the first hundreds of steps of a short run learn little but which tokens are frequent.
That is known: it is counted in the data.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from zhprep.collate.stored import Instances
from zhprep.core import rng
from zhprep.models import Model
from zhprep.models.objectives.objective import TokenObjective
from zhprep.vocab import Vocabulary

N_ROWS = 20_000
"""Rows that are counted, drawn from those that are trained on."""


def begin_with_frequencies(
    model: Model, instances: Instances, rows: npt.NDArray[np.integer], vocabulary: Vocabulary
) -> int:
    """Put into the output biases of ``model`` how often tokens are in ``rows`` of ``instances`` (numbers, ``[N]``).

    Return how many biases there were.

    A token that is not met counts as once, a special token as nothing much. Objectives of other tokens than
    ``input_ids`` keep the biases that they have.
    """
    biases = [bias for name in model.objectives if (bias := _bias_of(model, name)) is not None]
    for bias in biases:
        bias.data.copy_(torch.from_numpy(log_shares(instances, rows, vocabulary)))
    return len(biases)


def log_shares(instances: Instances, rows: npt.NDArray[np.integer], vocabulary: Vocabulary) -> npt.NDArray[np.float32]:
    """Return the logarithm of the share of each token, float32 ``[V]``; the shares add up to one."""
    drawn = rng.bits(rng.keys(0, "frequencies"), np.arange(N_ROWS, dtype=np.uint64)) % np.uint64(len(rows))
    chosen = rows if len(rows) <= N_ROWS else rows[np.unique(drawn.astype(np.int64))]
    counts = np.bincount(instances.gather(chosen.astype(np.int64)).tokens.values, minlength=vocabulary.size)
    counts[vocabulary.is_special] = 0
    smooth = np.maximum(counts, 1)
    shares: npt.NDArray[np.float32] = np.log(smooth / smooth.sum()).astype(np.float32)
    return shares


def _bias_of(model: Model, objective: str) -> nn.Parameter | None:
    """Return the output bias ``[V]`` of ``objective`` if it tells tokens of ``input_ids`` and has one."""
    part, spec = model.parts[objective], model.body.streams[model.reads[objective]]
    return part.head.bias if isinstance(part, TokenObjective) and not spec.columns.get("input_ids") else None
