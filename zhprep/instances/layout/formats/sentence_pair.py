"""``sentence-pair``: two single sentences, from one document or from two (RoBERTa, arXiv 1907.11692 §4.2).

The pairs are much shorter than ``max_length``. The last sentence of a document that has no partner is cut in
two, so that its label, too, can be either.
"""

from __future__ import annotations

import numpy as np

from zhprep.instances.layout.walk import walked
from zhprep.instances.layout.window import Pieces, Plan, Window


def sentence_pair(window: Window, plan: Plan) -> Pieces:
    """Return pairs of sentences; every document is used up."""
    return walked(window, plan, np.zeros(len(window.numbers) - window.fresh, np.int64), single=True)
