"""Language modelling (GPT; the survey arXiv:2003.08271 §3.1.1): predict each token from those before it.

The head is that of masked tokens, so that a model of BERT's parts is transformers' ``BertLMHeadModel``. What follows a
place is the column ``next_tokens``, made with the batch: no place is given its own.
"""

from __future__ import annotations

from zhprep.models.objectives.objective import TokenObjective, asked_at
from zhprep.models.prediction import IGNORED, Prediction
from zhprep.models.stream import HiddenStream


class NextTokens(TokenObjective):
    """The token after each place of a stream whose places see only what is before them."""

    labels = ("next_tokens",)
    text = "written"
    causal = True

    def forward(self, stream: HiddenStream) -> Prediction:
        """Return logits ``[N, V]`` of the ``N`` tokens that follow another."""
        labels = stream.batch["next_tokens"].flatten()
        places = (labels != IGNORED).nonzero().squeeze(-1)
        states = self.head.transformed(stream.at(places))
        return self.head.predict(asked_at(stream, states, places, labels[places]))

    def multiply_adds(self, masked_share: float) -> float:  # noqa: ARG002
        """Return those of the head, for every token."""
        return self.head.multiply_adds()
