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

    def encode(self, name: str, passing: Pass) -> HiddenStream:  # noqa: ARG002
        """Return the only stream."""
        batch = passing.batch
        stream = encoded(self.embeddings, self.stack, batch, all_layers=passing.all_layers, causal=True)
        return dataclasses.replace(stream, row_places=last_places(batch))


def last_places(batch: Batch) -> Tensor:
    """Return where the last real token of each row is in the flattened ``B*L``, int64 ``[B]``."""
    n_rows, length = batch["input_ids"].shape
    ends = batch["input_ids"].new_full((n_rows,), length)
    if (real := batch.get("attention_mask")) is not None:
        ends = real.sum(1)
    return ends - 1 + length * ends.new_ones(n_rows).cumsum(0) - length
