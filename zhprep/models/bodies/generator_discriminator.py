"""A generator that fills in masked tokens, a discriminator that reads what it wrote (ELECTRA, arXiv:2003.10555).

Streams: ``generator`` over the masked tokens, ``discriminator`` over the same with tokens that the generator's
predictions were sampled for. Both have one table of tokens, positions and segments, and its norm (§3.2); the generator
has as many layers, narrower by ``generator_size`` (google-research/electra, ``configure_pretraining.py``). No gradient
goes through the samples.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

import torch
from torch import Tensor

from zhprep.core.config import setting
from zhprep.core.errors import UsageError
from zhprep.models import draws
from zhprep.models.blocks.layer import LayerStack
from zhprep.models.blocks.part import Batch
from zhprep.models.blocks.sharing import lend
from zhprep.models.blocks.stacks import make_stack
from zhprep.models.bodies.body import Body, encoded, spec_of
from zhprep.models.config import ModelConfig
from zhprep.models.embeddings import make_embeddings
from zhprep.models.prediction import IGNORED, Prediction
from zhprep.models.stream import HiddenStream, Pass


@dataclasses.dataclass(frozen=True, kw_only=True)
class GeneratorSettings:
    """How large the generator is."""

    generator_size: float = setting(0.25, "width of the generator, a share of the discriminator's", minimum=0)


class GeneratorDiscriminatorBody(Body):
    """Two stacks over one table. A discriminator whose generator nobody asks for reads the batch as it is."""

    gives = ("generator", "discriminator")
    main = "discriminator"
    reads: ClassVar[Mapping[str, str]] = MappingProxyType({"mlm": "generator"})
    Settings = GeneratorSettings

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        if config.output != "table" or config.sampled_tokens:
            raise UsageError(
                "a generator's tokens are sampled from the scores of all, by the table that both halves share",
                hint="leave output and sampled_tokens out of [model]",
            )
        small = generator_config(config)
        self.embeddings = make_embeddings(config)
        self.generator_embeddings = make_embeddings(small)
        for name in ("inputs", "norm"):
            lend(self.generator_embeddings, name, self.embeddings.get_submodule(name))
        self.generator_stack = make_stack(small)
        self.stack = make_stack(config)
        generator = spec_of(small, self.embeddings)
        self.streams = {
            "generator": dataclasses.replace(generator, needs=(*generator.needs, "keys")),
            "discriminator": spec_of(config, self.embeddings),
        }

    def encode(self, name: str, passing: Pass) -> HiddenStream:
        """Return the stream ``name``; what the discriminator ``found``: which tokens are ``replaced``, bool ``[B, L]``.

        Raises ``UsageError`` when a generator was asked for and predicted no tokens.
        """
        batch, layers, read = passing.batch, passing.all_layers, passing.read.get(name)
        if name == "generator":
            return encoded(self.generator_embeddings, self.generator_stack, batch, all_layers=layers, read=read)
        if "generator" not in passing.streams:
            return encoded(self.embeddings, self.stack, batch, all_layers=layers, read=read)
        written, replaced = rewritten(batch, _tokens_of(passing))
        seen = {**batch, "input_ids": written}
        stream = encoded(self.embeddings, self.stack, seen, all_layers=layers, read=read)
        return dataclasses.replace(stream, found={"replaced": replaced})

    def multiply_adds(self, name: str, length: int) -> float:
        """Return the products of the stack of ``name``."""
        return self._stack(name).multiply_adds(length)

    def left_out(self, name: str) -> int:
        """Return those of the last layer's end."""
        return self._stack(name).n_left_out

    def _stack(self, name: str) -> LayerStack:
        return self.generator_stack if name == "generator" else self.stack


def generator_config(config: ModelConfig) -> ModelConfig:
    """Return the config of the generator: narrower layers over the same table.

    Raises ``UsageError`` when its width cannot be shared by heads of the discriminator's width.
    """
    share = config.settings_of("generator-discriminator", GeneratorSettings).generator_size
    head = config.hidden_size // config.num_attention_heads
    n_heads = max(1, round(config.num_attention_heads * share))
    width = round(config.hidden_size * share)
    if width % n_heads or width < 1:
        raise UsageError(
            f"a generator of {share} x {config.hidden_size} cannot have {n_heads} heads",
            hint=f"take a generator_size that gives whole heads of {head}",
        )
    return dataclasses.replace(
        config, hidden_size=width, num_attention_heads=n_heads, embedding_size=config.table_size,
        intermediate_size=max(1, round(config.intermediate_size * share)),
    )  # fmt: skip


def _tokens_of(passing: Pass) -> Prediction:
    n_masked = len(passing.batch["masked_positions"])
    for prediction in passing.predictions.values():
        if prediction.logits.ndim == 2 and len(prediction.logits) == n_masked:
            return prediction
    raise UsageError(
        "the generator predicts no tokens", hint='put "mlm" before the objectives that read what it writes'
    )


@torch.no_grad()
def rewritten(batch: Batch, prediction: Prediction) -> tuple[Tensor, Tensor]:
    """Return the tokens with those sampled from ``prediction`` in the masked places (int64 ``[B, L]``), and where they
    are not the original ones (bool ``[B, L]``).

    A sample is where the running sum of the probabilities passes a number drawn from the row's key and the place in
    the row: it does not depend on the batch it is in.
    """
    ids, positions = batch["input_ids"], batch["masked_positions"]
    real = prediction.labels != IGNORED
    positions, labels = positions[real], prediction.labels[real]
    row, column = positions // ids.shape[1], positions % ids.shape[1]
    drawn = draws.uniform(draws.bits(batch["keys"][row], column))
    running = prediction.logits[real].float().softmax(-1).cumsum(-1)
    sampled = torch.searchsorted(running, drawn[:, None] * running[:, -1:]).squeeze(-1)
    written, replaced = ids.flatten().clone(), torch.zeros(ids.numel(), dtype=torch.bool, device=ids.device)
    written[positions], replaced[positions] = sampled, sampled != labels
    return written.view_as(ids), replaced.view_as(ids)
