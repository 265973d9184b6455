"""One stack of layers over one sum of inputs (BERT, arXiv:1810.04805 §3): one stream, ``main``."""

from __future__ import annotations

from zhprep.models.blocks.stacks import make_stack
from zhprep.models.bodies.body import Body, encoded, spec_of
from zhprep.models.config import ModelConfig
from zhprep.models.embeddings import make_embeddings
from zhprep.models.stream import HiddenStream, Pass


class SingleBody(Body):
    """Embeddings and a stack."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.embeddings = make_embeddings(config)
        self.stack = make_stack(config)
        self.streams = {"main": spec_of(config, self.embeddings)}

    def encode(self, name: str, passing: Pass) -> HiddenStream:
        """Return the only stream."""
        read = passing.read.get(name)
        return encoded(self.embeddings, self.stack, passing.batch, all_layers=passing.all_layers, read=read)

    def multiply_adds(self, name: str, length: int) -> float:  # noqa: ARG002
        """Return the products of the stack."""
        return self.stack.multiply_adds(length)

    def left_out(self, name: str) -> int:  # noqa: ARG002
        """Return those of the last layer's end."""
        return self.stack.n_left_out
