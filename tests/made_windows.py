"""Windows made by hand: tokens are numbered, so that what stands where can be seen."""

from __future__ import annotations

import numpy as np

from zhprep.instances import InstancesConfig
from zhprep.instances.layout import Plan, Window
from zhprep.instances.layout.tokens import Tokens


def make_window(documents, *, word=2, fresh=0):
    """A window of documents given as lists of sentence lengths; every ``word``-th token of a sentence begins a word."""
    lengths = [length for document in documents for length in document]
    sentences = np.cumsum([0, *lengths])
    opens = np.concatenate([np.arange(length) % word == 0 for length in lengths] or [np.zeros(0, bool)])
    return Window(
        tokens=Tokens(np.arange(int(sentences[-1])).astype(np.int32), opens),
        sentences=sentences,
        documents=np.cumsum([0, *map(len, documents)]),
        numbers=np.arange(len(documents)),
        fresh=fresh,
    )


def random_documents(seed, n, most_sentences=20, longest=40):
    random = np.random.default_rng(seed)
    return [random.integers(1, longest + 1, int(random.integers(1, most_sentences + 1))).tolist() for _ in range(n)]


def plan(*, last=True, block=0, next_instance=0, **settings):
    return Plan(InstancesConfig(**{"max_length": 128} | settings), block, next_instance, last)


def document_at(window, token):
    """The document that holds ``token``."""
    return np.searchsorted(window.sentences[window.documents], token, side="right") - 1
