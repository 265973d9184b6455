"""``chinesebert``: nine instances in ten are full sentences, one is a single sentence (arXiv 2106.16038)."""

from __future__ import annotations

from zhprep.instances.layout.sequences import across_documents
from zhprep.instances.layout.window import Pieces, Plan, Window

ALONE = 0.1


def chinesebert(window: Window, plan: Plan) -> Pieces:
    """Fill instances with whole sentences across documents, or with one sentence."""
    return across_documents(window, plan, alone=ALONE)
