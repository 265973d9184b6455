"""The sum of the inputs (BERT, arXiv:1810.04805 §3)."""

from __future__ import annotations

import functools
import operator

from torch import Tensor

from zhprep.models.blocks.part import Batch
from zhprep.models.embeddings.embedding import Embeddings


class SumEmbeddings(Embeddings):
    """Every input is a summand."""

    def combined(self, batch: Batch) -> Tensor:
        """Return the sum, ``[B, L, E]``."""
        summed: Tensor = functools.reduce(operator.add, [embed(batch) for embed in self.parts])
        return summed
