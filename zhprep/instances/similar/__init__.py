"""Similar words: a table made of a corpus, of vectors or of a lexicon, and read for a vocabulary."""

from __future__ import annotations

from zhprep.instances.similar.build import SimilarConfig, of_corpus, of_lexicon, of_vectors, write_similar
from zhprep.instances.similar.files import read_pairs, read_similar_words
from zhprep.instances.similar.table import SimilarTable

__all__ = [
    "SimilarConfig", "SimilarTable", "of_corpus", "of_lexicon", "of_vectors", "read_pairs", "read_similar_words",
    "write_similar",
]  # fmt: skip
