"""``full-sentences``: whole sentences up to the full length, across documents (RoBERTa, arXiv 1907.11692 §4.2).

At the border of two documents stands a separator. There is no sentence-pair label.
"""

from __future__ import annotations

from zhprep.instances.layout.sequences import across_documents
from zhprep.instances.layout.window import Pieces, Plan, Window


def full_sentences(window: Window, plan: Plan) -> Pieces:
    """Fill instances with whole sentences; what does not fill one is left for the next window."""
    return across_documents(window, plan)
