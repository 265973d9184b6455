"""``tlm``: a sentence and its translation, with a language per token (XLM, arXiv 1901.07291 §3.3).

A document holds one sentence in each of two languages: a row of a ``.tsv`` of parallel text (``--pairs zh,en``), or a
document of just two sentences. A longer pair is shortened like other pairs. XLM counts positions anew in the second
sentence; nothing is stored for that, since they follow from ``lang_ids``.
"""

from __future__ import annotations

import numpy as np

from zhprep.instances.layout.pairs import PairList, shorten
from zhprep.instances.layout.window import Pieces, Plan, Window


def tlm(window: Window, plan: Plan) -> Pieces:
    """Return pairs with ``lang_ids`` 0 and 1; a document without just two sentences is dropped and counted."""
    counts = np.diff(window.documents)
    first = window.documents[:-1][counts == 2]
    dropped = window.document_tokens[1:] - window.document_tokens[:-1]
    bounds = window.sentences
    spans = np.stack([bounds[first], bounds[first + 1], bounds[first + 1], bounds[first + 2]], axis=1)
    keys = PairList(plan.config.seed, "pair", plan.first_id).keys(len(spans))
    spans, lost = shorten(window.tokens.borders, spans, plan.config.max_length - 3, keys)
    sides = np.tile(np.array([0, 1], np.uint8), len(spans))
    return Pieces(
        instances=np.repeat(np.arange(len(spans)), 2),
        starts=spans[:, ::2].ravel(),
        stops=spans[:, 1::2].ravel(),
        n_instances=len(spans),
        kept=window.tail(window.n_sentences),
        segments=sides,
        languages=sides,
        dropped={
            "documents.not_a_pair": int((counts != 2).sum()),
            "tokens.not_a_pair": int(dropped[counts != 2].sum()),
            "tokens.truncated": int(lost.sum()),
        },
    )
