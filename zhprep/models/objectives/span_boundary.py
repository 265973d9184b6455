"""Span boundary objective (SpanBERT, arXiv:1907.10529 §3.2): a masked token from the tokens around its span.

A span is a run of masked tokens; its boundaries are the tokens just outside (``--endpoints external``), whose states
and an embedding of the place in the span go through two layers (gelu, norm) to scores by the token table. Tokens
beyond the first ``max_targets`` of a span are left out, as in the authors' command.
"""

from __future__ import annotations

import dataclasses

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from zhprep.core.config import setting
from zhprep.models.blocks.norms import make_norm
from zhprep.models.blocks.part import Batch
from zhprep.models.blocks.table_scores import table_prediction
from zhprep.models.config import ModelConfig
from zhprep.models.objectives.objective import Objective
from zhprep.models.prediction import IGNORED, Prediction
from zhprep.models.stream import HiddenStream


@dataclasses.dataclass(frozen=True, kw_only=True)
class SpanBoundarySettings:
    """How places in a span are told apart (``pretraining/README.md`` of facebookresearch/SpanBERT)."""

    max_targets: int = setting(15, "most tokens of a span that are predicted", minimum=1)
    position_size: int = setting(200, "width of the embedding of a place in its span", minimum=1)


class SpanBoundary(Objective):
    """The original token of every masked position, from the boundaries of its span."""

    needs = ("input_ids",)
    labels = ("masked_labels",)
    Settings = SpanBoundarySettings

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        own = config.settings_of("span_boundary", SpanBoundarySettings)
        self.max_targets = own.max_targets
        self.places = nn.Embedding(own.max_targets, own.position_size)
        self.first = nn.Linear(2 * config.hidden_size + own.position_size, config.hidden_size)
        self.first_norm = make_norm(config)
        self.second = nn.Linear(config.hidden_size, config.table_size)
        self.second_norm = make_norm(config, config.table_size)

    def count(self, batch: Batch) -> int:
        """Return the number of masked tokens among the first ``max_targets`` of their spans."""
        labels = batch["masked_labels"]
        place, _, _ = spans(batch["masked_positions"], labels != IGNORED, batch["input_ids"].shape[1])
        return int(((labels != IGNORED) & (place < self.max_targets)).sum())

    def forward(self, stream: HiddenStream) -> Prediction:
        """Return logits ``[M, V]`` of the masked tokens."""
        positions, labels = stream.batch["masked_positions"], stream.batch.get("masked_labels")
        real = torch.ones_like(positions, dtype=torch.bool) if labels is None else labels != IGNORED
        place, left, right = spans(positions, real, stream.hidden_states.shape[1])
        around = (stream.at(left), stream.at(right), self.places(place.clamp(max=self.max_targets - 1)))
        hidden = self.first_norm(F.gelu(self.first(torch.cat(around, -1))))
        hidden = self.second_norm(F.gelu(self.second(hidden)))
        if labels is not None:
            labels = labels.masked_fill(place >= self.max_targets, IGNORED)
        return table_prediction(hidden, stream.token_table, None, labels)

    def multiply_adds(self, masked_share: float) -> float:
        """Return those of the head, for the masked share of the tokens only."""
        weights = self.first.weight.numel() + self.second.weight.numel()
        return masked_share * (weights + self.config.table_size * self.config.vocab_size)


def spans(positions: Tensor, real: Tensor, length: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return of each masked position its place in its span and the positions just before and behind the span.

    ``positions`` are int64 ``[M]``, ascending where they are ``real`` (bool ``[M]``), in the flattened ``[B,
    length]``; all three results are int64 ``[M]``. A position that is not real is a span by itself. Rows begin and end
    with special tokens, which are never masked, so that a span has boundaries in its row.
    """
    follows = (positions[1:] == positions[:-1] + 1) & (positions[1:] % length != 0) & real[1:] & real[:-1]
    starts = torch.cat([torch.ones_like(real[:1]), ~follows])
    index = torch.arange(len(positions), device=positions.device)
    first = torch.cummax(torch.where(starts, index, 0), 0).values
    span = starts.cumsum(0) - 1
    n_tokens = torch.bincount(span, minlength=len(positions))[span]
    begin = positions[first]
    behind = begin + n_tokens
    return index - first, (begin - 1).clamp(min=0), torch.where(real, behind, begin)
