"""Language modelling (GPT; the survey arXiv:2003.08271 §3.1.1): predict each token from those before it.

The head is that of masked tokens, so that a model of BERT's parts is transformers' ``BertLMHeadModel``. What follows a
place is the column ``next_tokens``, made with the batch: no place is given its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from zhprep.models.blocks.heads import MaskedTokenHead
from zhprep.models.blocks.part import Batch, TableRows
from zhprep.models.config import ModelConfig
from zhprep.models.objectives.objective import Objective, asked_at
from zhprep.models.prediction import IGNORED, Prediction
from zhprep.models.stream import HiddenStream


class NextTokens(Objective):
    """The token after each place of a stream whose places see only what is before them."""

    needs: tuple[str, ...] = ("input_ids",)
    labels = ("next_tokens",)
    text = "written"
    causal = True
    rows: Mapping[str, TableRows] = MappingProxyType({"head.bias": TableRows("token")})

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.head = MaskedTokenHead(config)
        self.needs = (*type(self).needs, *self.head.output.needs)

    def count(self, batch: Batch) -> int:
        """Return the number of tokens that follow another."""
        return int((batch["next_tokens"] != IGNORED).sum())

    def forward(self, stream: HiddenStream) -> Prediction:
        """Return logits ``[N, V]`` of the ``N`` tokens that follow another."""
        labels = stream.batch["next_tokens"].flatten()
        places = (labels != IGNORED).nonzero().squeeze(-1)
        states = self.head.transformed(stream.at(places))
        return self.head.predict(asked_at(stream, states, places, labels[places]))

    def multiply_adds(self, masked_share: float) -> float:  # noqa: ARG002
        """Return those of the head, for every token."""
        return self.head.multiply_adds()
