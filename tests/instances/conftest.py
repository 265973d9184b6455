"""A small vocabulary for the tests of instances."""

from __future__ import annotations

import pytest
from made_words import make_documents, words_batch

from zhprep import vocab


@pytest.fixture(scope="session")
def vocabulary():
    config = vocab.VocabConfig(size=180)
    counts = vocab.count(words_batch(make_documents(99, 200)), config)
    return vocab.train(counts, config)


@pytest.fixture(scope="session")
def encoder(vocabulary):
    return vocab.Encoder(vocabulary)
