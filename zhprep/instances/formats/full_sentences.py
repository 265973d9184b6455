"""``full-sentences``: whole sentences up to the full length, across documents (RoBERTa, arXiv 1907.11692 §4.2).

At the border of two documents stands a separator. There is no sentence-pair label.
"""

from __future__ import annotations

from bisect import bisect_right

import numpy as np

from zhprep.instances.window import Pieces, Plan, Window


def full_sentences(window: Window, plan: Plan) -> Pieces:
    """Fill instances greedily with whole sentences; what does not fill one is left for the next window."""
    room = plan.config.max_length - 2  # [CLS] and the last [SEP]
    first, n_sentences = window.first, len(window.document_of)
    begins = window.sentences[:-1] + window.document_of  # tokens and separators before each sentence
    ends = (window.sentences[1:] + window.document_of).tolist()
    starts, sentence = [], first
    while sentence < n_sentences:
        after = bisect_right(ends, int(begins[sentence]) + room, sentence)
        if after == n_sentences and not plan.last:
            break
        starts.append(sentence)
        sentence = after
    return _pieces(window, np.array(starts, np.int64), sentence)


def _pieces(window: Window, firsts: np.ndarray, used: int) -> Pieces:
    """Cut the sentences from the first instance to ``used`` at instance and at document borders."""
    starts = window.sentences[firsts]
    stop = window.sentences[used]
    documents = window.sentences[window.documents[:-1]]
    inside = documents[(documents > (starts[0] if len(starts) else stop)) & (documents < stop)]
    edges = np.unique(np.concatenate([starts, inside, [stop]]))
    pieces = edges[:-1]
    instances = np.searchsorted(starts, pieces, side="right") - 1
    return Pieces(instances, pieces, edges[1:], len(starts), used)
