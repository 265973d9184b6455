"""Packing: full instances, every token once, sequences that are whole documents where they fit."""

from __future__ import annotations

import numpy as np
import pytest
from made_windows import document_at, make_window, plan, random_documents

from zhprep.instances.layout.formats.packed import packed


def fill_of(pieces, max_length):
    sizes = np.bincount(pieces.instances, pieces.stops - pieces.starts + 2)
    return sizes.sum() / (max_length * pieces.n_instances)


@pytest.mark.parametrize(
    ("documents", "max_length"),
    [
        (random_documents(0, 600), 512),
        (random_documents(1, 400), 1024),
        ([[300]] * 600, 512),  # two of these never fit together
        ([[30, 40]] * 900, 128),
        ([[2000, 2000]] * 40, 512),
    ],
)
def test_more_than_99_per_cent_is_filled(documents, max_length):
    pieces = packed(make_window(documents), plan(max_length=max_length, last=False))
    assert fill_of(pieces, max_length) > 0.99
    assert len(pieces.kept.tokens) < 2 * max_length


def test_short_documents_stay_whole_as_a_rule():
    window = make_window(random_documents(2, 600, most_sentences=6))
    pieces = packed(window, plan(max_length=512))
    whole = np.isin(pieces.starts, window.document_tokens) & np.isin(pieces.stops, window.document_tokens)
    assert whole.sum() > 0.8 * len(window.numbers)


def test_sequences_do_not_mix_documents():
    window = make_window(random_documents(3, 200))
    pieces = packed(window, plan())
    assert (document_at(window, pieces.starts) == document_at(window, pieces.stops - 1)).all()
    assert pieces.separate


def test_what_is_left_keeps_its_document():
    window = make_window(random_documents(4, 200))
    pieces = packed(window, plan(last=False))
    owner = {int(token): int(number) for token, number in zip(*_numbered(window), strict=True)}
    tokens, numbers = _numbered(pieces.kept)
    assert all(owner[int(token)] == number for token, number in zip(tokens, numbers, strict=True))


def _numbered(window):
    return window.tokens.ids, np.repeat(window.numbers, np.diff(window.document_tokens))
