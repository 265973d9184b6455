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

    def encode(self, name: str, passing: Pass) -> HiddenStream:  # noqa: ARG002
        """Return the only stream."""
        return encoded(self.embeddings, self.stack, passing.batch, all_layers=passing.all_layers)

    def multiply_adds(self, name: str, length: int) -> float:  # noqa: ARG002
        """Return the products of the stack."""
        return self.stack.multiply_adds(length)
