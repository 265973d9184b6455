"""Segment pairs: labels that are right, and half of them each; lengths; nothing lost uncounted."""

from __future__ import annotations

import numpy as np
import pytest
from made_windows import document_at, make_window, plan, random_documents

from zhprep.instances.layout.formats.segment_pair import document_targets, segment_pair


def spans_of(pieces):
    """Starts and stops of both segments, [n, 4], and the labels."""
    both = np.stack([pieces.starts.reshape(-1, 2), pieces.stops.reshape(-1, 2)], axis=2).reshape(-1, 4)
    return both, pieces.labels["next_sentence_label"]


def test_the_label_is_right():
    window = make_window(random_documents(0, 300))
    (a_start, a_stop, b_start, b_stop), label = (
        spans_of(segment_pair(window, plan()))[0].T,
        spans_of(segment_pair(window, plan()))[1],
    )
    same = document_at(window, a_start) == document_at(window, b_start)
    assert same[label == 0].all()
    assert not same[label == 1].any()
    assert (a_stop <= b_start)[label == 0].all()
    whole = (a_stop - a_start) + (b_stop - b_start) < 100  # far from being cut
    assert (a_stop == b_start)[(label == 0) & whole].all()


@pytest.mark.parametrize(
    "documents", [random_documents(1, 1500), [[n] for n in range(4, 60)] * 30, [[200, 3, 300]] * 900]
)
def test_half_of_the_labels_are_random_next(documents):
    """Also where documents have one sentence, for which Google's labels are all 1."""
    _, label = spans_of(segment_pair(make_window(documents), plan()))
    sigma = 0.5 / np.sqrt(len(label))
    assert abs(label.mean() - 0.5) < 4 * sigma


def test_nothing_is_longer_than_allowed_and_nothing_is_empty():
    for longest in (5, 40, 400):
        spans, _ = spans_of(segment_pair(make_window(random_documents(2, 200, longest=longest)), plan()))
        sizes = spans[:, 1::2] - spans[:, ::2]
        assert (sizes > 0).all()
        assert (sizes.sum(axis=1) <= 125).all()


def test_segments_begin_and_end_with_words():
    window = make_window(random_documents(3, 200, longest=200), word=5)
    spans, _ = spans_of(segment_pair(window, plan()))
    opens = np.append(window.tokens.opens, True)
    assert opens[spans].all()


def test_every_token_of_a_document_is_used_or_counted():
    window = make_window(random_documents(4, 200, longest=100))
    pieces = segment_pair(window, plan())
    spans, label = spans_of(pieces)
    own = (spans[:, 1] - spans[:, 0]).sum() + (spans[:, 3] - spans[:, 2])[label == 0].sum()
    assert own + sum(pieces.dropped.values()) == len(window.tokens)
    assert pieces.dropped["tokens.truncated"] > 0
    assert pieces.inserted["tokens.random_next"] == (spans[:, 3] - spans[:, 2])[label == 1].sum()


def test_a_tenth_of_the_documents_has_a_shorter_target():
    targets = document_targets(make_window([[1]] * 20_000), plan(short_seq_prob=0.1))
    short = targets[targets < 125]
    assert abs(len(short) / len(targets) - 0.1 * 123 / 124) < 3 * np.sqrt(0.1 * 0.9 / len(targets))
    assert short.min() == 2
    assert abs(short.mean() - 63) < 3 * 36 / np.sqrt(len(short))
    assert (document_targets(make_window([[1]] * 100), plan(short_seq_prob=0.0)) == 125).all()


def test_a_single_document_gets_no_false_label():
    pieces = segment_pair(make_window([[10] * 50]), plan())
    _, label = spans_of(pieces)
    assert (label == 0).all()
    assert pieces.counts["pairs_without_other_document"] > 0


def test_a_single_word_cannot_be_a_pair_without_another_document():
    pieces = segment_pair(make_window([[1]]), plan())
    assert pieces.n_instances == 0
    assert pieces.dropped["tokens.unpaired"] == 1
    alone = segment_pair(make_window([[1], [1]]), plan())
    assert alone.labels["next_sentence_label"].tolist() == [1, 1]


def test_documents_of_the_window_before_serve_as_others_only():
    documents = random_documents(5, 40)
    window = make_window(documents, fresh=39)
    spans, label = spans_of(segment_pair(window, plan()))
    assert (document_at(window, spans[:, 0]) == 39).all()
    assert (document_at(window, spans[label == 1, 2]) < 39).all()


def test_pairs_depend_on_the_id_of_the_instance():
    window = make_window(random_documents(6, 30))
    first, _ = spans_of(segment_pair(window, plan()))
    again, _ = spans_of(segment_pair(window, plan()))
    other, _ = spans_of(segment_pair(window, plan(block=1)))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
