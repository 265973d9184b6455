"""Sentence-order prediction (ALBERT, arXiv:1909.11942 §3.1): are two neighbours in order? 0 they are, 1 swapped."""

from __future__ import annotations

from zhprep.models.objective import row_objective

SENTENCE_ORDER = row_objective("sentence_order_label")
