"""What an objective is: what reads a stream and predicts."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from torch import Tensor

from zhprep.models.blocks.heads import ClassificationHead, MaskedTokenHead
from zhprep.models.blocks.output import Asked
from zhprep.models.blocks.part import Batch, Part, TableRows
from zhprep.models.config import ModelConfig
from zhprep.models.prediction import IGNORED, Prediction
from zhprep.models.stream import HiddenStream


class Objective(Part):
    """What a model is trained on: reads one stream, may have weights of its own (a head), and predicts.

    It is made from the config of its stream, which may be narrower or have another vocabulary than the model's.
    ``labels`` are the columns, made with the batch, that say what is to be predicted; ``needs`` those of the data
    without which there is nothing to predict. Both are checked before the first step, and so is that an objective of
    the kind ``behind`` stands before it, where it reads what that one found.
    """

    labels: ClassVar[tuple[str, ...]] = ()
    text: ClassVar[str] = ""
    """What of the text the labels are tokens of: ``masked`` places or all that is ``written``; none of it if empty."""
    causal: ClassVar[bool] = False
    """It may read only streams whose places do not see what comes after them."""
    behind: ClassVar[str] = ""

    @property
    def group(self) -> int:
        """How many rows that follow one another are predicted together, and so must lie in one part of a step."""
        return 1

    def count(self, batch: Batch) -> int:
        """Return how many things there are to predict in ``batch``, before anything is computed.

        It is what :attr:`Prediction.count` will be: the loss of a step is a mean over all its parts and processes, and
        the divisor is needed before the first gradient. Here it is the number of labels, in their first column.
        """
        return int((batch[self.labels[0]] != IGNORED).sum())

    def reads_at(self, batch: Batch, rows: Tensor) -> Tensor | None:  # noqa: ARG002
        """Return the places of its stream whose states it reads (int64 ``[W]`` in the flattened ``B*L``), None for all.

        ``batch`` is that of the stream, ``rows`` (int64 ``[B]``) are the places of the states that stand for rows.
        """
        return None

    def forward(self, stream: HiddenStream) -> Prediction:
        """Return what is predicted in ``stream.batch``."""
        raise NotImplementedError

    def multiply_adds(self, masked_share: float) -> float:  # noqa: ARG002
        """Return the products that the head makes per token of a batch, of whose tokens ``masked_share`` are masked."""
        return 0.0


class RowClass(Objective):
    """Tell from the state of a row which of ``n_classes`` its column, the only one of ``needs``, says."""

    def __init__(self, config: ModelConfig, n_classes: int = 2, dropout: float = 0.0) -> None:
        super().__init__(config)
        self.head = ClassificationHead(config, n_classes, dropout)

    def count(self, batch: Batch) -> int:
        """Return the number of rows that have a class."""
        return int((batch[self.needs[0]] != IGNORED).sum())

    def reads_at(self, batch: Batch, rows: Tensor) -> Tensor:  # noqa: ARG002
        """Return those of rows."""
        return rows

    def forward(self, stream: HiddenStream) -> Prediction:
        """Return logits ``[B, n_classes]``."""
        return Prediction.of_classes(self.head(stream.row_states), stream.batch.get(self.needs[0]))


class TokenObjective(Objective):
    """Tell tokens by the masked-token head, whose scores may be of all tokens or of some (``output``)."""

    needs: tuple[str, ...] = ("input_ids",)
    rows: Mapping[str, TableRows] = MappingProxyType({"head.bias": TableRows("token")})

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.head = MaskedTokenHead(config)
        self.needs = (*type(self).needs, *self.head.output.needs)


def masked_places(batch: Batch) -> Tensor:
    """Return where masked tokens are (int64 ``[M]`` in the flattened ``B*L``), those without a label left out."""
    positions, labels = batch["masked_positions"], batch.get("masked_labels")
    return positions if labels is None else positions[labels != IGNORED]


def asked_at(stream: HiddenStream, states: Tensor, positions: Tensor, labels: Tensor | None) -> Asked:
    """Return what an output is asked: which tokens ``labels`` (int64 ``[N]``) are at ``positions`` (int64 ``[N]``,
    ascending where there is a label) of the flattened stream, from ``states`` ``[N, E]``."""
    rows = positions // stream.hidden_states.shape[1]
    return Asked(states, stream.token_table, labels, rows, stream.batch.get("keys"))
