"""The corpus: what the inputs are, how they are cut into blocks, and how a block is read.

``inputs`` finds and opens files, ``formats`` knows what they hold; ``pieces`` and ``plan`` cut them into blocks of
whole documents, ``reading`` turns a block into record batches; ``saved`` keeps a plan, ``sample`` takes parts.
"""

from __future__ import annotations

from zhprep.core.corpus.inputs import Input, find_inputs
from zhprep.core.corpus.pieces import Piece, ReadConfig
from zhprep.core.corpus.plan import Block, Corpus, scan
from zhprep.core.corpus.reading import read_block, read_input, read_stream
from zhprep.core.corpus.sample import Sample, take_samples
from zhprep.core.corpus.saved import PLAN_SUFFIX, corpus_facts, load_corpus

__all__ = [
    "PLAN_SUFFIX", "Block", "Corpus", "Input", "Piece", "ReadConfig", "Sample", "corpus_facts", "find_inputs",
    "load_corpus", "read_block", "read_input", "read_stream", "scan", "take_samples",
]  # fmt: skip
