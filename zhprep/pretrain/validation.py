"""The model on instances it was not trained on: masked-token loss and accuracy, always under the same masks."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from zhprep.collate.rows import Integers
from zhprep.models import Model
from zhprep.models.objectives.mlm import masked_logits
from zhprep.pretrain.batches import Batches

EPOCH = 2**31 - 1
"""The epoch whose masks held-out instances always have; no run trains that long."""


@dataclasses.dataclass(frozen=True)
class Predictions:
    """What the model made of the masked tokens: labels, their losses in nats, whether they were the first choice."""

    labels: Integers
    losses: npt.NDArray[np.float64]
    correct: npt.NDArray[np.bool_]

    @property
    def figures(self) -> dict[str, float]:
        """Mean loss in nats, and accuracy."""
        n = max(len(self.labels), 1)
        figures = {"loss": float(self.losses.sum()) / n, "accuracy": float(self.correct.sum()) / n}
        return {**figures, "masked_tokens": len(self.labels)}


def held_out_batches(batches: Batches, rows: Integers, batch_size: int) -> Iterator[dict[str, Tensor]]:
    """Yield the held-out ``rows`` in order, in batches, with the masks of the reserved epoch."""
    for begin in range(0, len(rows), batch_size):
        part = rows[begin : begin + batch_size]
        yield batches.make(part, np.full(len(part), EPOCH, np.int64))


@torch.inference_mode()
def predict(model: Model, batches: Iterator[dict[str, Tensor]], device: torch.device) -> Predictions:
    """Return what ``model`` makes of the masked tokens of ``batches``; it is left in the mode it was in."""
    was_training = model.training
    model.eval()
    labels, losses, correct = [], [], []
    for batch in batches:
        batch = {name: tensor.to(device) for name, tensor in batch.items()}
        logits = masked_logits(model.heads["mlm"], model.encode(batch), batch).float()
        real = batch["masked_labels"] >= 0
        wanted = batch["masked_labels"][real]
        losses.append(F.cross_entropy(logits[real], wanted, reduction="none").double().cpu().numpy())
        correct.append((logits[real].argmax(-1) == wanted).cpu().numpy())
        labels.append(wanted.cpu().numpy())
    model.train(was_training)
    return Predictions(np.concatenate(labels), np.concatenate(losses), np.concatenate(correct))
