"""The model on instances it was not trained on, always under the same masks."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from zhprep.collate.rows import Integers
from zhprep.engine.feed import BatchMaker
from zhprep.models import Model

EPOCH = 2**31 - 1
"""The epoch whose masks held-out instances always have; no run trains that long."""

ROWS, PLACES = 64, 16 * 512
"""How many held-out rows are looked at together at most, and how many places they may have: one process looks at all,
and holds what is told of each masked one over the whole vocabulary."""


@dataclasses.dataclass(frozen=True)
class Predictions:
    """What a model made of some labels: the labels, the loss of each in nats, and the class it would have said."""

    labels: Integers
    losses: npt.NDArray[np.float64]
    guesses: Integers

    @property
    def figures(self) -> dict[str, float]:
        """Mean loss in nats, accuracy, and the number of labels."""
        n = max(len(self.labels), 1)
        correct = int((self.labels == self.guesses).sum())
        return {"loss": float(self.losses.sum()) / n, "accuracy": correct / n, "count": len(self.labels)}


def in_order(batches: BatchMaker, rows: Integers, model: Model) -> Iterator[dict[str, Tensor]]:
    """Yield ``rows`` in the order given, in batches of whole groups for ``model``, with the masks of the reserved
    epoch. A step of the training may be many times as large: it is shared by processes and cut into parts."""
    size = min(ROWS, max(PLACES // model.config.max_position_embeddings, 1))
    size = max(size // model.group, 1) * model.group
    for begin in range(0, len(rows), size):
        part = rows[begin : begin + size]
        yield batches.make(part, np.full(len(part), EPOCH, np.int64))


@torch.inference_mode()
def predict(model: Model, batches: Iterable[dict[str, Tensor]], device: torch.device) -> dict[str, Predictions]:
    """Return what each objective of ``model`` predicts in ``batches``; the model is left in the mode it was in."""
    was_training = model.training
    model.eval()
    seen: dict[str, list[tuple[Tensor, ...]]] = {name: [] for name in model.objectives}
    for batch in batches:
        moved = {name: tensor.to(device) for name, tensor in batch.items()}
        for name, made in model.predictions(moved).items():
            found = made.labels, made.losses, made.guesses
            seen[name].append(tuple(tensor[made.real].cpu() for tensor in found))
    model.train(was_training)
    return {name: _joined(parts) for name, parts in seen.items()}


def _joined(parts: list[tuple[Tensor, ...]]) -> Predictions:
    """Join the labels, losses and guesses of batches, each ``[N]``."""
    labels, losses, guesses = (torch.cat(tensors).numpy() for tensors in zip(*parts, strict=True))
    return Predictions(labels, losses.astype(np.float64), guesses)
