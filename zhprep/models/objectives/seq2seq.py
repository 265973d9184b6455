"""Writing what was corrupted (BART, arXiv:1910.13461 §2.2; T5, 1910.10683 §3.1.4): predict each token of the target.

Scores are those of the token table, or of a table of their own, and are made where there is something to write only.
Their bias is BART's ``final_logits_bias``, which is never trained and 0 in a fresh model.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from zhprep.core.config import setting
from zhprep.models.blocks.part import TableRows
from zhprep.models.blocks.table_scores import table_prediction
from zhprep.models.config import ModelConfig
from zhprep.models.objectives.objective import Objective
from zhprep.models.prediction import IGNORED, Prediction
from zhprep.models.stream import HiddenStream

NAME = "seq2seq"


@dataclasses.dataclass(frozen=True, kw_only=True)
class TargetSettings:
    """How scores are made."""

    tied: bool = setting(True, "by the table of the tokens that are read; else by one of their own")
    scaled: bool = setting(False, "states are divided by the root of their width first, as in T5 with one table")
    bias: bool = setting(True, "with a bias that is not trained, as BART has")


class TargetTokens(Objective):
    """Every token of the target, from the state of the place before which all earlier ones are known."""

    labels = ("labels",)
    rows: Mapping[str, TableRows] = MappingProxyType(
        {"final_logits_bias": TableRows("token", axis=1), "output.weight": TableRows("token")}
    )
    Settings = TargetSettings

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        own = config.settings_of(NAME, TargetSettings)
        self.scale = config.hidden_size**-0.5 if own.scaled else 1.0
        self.output = None if own.tied else nn.Linear(config.hidden_size, config.vocab_size, bias=False)
        if own.bias:
            self.register_buffer("final_logits_bias", torch.zeros(1, config.vocab_size))

    def logits(self, hidden_states: Tensor, token_table: Tensor) -> Tensor:
        """Return logits ``[…, V]`` from hidden states ``[…, D]`` and the token table ``[V, D]``."""
        return F.linear(hidden_states * self.scale, *self._scored_by(token_table))

    def forward(self, stream: HiddenStream) -> Prediction:
        """Return logits ``[N, V]`` of the ``N`` tokens to write."""
        labels = stream.batch["labels"].flatten()
        places = (labels != IGNORED).nonzero().squeeze(-1)
        states = stream.at(places) * self.scale
        return table_prediction(states, *self._scored_by(stream.token_table), labels[places])

    def _scored_by(self, token_table: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return the table of the scores ``[V, D]``, and their bias ``[V]`` if there is one."""
        bias = dict(self.named_buffers()).get("final_logits_bias")
        table = token_table if self.output is None else self.output.weight
        return table, None if bias is None else bias[0]

    def multiply_adds(self, masked_share: float) -> float:  # noqa: ARG002
        """Return those of the scores, for every token."""
        return float(self.config.table_size * self.config.vocab_size)
