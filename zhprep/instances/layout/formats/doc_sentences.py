"""``doc-sentences``: whole sentences up to the full length, never across documents (RoBERTa, arXiv 1907.11692 §4.2)."""

from __future__ import annotations

from zhprep.instances.layout.sequences import within_documents
from zhprep.instances.layout.window import Pieces, Plan, Window


def doc_sentences(window: Window, plan: Plan) -> Pieces:
    """Fill instances with whole sentences of one document; the last of each document stays short."""
    return within_documents(window, plan)
