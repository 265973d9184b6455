"""Scores by the table of tokens, which the input shares, and a bias (BERT, arXiv:1810.04805 §3.1).

With ``sampled_tokens`` a model in training scores the right token and so many drawn ones only: the sum over the
vocabulary is estimated by importance sampling (Bengio and Senécal 2008; Jean et al. 2015, arXiv:1412.2007 §3.1). Tokens
are drawn for each row by its key, by a law of ranks, p(k) = log((k + 2) / (k + 1)) / log(V + 1), so that vocabularies
whose frequent words come first are drawn as they are met. The estimate of the sum has no bias, that of its logarithm
little. A model that is not in training scores all.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from zhprep.models import draws
from zhprep.models.blocks.output import Asked, TokenOutput
from zhprep.models.blocks.table_scores import table_prediction
from zhprep.models.config import ModelConfig
from zhprep.models.prediction import IGNORED, Prediction

_PURPOSE = 0x73616D706C65
"""What sets these draws apart from others of the same row."""


class TableOutput(TokenOutput):
    """Products with the table of tokens."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.n_sampled = min(config.sampled_tokens, config.vocab_size)
        self.needs = ("keys",) if self.n_sampled else ()

    def make_bias(self) -> nn.Parameter:
        """Return zeros ``[V]``."""
        return nn.Parameter(torch.zeros(self.config.vocab_size))

    def scores(self, states: Tensor, token_table: Tensor, bias: Tensor | None) -> Tensor:
        """Return logits ``[…, V]``."""
        return F.linear(states, token_table, bias)

    def predict(self, asked: Asked, bias: Tensor | None) -> Prediction:
        """Return the prediction by all tokens, or in training by the right one and some that are drawn: logits are
        then ``[N, 1 + S]``, those of the right token first."""
        if not (self.training and self.n_sampled) or asked.labels is None or asked.keys is None:
            return table_prediction(asked.states, asked.token_table, bias, asked.labels)
        assert bias is not None
        real = (asked.labels != IGNORED).nonzero().squeeze(-1)
        labels, states, rows = asked.labels[real], asked.states[real], asked.rows[real]
        right = (states * asked.token_table[labels]).sum(-1) + bias[labels]
        some = torch.cat([right[:, None], self._drawn(states, labels, rows, asked, bias)], 1).float()
        logits = some.new_zeros(len(asked.labels), some.shape[1]).index_copy(0, real, some)
        losses = some.new_zeros(len(asked.labels)).index_copy(0, real, some.logsumexp(1) - some[:, 0])
        return Prediction(logits, asked.labels, losses)

    def _drawn(self, states: Tensor, labels: Tensor, rows: Tensor, asked: Asked, bias: Tensor) -> Tensor:
        """Return the scores ``[N, S]`` of the tokens drawn for each state's row, less the logarithm of how often they
        are drawn; a drawn token that is the right one is left out."""
        assert asked.keys is not None
        ids = sampled(asked.keys, self.n_sampled, self.config.vocab_size)
        counts = torch.bincount(rows, minlength=len(ids))
        place = torch.arange(len(rows), device=rows.device) - (counts.cumsum(0) - counts)[rows]
        grid = states.new_zeros(len(ids), int(counts.max()) if len(rows) else 0, states.shape[1])
        grid = grid.index_put((rows, place), states)
        scores: Tensor = torch.bmm(grid, asked.token_table[ids].transpose(1, 2).to(grid.dtype))[rows, place]
        offset = bias[ids] - (self.n_sampled * share(ids, self.config.vocab_size)).log()
        return (scores + offset[rows]).masked_fill(ids[rows] == labels[:, None], -torch.inf)

    def multiply_adds(self) -> float:
        """Return those of the scores."""
        return float(self.config.table_size * (self.n_sampled or self.config.vocab_size))


def sampled(keys: Tensor, n_sampled: int, n_tokens: int) -> Tensor:
    """Return the ``n_sampled`` tokens that are drawn for each of ``keys`` (int64 ``[B]``), int64 ``[B, S]``.

    One may come more than once."""
    numbers = torch.arange(n_sampled, device=keys.device)
    uniform = draws.uniform(draws.bits(draws.bits(keys, _PURPOSE)[:, None], numbers)).double()
    return ((uniform * math.log(n_tokens + 1)).exp().long() - 1).clamp(0, n_tokens - 1)


def share(ids: Tensor, n_tokens: int) -> Tensor:
    """Return the chance of each of ``ids`` to be drawn, float32 of the same shape."""
    rank = ids.double()
    return (((rank + 2) / (rank + 1)).log() / math.log(n_tokens + 1)).float()
