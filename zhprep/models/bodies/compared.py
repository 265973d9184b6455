"""Two readings of each row by one encoder, to be compared: what two things have in common is what the model learns.

Streams: ``main`` over the batch as it is, for objectives beside; ``other`` and ``text`` over the columns that
``readings`` names: an n-gram and the text that it was taken from (InfoWord, arXiv:1910.08350), or twice the same
text under different dropout (SimCSE, arXiv:2104.08821 §3). ``text`` has found the states of the other reading's rows.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from zhprep.core.config import setting
from zhprep.core.errors import UsageError
from zhprep.core.registry import suggest
from zhprep.models.blocks.stacks import make_stack
from zhprep.models.bodies.body import Body, check_inputs, encoded, spec_of
from zhprep.models.config import ModelConfig
from zhprep.models.embeddings import make_embeddings
from zhprep.models.stream import HiddenStream, Pass

_PLAIN = {"token", "position", "segment"}
_BESIDE = ("attention_mask", "token_type_ids", "position_ids", "cu_seqlens")
READINGS: dict[str, dict[str, str]] = {
    "whole": {"input_ids": "whole_input_ids"},
    "context": {"input_ids": "context_input_ids"},
    "ngram": {
        "input_ids": "ngram_input_ids",
        **{name: f"ngram_{name}" if name != "token_type_ids" else "" for name in _BESIDE},
    },
}
"""The columns of each reading by the names that inputs have for them: the text whole, the text without an n-gram, and
the n-gram, which is a row of its own."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class ComparedSettings:
    """What is compared."""

    readings: tuple[str, ...] = setting(("ngram", "context"), "the two readings: ngram and context, or twice whole")


class ComparedBody(Body):
    """One stack, three streams; what nobody compares costs nothing.

    Raises ``UsageError`` for readings that there are not, and for inputs that would show what a reading hides.
    """

    gives = ("main", "other", "text")
    reads: ClassVar[Mapping[str, str]] = MappingProxyType({"contrast": "text"})
    made_from: ClassVar[Mapping[str, tuple[str, ...]]] = MappingProxyType({"text": ("other",)})
    Settings = ComparedSettings

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.readings = config.settings_of("compared", ComparedSettings).readings
        if len(self.readings) != 2 or (unknown := [name for name in self.readings if name not in READINGS]):
            hint = suggest(unknown[0], list(READINGS)) if len(self.readings) == 2 else 'name two: ["whole", "whole"]'
            raise UsageError(f"readings of [model.compared] cannot be {list(self.readings)}", hint=hint)
        check_inputs(config, _PLAIN, "it would show what a reading hides")
        self.embeddings = make_embeddings(config)
        self.stack = make_stack(config)
        self.streams = {"main": spec_of(config, self.embeddings)}
        for stream, reading in zip(("other", "text"), self.readings, strict=True):
            self.streams[stream] = spec_of(config, self.embeddings, READINGS[reading])

    def encode(self, name: str, passing: Pass) -> HiddenStream:
        """Return the stream ``name``; what ``text`` ``found``: the ``other_states`` ``[B, D]`` of the same rows."""
        batch = self.streams[name].view(passing.batch)
        read = passing.read.get(name)
        stream = encoded(self.embeddings, self.stack, batch, all_layers=passing.all_layers, read=read)
        if name == "text" and "other" in passing.streams:
            return stream.having({"other_states": passing.streams["other"].row_states})
        return stream

    def multiply_adds(self, name: str, length: int) -> float:  # noqa: ARG002
        """Return the products of the stack."""
        return self.stack.multiply_adds(length)

    def left_out(self, name: str) -> int:
        """Return those of the last layer's end, where rows are the batch's: an n-gram's are others."""
        return 0 if name != "main" else self.stack.n_left_out
