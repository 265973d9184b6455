"""The corpus: what the inputs are, how they are cut into blocks, and how a block is read.

``inputs`` finds and opens files, ``lines`` and ``rows`` know the two shapes of formats, ``plan``
cuts inputs into blocks of whole documents, ``reading`` turns a block into record batches.
"""

from __future__ import annotations

from zhprep.core.corpus.inputs import Input, find_inputs
from zhprep.core.corpus.plan import Block, Corpus, Piece, scan
from zhprep.core.corpus.reading import ReadConfig, read_block, read_stream

__all__ = ["Block", "Corpus", "Input", "Piece", "ReadConfig", "find_inputs", "read_block", "read_stream", "scan"]
