"""One stack of layers each place of which sees itself and what is before it: a language model reads so (GPT's decoder,
arXiv:1706.03762 §3.2.3 without an encoder). One stream, ``main``.

A row stands by the state of its last token, which alone has seen all of it.
"""

from __future__ import annotations

import dataclasses

from torch import Tensor

from zhprep.models.blocks.part import Batch
from zhprep.models.bodies.body import encoded
from zhprep.models.bodies.single import SingleBody
from zhprep.models.stream import HiddenStream, Pass


class CausalBody(SingleBody):
    """Embeddings and a stack that looks back."""

    causal = ("main",)

    def encode(self, name: str, passing: Pass) -> HiddenStream:
        """Return the only stream."""
        batch, read = passing.batch, passing.read.get(name)
        stream = encoded(self.embeddings, self.stack, batch, all_layers=passing.all_layers, causal=True, read=read)
        return dataclasses.replace(stream, row_places=self.row_places(batch))

    def row_places(self, batch: Batch) -> Tensor:
        """Return where the last real token of each row is, int64 ``[B]`` in the flattened ``B*L``; the first place of a
        row of padding alone."""
        first, real = super().row_places(batch), batch.get("attention_mask")
        return first + (batch["input_ids"].shape[1] - 1 if real is None else (real.sum(1) - 1).clamp(min=0))
