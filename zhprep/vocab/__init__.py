"""Vocabularies: count pieces, train, write and read the files, encode whole blocks.

``count`` and ``merge`` make :class:`Counts` of any number of blocks; ``train`` makes a
:class:`Vocabulary` of them; ``write`` and ``load`` are its files; :class:`Encoder` gives ids with
places, equal to those of the ``tokenizers`` library.
"""

from __future__ import annotations

from zhprep.core.registry import lookup
from zhprep.vocab.bytemap import text_of
from zhprep.vocab.config import VocabConfig
from zhprep.vocab.counting import Counter, count
from zhprep.vocab.counts import Counts, merge
from zhprep.vocab.cuts.placing import Encoded
from zhprep.vocab.encode import Encoder
from zhprep.vocab.entries import IDEOGRAPHS, is_ideograph
from zhprep.vocab.files import TOKENIZER_FILES, read_counts, write, write_counts
from zhprep.vocab.loading import load
from zhprep.vocab.matching import Origins, origins
from zhprep.vocab.types import TYPES
from zhprep.vocab.vocabulary import Vocabulary

Config = VocabConfig

__all__ = [
    "IDEOGRAPHS", "TOKENIZER_FILES", "TYPES", "Config", "Counter", "Counts", "Encoded", "Encoder", "Origins",
    "VocabConfig", "Vocabulary", "count", "is_ideograph", "load", "merge", "origins", "read_counts", "text_of",
    "train", "write", "write_counts",
]  # fmt: skip


def train(counts: Counts, config: VocabConfig) -> Vocabulary:
    """Return the vocabulary of ``config.type`` learnt from ``counts``.

    Raises ``UsageError`` for an unknown type or a size that does not hold what must be there.
    """
    return lookup(TYPES, config.type, "vocabulary type").train(counts, config)
