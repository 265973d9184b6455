"""What every format must hold, run over every entry of the family."""

from __future__ import annotations

import numpy as np
import pytest
from made_windows import document_at, make_window, plan, random_documents

from zhprep.instances.layout import FORMATS

names = pytest.mark.parametrize("name", FORMATS)
PAIRS = {"segment-pair", "sentence-pair", "tlm", "electra"}


def window_for(name, seed, **settings):
    documents = random_documents(seed, 150)
    if name == "tlm":
        documents = [document[:2] for document in documents if len(document) > 1] + [[3]]
    return make_window(documents, **settings)


def run(name, window, **settings):
    return FORMATS[name](window, plan(**settings))


def foreign(pieces):
    """True for pieces that were put in from elsewhere."""
    labels = pieces.labels.get("next_sentence_label")
    if labels is None:
        return np.zeros(len(pieces.instances), bool)
    return (labels[pieces.instances] == 1) & (pieces.segments == 1)


@names
def test_instances_are_numbered_and_pieces_are_not_empty(name):
    pieces = run(name, window_for(name, 0))
    assert np.array_equal(np.unique(pieces.instances), np.arange(pieces.n_instances))
    assert (np.diff(pieces.instances) >= 0).all()
    assert (pieces.stops > pieces.starts).all()
    assert pieces.n_instances > 30
    assert all(len(values) == pieces.n_instances for values in pieces.labels.values())


@names
@pytest.mark.parametrize("max_length", [48, 128, 512])
def test_no_instance_is_too_long(name, max_length):
    pieces = run(name, window_for(name, 1), max_length=max_length)
    specials = np.bincount(pieces.instances) * (2 if pieces.separate else 1) + (0 if pieces.separate else 1)
    sizes = np.bincount(pieces.instances, pieces.stops - pieces.starts)
    assert (sizes + specials <= max_length).all()


@names
def test_a_piece_is_of_one_document_and_of_whole_words(name):
    window = window_for(name, 2)
    pieces = run(name, window)
    assert (document_at(window, pieces.starts) == document_at(window, pieces.stops - 1)).all()
    opens = np.append(window.tokens.opens, True)
    assert opens[pieces.starts].all()
    assert opens[pieces.stops].all()


@names
@pytest.mark.parametrize("settings", [{}, {"pairs": "order"}, {"pairs": "none"}])
def test_every_token_comes_once_or_is_counted(name, settings):
    window = window_for(name, 3)
    pieces = run(name, window, **settings)
    own = ~foreign(pieces)
    times = np.zeros(len(window.tokens) + 1, np.int64)
    np.add.at(times, pieces.starts[own], 1)
    np.add.at(times, pieces.stops[own], -1)
    times = np.cumsum(times)[:-1]
    assert times.max() == 1
    lost = sum(n for reason, n in pieces.dropped.items() if reason.startswith("tokens."))
    assert (times == 0).sum() == lost
    assert sum(pieces.inserted.values()) == (pieces.stops - pieces.starts)[~own].sum()
    assert lost == 0 or name in PAIRS


@names
def test_what_is_left_over_comes_in_the_next_window(name):
    window = window_for(name, 4)
    pieces = run(name, window, last=False)
    used = sum((pieces.stops - pieces.starts)[~foreign(pieces)])
    lost = sum(n for reason, n in pieces.dropped.items() if reason.startswith("tokens."))
    left = 0 if pieces.remembered else len(pieces.kept.tokens)
    assert used + lost + left == len(window.tokens)
    if left:
        assert FORMATS[name](pieces.kept, plan()).n_instances > 0


@names
def test_no_documents_no_instances(name):
    pieces = run(name, make_window([]))
    assert pieces.n_instances == len(pieces.instances) == 0


@names
def test_one_word_is_not_lost_silently(name):
    pieces = run(name, make_window([[1]]))
    assert (
        pieces.n_instances == 1 or pieces.dropped.get("tokens.unpaired", pieces.dropped.get("tokens.not_a_pair")) == 1
    )


@names
def test_the_same_window_gives_the_same_pieces_and_another_seed_others(name):
    window = window_for(name, 5)
    first, again, other = run(name, window), run(name, window), run(name, window, seed=1)
    assert np.array_equal(first.starts, again.starts)
    drawn = name in ("segment-pair", "sentence-pair", "chinesebert", "electra")
    assert drawn != (np.array_equal(first.starts, other.starts) and np.array_equal(first.stops, other.stops))
