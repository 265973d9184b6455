"""Adaptive softmax (Grave et al. 2017, arXiv:1609.04309): the frequent tokens, and classes of rarer ones.

The shares of the most frequent tokens and of the classes are computed at every place; those within a class, by a
narrower product, only where its tokens belong. Exact: the shares of all tokens add up to one. It pays where the ids of
a vocabulary are in the order of frequency, as those of words are. The weights are torch's
:class:`torch.nn.AdaptiveLogSoftmaxWithLoss`; its table is not that of the input.
"""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor, nn

from zhprep.core.config import setting
from zhprep.core.errors import UsageError
from zhprep.models.blocks.output import Asked, TokenOutput
from zhprep.models.blocks.part import TableRows
from zhprep.models.config import ModelConfig
from zhprep.models.prediction import IGNORED, Prediction


@dataclasses.dataclass(frozen=True, kw_only=True)
class AdaptiveSettings:
    """Where the classes begin, and how narrow they are."""

    cutoffs: tuple[int, ...] = setting((2000, 20000), "first id of each class of rarer tokens, ascending")
    div_value: float = setting(4.0, "each class is narrower than the one before by this factor", minimum=1)


class AdaptiveOutput(TokenOutput):
    """Frequent tokens and classes of rarer ones."""

    Settings = AdaptiveSettings

    def __init__(self, config: ModelConfig) -> None:
        """Raises ``UsageError`` where the cutoffs do not rise or there are no tokens behind the last."""
        super().__init__(config)
        own = config.settings_of("adaptive", AdaptiveSettings)
        cutoffs = [cutoff for cutoff in own.cutoffs if cutoff < config.vocab_size]
        if not cutoffs or sorted({*own.cutoffs}) != list(own.cutoffs) or own.cutoffs[0] < 1:
            raise UsageError(
                f"adaptive cutoffs {list(own.cutoffs)} do not rise from 1 to below the {config.vocab_size} tokens",
                hint="give [model.adaptive] cutoffs = [2000, 20000] or smaller ones; for few tokens leave output out",
            )
        if config.table_size // own.div_value ** len(cutoffs) < 1:
            raise UsageError(
                f"a class {own.div_value:g} to the power of {len(cutoffs)} narrower than {config.table_size} is empty",
                hint="give fewer cutoffs or a smaller div_value in [model.adaptive]",
            )
        self.softmax = nn.AdaptiveLogSoftmaxWithLoss(
            config.table_size, config.vocab_size, cutoffs, div_value=own.div_value, head_bias=True
        )
        self.rows = {name: TableRows("vocabulary") for name, _ in self.named_parameters()}

    def scores(self, states: Tensor, token_table: Tensor, bias: Tensor | None) -> Tensor:  # noqa: ARG002
        """Return the logarithms of the shares of all tokens, ``[…, V]``."""
        shares: Tensor = self.softmax.log_prob(states.flatten(0, -2))
        return shares.view(*states.shape[:-1], self.config.vocab_size)

    def predict(self, asked: Asked, bias: Tensor | None) -> Prediction:
        """Return the prediction; in training, logits are those of the frequent tokens and of the classes."""
        if not self.training or asked.labels is None:
            return super().predict(asked, bias)
        softmax, labels = self.softmax, asked.labels
        head = softmax.head(asked.states).float().log_softmax(-1)
        n_frequent = softmax.shortlist_size
        which = torch.bucketize(labels, torch.tensor(softmax.cutoffs, device=labels.device), right=True)
        first = torch.where(which == 0, labels.clamp(min=0), n_frequent + which - 1)
        found = head.gather(1, first[:, None]).squeeze(1)
        for number, tail in enumerate(softmax.tail):
            there = (which == number + 1).nonzero().squeeze(-1)  # where there are none, gradients are zeros, not absent
            within = tail(asked.states[there]).float().log_softmax(-1)
            chosen = (labels[there] - softmax.cutoffs[number])[:, None]
            found = found.index_add(0, there, within.gather(1, chosen).squeeze(1))
        return Prediction(head, labels, torch.where(labels == IGNORED, 0.0, -found))

    def multiply_adds(self) -> float:
        """Return those of the frequent tokens and the classes, and of the first class: most places have no other."""
        first = self.softmax.tail[0]
        return float(sum(weight.numel() for weight in (*self.softmax.head.parameters(), *first.parameters())))
