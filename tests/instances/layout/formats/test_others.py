"""Document sentences, single sentences, ChineseBERT's mixture, translation pairs."""

from __future__ import annotations

import numpy as np
from made_windows import document_at, make_window, plan, random_documents

from zhprep.instances.layout.formats.chinesebert import chinesebert
from zhprep.instances.layout.formats.doc_sentences import doc_sentences
from zhprep.instances.layout.formats.single import single
from zhprep.instances.layout.formats.tlm import tlm


def test_document_sentences_are_filled_greedily():
    window = make_window([[50, 50, 30, 60, 70], [20], [126, 1]])
    pieces = doc_sentences(window, plan())
    assert list(zip(pieces.starts.tolist(), pieces.stops.tolist(), strict=True)) == [
        (0, 100),
        (100, 190),
        (190, 260),
        (260, 280),
        (280, 406),
        (406, 407),
    ]


def test_document_sentences_never_cross():
    window = make_window(random_documents(0, 200))
    pieces = doc_sentences(window, plan())
    assert (np.bincount(pieces.instances) == 1).all()
    assert (document_at(window, pieces.starts) == document_at(window, pieces.stops - 1)).all()
    joined = pieces.stops[:-1][np.diff(document_at(window, pieces.starts)) == 0]
    following = window.sentences[np.searchsorted(window.sentences, joined) + 1] - joined
    sizes = (pieces.stops - pieces.starts)[:-1][np.diff(document_at(window, pieces.starts)) == 0]
    assert (sizes + following > 126).all()  # one more sentence would not have fitted


def test_single_sentences():
    window = make_window([[5, 6], [7]])
    pieces = single(window, plan())
    assert pieces.starts.tolist() == [0, 5, 11]
    assert pieces.stops.tolist() == [5, 11, 18]


def test_one_instance_in_ten_is_a_single_sentence():
    window = make_window([[20] * 40] * 500)
    pieces = chinesebert(window, plan())
    alone = np.bincount(pieces.instances, pieces.stops - pieces.starts) == 20
    assert abs(alone.mean() - 0.1) < 4 * np.sqrt(0.09 / len(alone))


def test_translation_pairs_have_languages():
    window = make_window([[5, 6], [7], [200, 100], [1, 2, 3]])
    pieces = tlm(window, plan())
    assert pieces.languages.tolist() == [0, 1, 0, 1]
    sizes = (pieces.stops - pieces.starts).reshape(-1, 2)
    assert sizes[0].tolist() == [5, 6]
    assert 123 <= sizes[1].sum() <= 125
    assert pieces.dropped["documents.not_a_pair"] == 2
    assert pieces.dropped["tokens.not_a_pair"] == 13
