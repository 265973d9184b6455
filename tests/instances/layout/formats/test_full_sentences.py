"""Full sentences: greedy, whole sentences, a separator at the border of documents, leftovers carried on."""

from __future__ import annotations

import numpy as np
from made_windows import document_at, make_window, plan, random_documents

from zhprep.instances.layout.formats.full_sentences import full_sentences


def greedy(documents, max_length):
    """The same, one sentence at a time: per instance a list of [start, stop) per document in it."""
    instances, pieces, used, token = [], [], 1, 0
    for document in documents:
        fresh_document = True
        for length in document:
            if pieces and used + length + 1 + fresh_document > max_length:
                instances.append(pieces)
                pieces, used = [], 1
            if not pieces or fresh_document:
                used += bool(pieces)
                pieces.append([token, token])
            pieces[-1][1] += length
            used += length
            token += length
            fresh_document = False
    return [*instances, pieces] if pieces else instances


def rows(pieces):
    result = [[] for _ in range(pieces.n_instances)]
    for instance, start, stop in zip(
        *map(np.ndarray.tolist, (pieces.instances, pieces.starts, pieces.stops)), strict=True
    ):
        result[instance].append([start, stop])
    return result


def test_same_as_one_sentence_at_a_time():
    for seed in range(20):
        documents = random_documents(seed, 50)
        assert rows(full_sentences(make_window(documents), plan(max_length=64))) == greedy(documents, 64)


def test_no_instance_is_too_long_and_every_token_comes_once():
    window = make_window(random_documents(1, 100))
    pieces = full_sentences(window, plan())
    sizes = np.bincount(pieces.instances, weights=pieces.stops - pieces.starts + 1) + 1
    assert (sizes <= 128).all()
    assert pieces.starts[0] == 0
    assert pieces.stops[-1] == len(window.tokens)
    assert (pieces.stops[:-1] == pieces.starts[1:]).all()


def test_a_piece_is_of_one_document():
    window = make_window(random_documents(2, 100))
    pieces = full_sentences(window, plan())
    assert (document_at(window, pieces.starts) == document_at(window, pieces.stops - 1)).all()
    assert np.bincount(pieces.instances).max() > 1


def test_the_leftover_goes_on_in_the_next_window():
    documents = random_documents(3, 60)
    whole = rows(full_sentences(make_window(documents), plan()))
    got, kept, token = [], make_window([]), 0
    for first in range(0, 60, 20):
        window = kept.joined(make_window(documents[first : first + 20]))
        pieces = full_sentences(window, plan(last=first == 40))
        got += [[[start + token, stop + token] for start, stop in row] for row in rows(pieces)]
        kept = pieces.kept
        token += len(window.tokens) - len(kept.tokens)
    assert got == whole
    assert len(kept.tokens) == 0
