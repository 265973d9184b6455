"""Labels of pairs: sentence order, and sentence pairs."""

from __future__ import annotations

import numpy as np
import pytest
from made_windows import document_at, make_window, plan, random_documents

from zhprep.instances.layout.formats.segment_pair import segment_pair
from zhprep.instances.layout.formats.sentence_pair import sentence_pair
from zhprep.instances.layout.pairs import shorten

both = pytest.mark.parametrize("make", [segment_pair, sentence_pair])


def spans_of(pieces):
    return np.stack([pieces.starts.reshape(-1, 2), pieces.stops.reshape(-1, 2)], axis=2).reshape(-1, 4)


@both
def test_swapped_pairs_put_back_are_contiguous_text(make):
    window = make_window(random_documents(0, 400, longest=20))
    pieces = make(window, plan(pairs="order", max_length=512))
    label = pieces.labels["sentence_order_label"]
    spans = spans_of(pieces)
    spans[label == 1] = spans[label == 1][:, [2, 3, 0, 1]]
    assert (document_at(window, spans[:, 0]) == document_at(window, spans[:, 3] - 1)).all()
    whole = spans[:, 1] - spans[:, 0] + spans[:, 3] - spans[:, 2] < 509
    assert whole.mean() > 0.5
    assert (spans[:, 1] == spans[:, 2])[whole].all()
    assert (spans[:, 1] <= spans[:, 2]).all()
    assert abs(label.mean() - 0.5) < 4 * 0.5 / np.sqrt(len(label))


@both
def test_without_labels_pairs_are_in_order(make):
    pieces = make(make_window(random_documents(1, 100)), plan(pairs="none"))
    assert pieces.labels == {}
    assert (pieces.starts[::2] < pieces.starts[1::2]).all()


@both
def test_a_one_sentence_document_is_cut_within_for_order_too(make):
    pieces = make(make_window([[40]] * 400), plan(pairs="order"))
    assert pieces.n_instances == 400
    assert pieces.counts["pairs_cut_within_a_sentence"] == 400
    assert pieces.inserted["tokens.random_next"] == 0


def test_sentence_pairs_are_single_sentences():
    window = make_window([[7, 9, 11, 13]] * 300)
    pieces = sentence_pair(window, plan())
    sizes = (pieces.stops - pieces.starts).reshape(-1, 2)
    assert set(sizes[:, 1].tolist()) <= {7, 9, 11, 13} | set(range(1, 13))
    whole = np.isin(window.sentences, pieces.starts).sum()
    assert whole > 1000
    label = pieces.labels["next_sentence_label"]
    assert abs(label.mean() - 0.5) < 4 * 0.5 / np.sqrt(len(label))
    starts = pieces.starts.reshape(-1, 2)
    assert (document_at(window, starts[:, 0]) != document_at(window, starts[:, 1]))[label == 1].all()


def test_shortening_takes_from_the_longer_one_at_both_ends():
    spans = np.array([[0, 300, 300, 340]] * 4000)
    borders = np.arange(341)
    short, lost = shorten(borders, spans, 125, np.arange(4000, dtype=np.uint64) * np.uint64(977))
    sizes = short[:, 1::2] - short[:, ::2]
    assert (sizes == [85, 40]).all()
    assert (lost == [215, 0]).all()
    front = short[:, 0]
    assert abs(front.mean() - 107.5) < 4 * np.sqrt(215 / 4) / np.sqrt(4000)
    assert abs(front.std() - np.sqrt(215 / 4)) < 0.5


def test_shortening_ends_with_equal_segments():
    spans = np.array([[0, 100, 100, 190], [0, 90, 100, 201]])
    short, _ = shorten(np.arange(202), spans, 125, np.array([1, 2], np.uint64))
    assert (short[:, 1::2] - short[:, ::2]).tolist() == [[63, 62], [63, 62]]  # of two equal ones the second gives way
