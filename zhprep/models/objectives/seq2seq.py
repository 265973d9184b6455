"""Writing what was corrupted (BART, arXiv:1910.13461 §2.2; T5, 1910.10683 §3.1.4): predict each token of the target.

Scores are those of the token table, and are made where there is something to write only. Their bias is BART's
``final_logits_bias``, which is never trained and 0 in a fresh model.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import torch
import torch.nn.functional as F

from zhprep.models.blocks.part import Batch, TableRows
from zhprep.models.config import ModelConfig
from zhprep.models.objectives.objective import Objective
from zhprep.models.prediction import IGNORED, Prediction
from zhprep.models.stream import HiddenStream


class TargetTokens(Objective):
    """Every token of the target, from the state of the place before which all earlier ones are known."""

    labels = ("labels",)
    rows: Mapping[str, TableRows] = MappingProxyType({"final_logits_bias": TableRows("token", axis=1)})

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.register_buffer("final_logits_bias", torch.zeros(1, config.vocab_size))

    def logits(self, hidden_states: torch.Tensor, token_table: torch.Tensor) -> torch.Tensor:
        """Return logits ``[…, V]`` from hidden states ``[…, D]`` and the token table ``[V, D]``."""
        return F.linear(hidden_states, token_table, self.get_buffer("final_logits_bias")[0])

    def count(self, batch: Batch) -> int:
        """Return the number of tokens to write."""
        return int((batch["labels"] != IGNORED).sum())

    def forward(self, stream: HiddenStream) -> Prediction:
        """Return logits ``[N, V]`` of the ``N`` tokens to write."""
        labels = stream.batch["labels"].flatten()
        places = (labels != IGNORED).nonzero().squeeze(-1)
        return Prediction.of_classes(self.logits(stream.at(places), stream.token_table), labels[places])

    def multiply_adds(self, masked_share: float) -> float:  # noqa: ARG002
        """Return those of the scores, for every token."""
        return float(self.config.table_size * self.config.vocab_size)
