"""Cut into the same blocks as fairseq cuts (``sample_break_mode``), one for each of our formats of whole sentences."""

from __future__ import annotations

import numpy as np
import plain_blocks
import pytest
from made_windows import make_window, plan, random_documents

from zhprep.instances.layout import FORMATS

pytestmark = pytest.mark.reference
ROOM = 128 - 2
"""Tokens of a block: the special tokens at both ends are no part of fairseq's."""


def cuts(name, documents):
    """The token with which each of our instances begins."""
    pieces = FORMATS[name](make_window(documents), plan(max_length=128))
    return pieces.starts[np.diff(pieces.instances, prepend=-1) > 0].tolist()


def fairseq_cuts(documents, mode):
    lines = plain_blocks.lines_of(documents)
    begins = np.cumsum([0, *lines])
    return [int(begins[block[0]]) for block in plain_blocks.blocks(lines, ROOM, mode) if any(lines[n] for n in block)]


@pytest.mark.parametrize("seed", range(5))
def test_document_sentences_are_complete_doc(seed):
    documents = random_documents(seed, 200)
    assert cuts("doc-sentences", documents) == fairseq_cuts(documents, "complete_doc")


@pytest.mark.parametrize("seed", range(5))
def test_full_sentences_of_one_document_are_complete(seed):
    documents = random_documents(seed, 1, most_sentences=2000)
    assert cuts("full-sentences", documents) == fairseq_cuts(documents, "complete")


def test_single_sentences_are_eos():
    documents = random_documents(9, 100)
    assert cuts("single", documents) == fairseq_cuts(documents, "eos")


def test_full_sentences_of_many_documents_are_about_as_many_and_as_long():
    """fairseq also puts a separator where a block begins or ends; we put one between two documents in a block."""
    documents = random_documents(3, 3000)
    found, expected = cuts("full-sentences", documents), fairseq_cuts(documents, "complete")
    total = sum(map(sum, documents))
    assert abs(len(found) / len(expected) - 1) < 0.005
    ours, theirs = (np.diff([*begins, total]) for begins in (found, expected))
    for share in (0.05, 0.25, 0.5, 0.75, 0.95):
        assert abs(np.quantile(ours, share) - np.quantile(theirs, share)) <= 1
