"""The same text in fine and in coarse tokens, characters and words (AMBERT, arXiv:2008.11869 §3).

Streams: ``fine`` and ``coarse``, each with a table of tokens of its own and positions of its own. ``encoder`` says what
encodes them: layers that both share, in two passes (AMBERT); layers of each one's own (AMBERT-Combo); or layers that
read both at once, one behind the other, so that each token sees those of both (AMBERT-Hybrid). Where layers are
shared, so is all of the embeddings but the tables. Tasks read both streams (§3.3).
"""

from __future__ import annotations

import dataclasses
from typing import ClassVar

import torch
from torch import Tensor

from zhprep.core.config import setting
from zhprep.core.errors import UsageError
from zhprep.instances import COARSE_VOCABULARY, InstancesConfig
from zhprep.models.assets import Assets
from zhprep.models.blocks.attention import position_ids
from zhprep.models.blocks.layer import LayerStack
from zhprep.models.blocks.part import Batch
from zhprep.models.blocks.sharing import Borrowed, lend
from zhprep.models.blocks.stacks import make_stack
from zhprep.models.bodies.body import Body, check_inputs, encoded, spec_of
from zhprep.models.config import ModelConfig
from zhprep.models.embeddings import make_embeddings
from zhprep.models.embeddings.embedding import Embeddings
from zhprep.models.stream import HiddenStream, Pass
from zhprep.vocab import load

NAME = "two-granularities"
MAKE = "zhprep build-vocab --type mixed makes a coarse vocabulary, make-instances --coarse-vocab FOLDER such data"
_COLUMNS = {
    name: f"coarse_{name}"
    for name in (
        "input_ids", "attention_mask", "token_type_ids", "position_ids", "cu_seqlens", "masked_positions",
        "masked_labels",
    )
} | dict.fromkeys(("word_ids", "pinyin_ids", "lang_ids", "masked_places"), "")  # fmt: skip
"""What the parts of the coarse stream read."""
_READABLE = ("token", "position", "segment", "language")


ENCODERS = ("shared", "separate", "joint")


@dataclasses.dataclass(frozen=True, kw_only=True)
class GranularitySettings:
    """What encodes both, and how many coarse tokens there are."""

    encoder: str = setting(
        "shared", "layers that both share, of their own, or that read both at once", choices=ENCODERS
    )
    coarse_vocab_size: int = setting(72635, "number of coarse token ids; from the data", minimum=1)


class TwoGranularitiesBody(Body):
    """Two embeddings, and one stack or two.

    Raises ``UsageError`` for inputs that coarse tokens have nothing of: tables of the fine vocabulary, readings.
    """

    gives = ("fine", "coarse")
    main = "fine"
    task_streams = ("fine", "coarse")
    Settings: ClassVar[type | None] = GranularitySettings

    @classmethod
    def fitted(cls, config: ModelConfig, assets: Assets) -> ModelConfig:
        """Return ``config`` with the size of the coarse vocabulary that lies with the data.

        Raises ``UsageError`` where there is none: the data are of one granularity.
        """
        size = load(assets.path(COARSE_VOCABULARY, made_by=MAKE)).size
        own = config.settings_of(NAME, GranularitySettings)
        return config.with_settings(NAME, dataclasses.replace(own, coarse_vocab_size=size))

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        check_inputs(config, _READABLE, "what it has is of fine tokens alone")
        own = config.settings_of(NAME, GranularitySettings)
        self.encoder = own.encoder
        coarse = dataclasses.replace(config, vocab_size=own.coarse_vocab_size, vocabulary=COARSE_VOCABULARY)
        self.embeddings, self.coarse_embeddings = make_embeddings(config), make_embeddings(coarse)
        self.stack = make_stack(config)
        if own.encoder == "separate":
            self.coarse_stack = make_stack(coarse)
        else:
            share_all_but_tokens(self.coarse_embeddings, self.embeddings)
            lend(self, "coarse_stack", self.stack)
        self.streams = {
            "fine": spec_of(config, self.embeddings),
            "coarse": spec_of(coarse, self.coarse_embeddings, _COLUMNS),
        }

    def check_made(self, made: InstancesConfig, where: str) -> None:
        """Raise ``UsageError`` for packed data, which say of fine tokens alone which sequence they are of, and when one
        encoder would see in one granularity what is masked in the other."""
        if made.format == "packed":
            raise UsageError(
                f"{where}: packed rows do not say where the coarse tokens of a sequence begin",
                hint="make instances of another --format",
            )
        if self.encoder == "joint" and made.per == "token":
            raise UsageError(
                f"{where}: each granularity drew for itself what to do with a masked token (per token), and one "
                "encoder reads both: what one kept tells what the other masks",
                hint='make instances with --per word, or give [model.two-granularities] encoder = "shared"',
            )

    def encode(self, name: str, passing: Pass) -> HiddenStream:
        """Return the stream ``name``; one that reads both at once puts the other one into ``passing``.

        Raises ``UsageError`` for packed rows that would be read at once.
        """
        batch, layers, read = passing.batch, passing.all_layers, passing.read.get(name)
        if self.encoder == "joint":
            if name not in passing.streams:
                passing.streams |= self._both(batch, all_layers=layers)
            return passing.streams[name]
        if name == "fine":
            return encoded(self.embeddings, self.stack, batch, all_layers=layers, read=read)
        seen = self.streams["coarse"].view(batch)
        return encoded(self.coarse_embeddings, self.coarse_stack, seen, all_layers=layers, read=read)

    def _both(self, batch: Batch, *, all_layers: bool) -> dict[str, HiddenStream]:
        """Return both streams of ``batch``, whose rows are read one behind the other."""
        if "cu_seqlens" in batch:
            raise UsageError("packed rows cannot be read one behind the other", hint="take another --format")
        views = {name: spec.view(batch) for name, spec in self.streams.items()}
        embeddings = {"fine": self.embeddings, "coarse": self.coarse_embeddings}
        states = torch.cat([embeddings[name](view) for name, view in views.items()], 1)
        context = self.stack.context_of(one_behind_the_other(*views.values()))
        hidden, layers = self.stack(states, context, all_layers=all_layers)
        made, begin = {}, 0
        for name, view in views.items():
            end = begin + view["input_ids"].shape[1]
            own = hidden[:, begin:end]
            depths = tuple(layer[:, begin:end] for layer in layers)
            made[name] = HiddenStream(own, embeddings[name].token_table, view, depths)
            begin = end
        return made

    def multiply_adds(self, name: str, length: int) -> float:
        """Return the products of a stack; one that reads both is counted as if each token saw as many of the other."""
        return self._stack(name).multiply_adds(2 * length if self.encoder == "joint" else length)

    def left_out(self, name: str) -> int:
        """Return those of the last layer's end; none where one encoder reads both at once."""
        return 0 if self.encoder == "joint" else self._stack(name).n_left_out

    def _stack(self, name: str) -> LayerStack:
        return self.stack if name == "fine" else self.coarse_stack


def share_all_but_tokens(borrower: Embeddings, owner: Embeddings) -> None:
    """Let the embeddings ``borrower`` use all that ``owner`` has but the table of tokens."""
    for name, part in owner.inputs.items():
        if name != "token":
            borrower.inputs[name] = Borrowed(part)
    for name, module in list(owner.named_children()):
        if name != "inputs":
            lend(borrower, name, module)


def one_behind_the_other(first: Batch, second: Batch) -> dict[str, Tensor]:
    """Return the places of rows of ``first`` ``[B, L]`` and ``second`` ``[B, M]`` as those of rows ``[B, L + M]``:
    positions begin anew."""
    merged = {"input_ids": torch.cat([first["input_ids"], second["input_ids"]], 1)}
    places = [position_ids(one).expand_as(one["input_ids"]) for one in (first, second)]
    merged["position_ids"] = torch.cat(places, 1)
    if "attention_mask" in first or "attention_mask" in second:
        every = [torch.ones_like(one["input_ids"], dtype=torch.bool) for one in (first, second)]
        real = [one.get("attention_mask", mask) for one, mask in zip((first, second), every, strict=True)]
        merged["attention_mask"] = torch.cat(real, 1)
    return merged
