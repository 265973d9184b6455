"""Sentence-order prediction (ALBERT, arXiv:1909.11942 §3.1): are two neighbours in order? 0 they are, 1 swapped."""

from __future__ import annotations

from zhprep.models.objectives.objective import RowClass


class SentenceOrder(RowClass):
    """Two classes of rows."""

    needs = ("sentence_order_label",)
