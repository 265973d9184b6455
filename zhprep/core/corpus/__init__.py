"""The corpus: what the inputs are, how they are cut into blocks, and how a block is read.

``inputs`` finds and opens files, ``formats`` knows what they hold; ``pieces`` and ``plan`` cut them into blocks of
whole documents, ``reading`` turns a block into record batches.
"""

from __future__ import annotations

from zhprep.core.corpus.inputs import Input, find_inputs
from zhprep.core.corpus.pieces import Piece, ReadConfig
from zhprep.core.corpus.plan import Block, Corpus, scan
from zhprep.core.corpus.reading import read_block, read_input, read_stream

__all__ = [
    "Block", "Corpus", "Input", "Piece", "ReadConfig", "find_inputs", "read_block", "read_input", "read_stream", "scan",
]  # fmt: skip
