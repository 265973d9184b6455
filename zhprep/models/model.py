"""A model: embeddings, encoder and one head per objective, put together from a config."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from zhprep.core.registry import lookup
from zhprep.models.config import ModelConfig
from zhprep.models.embeddings import Embeddings
from zhprep.models.encoders import ENCODERS
from zhprep.models.objective import Encoded, Objective
from zhprep.models.objectives import OBJECTIVES
from zhprep.models.part import Batch


class Model(nn.Module):
    """The model that ``config`` describes, with fresh weights drawn from torch's generator.

    ``objectives`` may be handed in, by name, in place of those that the config names (for fine-tuning). Raises
    ``UsageError`` for an unknown part.
    """

    def __init__(self, config: ModelConfig, objectives: Mapping[str, Objective] | None = None) -> None:
        super().__init__()
        self.config = config
        self.embeddings = Embeddings(config)
        self.encoder = lookup(ENCODERS, config.encoder, "encoder")(config)
        named = {name: lookup(OBJECTIVES, name, "objective") for name in config.objectives}
        objectives = named if objectives is None else dict(objectives)
        self.objectives = objectives
        self.weights = {name: config.weights.get(name, 1.0) for name in objectives}
        self.heads = nn.ModuleDict({name: objective.head(config) for name, objective in objectives.items()})
        self.apply(self._initialise)

    @property
    def needs(self) -> tuple[str, ...]:
        """The columns that the data must have, in a fixed order."""
        needs = [*(part.needs for part in self.embeddings.parts), *(part.needs for part in self.objectives.values())]
        return tuple(dict.fromkeys(itertools.chain.from_iterable(needs)))

    @property
    def takes(self) -> tuple[str, ...]:
        """The columns that are used if the data has them."""
        return tuple(dict.fromkeys(column for part in self.embeddings.parts for column in part.takes))

    def encode(self, batch: Batch) -> Encoded:
        """Return the states of the last layer ``[B, L, D]`` and the token table ``[V, D]``."""
        states = self.encoder(self.embeddings(batch), batch.get("attention_mask"))
        return Encoded(states, self.embeddings.token_table)

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Return each objective's loss, summed over what it predicts in the batch."""
        scored = self.scores(batch)
        return {name: self.objectives[name].losses(scores, batch).sum() for name, scores in scored.items()}

    def scores(self, batch: Batch) -> dict[str, Tensor]:
        """Return each objective's scores ``[N, classes]`` of the ``N`` labels it predicts in the batch."""
        encoded = self.encode(batch)
        return {name: part.scores(self.heads[name], encoded, batch) for name, part in self.objectives.items()}

    def _initialise(self, module: nn.Module) -> None:
        if isinstance(module, (nn.Linear, nn.Embedding)):
            nn.init.normal_(module.weight, std=self.config.initial_std)
        if isinstance(module, nn.Linear):
            nn.init.zeros_(module.bias)


def n_parameters(*modules: nn.Module) -> int:
    """Return the number of weights in ``modules``."""
    return sum(weight.numel() for module in modules for weight in module.parameters())


def flops_per_token(model: Model, length: int, masked_share: float) -> float:
    """Return the floating-point operations of one training step per token (6N + 12·layers·length·width).

    N counts what every token passes through; the masked-token head is counted for the masked share only.
    """
    config = model.config
    every_token = n_parameters(model.encoder) + config.n_layers * 2 * length * config.width
    head = config.width * (config.width + config.vocabulary_size)
    return 6.0 * (every_token + masked_share * head)


def seeded_model(config: ModelConfig, seed: int, objectives: Mapping[str, Objective] | None = None) -> Model:
    """Return a fresh model whose weights are a function of ``seed`` alone; torch's generator is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Model(config, objectives)
