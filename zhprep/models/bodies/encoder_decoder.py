"""An encoder, and a decoder that writes while it reads the encoder's states (arXiv:1706.03762 §3.1; BART, 1910.13461;
T5, 1910.10683 §2.1).

Streams: ``encoder`` over what is read, ``decoder`` over what is to be written, each place of which sees those before it
and all that is read. The decoder is given the targets a place late: that is done here, from ``labels``, so that no
place is ever given its own. Both have one table of tokens; all else is each one's own.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from torch import Tensor

from zhprep.core.config import setting
from zhprep.core.errors import UsageError
from zhprep.models.assets import Assets
from zhprep.models.blocks.part import Batch
from zhprep.models.blocks.sharing import lend
from zhprep.models.blocks.stacks import make_stack
from zhprep.models.bodies.body import Body, check_inputs, encoded, spec_of
from zhprep.models.config import ModelConfig
from zhprep.models.embeddings import make_embeddings
from zhprep.models.embeddings.inputs import INPUTS
from zhprep.models.prediction import IGNORED
from zhprep.models.stream import HiddenStream, Pass

NAME = "encoder-decoder"
_COLUMNS = {
    "input_ids": "labels", "cu_seqlens": "target_cu_seqlens", "position_ids": "target_position_ids",
    "attention_mask": "", "token_type_ids": "", "lang_ids": "", "word_ids": "", "pinyin_ids": "",
}  # fmt: skip
"""What the decoder's parts read; padding comes after all that is written, where nothing looks."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class EncoderDecoderSettings:
    """How the decoder is made and what it begins with; the ids are those of the vocabulary."""

    num_decoder_layers: int = setting(0, "layers of the decoder; as many as the encoder has if 0", minimum=0)
    decoder_start: str = setting("sep", "token that the decoder is given first", choices=("cls", "sep", "pad"))
    decoder_start_token_id: int = setting(0, "its id; from the vocabulary", minimum=0)
    pad_token_id: int = setting(0, "id that the decoder is given for what is not to be written; idem", minimum=0)
    end_token_id: int = setting(0, "id of the token that targets end with; idem", minimum=0)


class EncoderDecoderBody(Body):
    """Two stacks over one table. Rows of a task are told by the encoder alone.

    Raises ``UsageError`` for readings of the text, which the decoder lacks for what it writes.
    """

    gives = ("encoder", "decoder")
    main = "encoder"
    causal = ("decoder",)
    reads: ClassVar[Mapping[str, str]] = MappingProxyType({"seq2seq": "decoder"})
    made_from: ClassVar[Mapping[str, tuple[str, ...]]] = MappingProxyType({"decoder": ("encoder",)})
    Settings = EncoderDecoderSettings

    @classmethod
    def fitted(cls, config: ModelConfig, assets: Assets) -> ModelConfig:
        """Return ``config`` with the ids of the padding and of the tokens that targets begin and end with."""
        own, tokens = config.settings_of(NAME, EncoderDecoderSettings), assets.tokens
        ids = {"cls": tokens.cls, "sep": tokens.sep, "pad": tokens.pad}
        start = ids[own.decoder_start]
        return config.with_settings(
            NAME,
            dataclasses.replace(own, decoder_start_token_id=start, pad_token_id=tokens.pad, end_token_id=tokens.sep),
        )

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        check_inputs(config, set(INPUTS) - {"pinyin"}, "nobody has read what the decoder is to write")
        self.settings = config.settings_of(NAME, EncoderDecoderSettings)
        n_layers = self.settings.num_decoder_layers or config.num_hidden_layers
        writing = dataclasses.replace(config, num_hidden_layers=n_layers, cross_attention=True)
        self.embeddings, self.decoder_embeddings = make_embeddings(config), make_embeddings(writing)
        tables = [one.get_submodule("inputs.token") for one in (self.embeddings, self.decoder_embeddings)]
        lend(tables[1], "table", tables[0].get_submodule("table"))
        self.stack, self.decoder_stack = make_stack(config), make_stack(writing)
        self.streams = {
            "encoder": spec_of(config, self.embeddings),
            "decoder": spec_of(writing, self.decoder_embeddings, _COLUMNS),
        }

    def encode(self, name: str, passing: Pass) -> HiddenStream:
        """Return the stream ``name``; a decoder encodes what it reads if nobody has.

        Raises ``UsageError`` for packed rows, whose sequences the decoder could not tell apart.
        """
        batch, layers = passing.batch, passing.all_layers
        if name == "encoder":
            return encoded(self.embeddings, self.stack, batch, all_layers=layers)
        if "cu_seqlens" in batch:
            raise UsageError("an encoder-decoder reads no packed rows", hint="make instances of another --format")
        read = passing.streams.get("encoder") or self.encode("encoder", passing)
        seen = {**self.streams["decoder"].view(batch), "input_ids": self.given(batch["labels"])}
        return encoded(
            self.decoder_embeddings, self.decoder_stack, seen, all_layers=layers, causal=True, reading=read
        )  # fmt: skip

    def given(self, labels: Tensor) -> Tensor:
        """Return what the decoder is given to write ``labels`` (int64 ``[B, T]``): these a place late."""
        late = labels.roll(1, 1)
        late[:, 0] = self.settings.decoder_start_token_id
        return late.masked_fill(late == IGNORED, self.settings.pad_token_id)

    def lengths(self, name: str, batch: Batch) -> Tensor:
        """Return those of the encoder, or how many tokens are written: padding of targets is none."""
        return super().lengths(name, batch) if name == "encoder" else (batch["labels"] != IGNORED).sum(1)

    def multiply_adds(self, name: str, length: int) -> float:
        """Return the products of the stack of ``name``; those of attention to what is read for the decoder too."""
        if name == "encoder":
            return self.stack.multiply_adds(length)
        reading = (
            2 * length * self.config.num_attention_heads * self.config.head_width * len(self.decoder_stack.sequence())
        )
        return self.decoder_stack.multiply_adds(length) + reading
