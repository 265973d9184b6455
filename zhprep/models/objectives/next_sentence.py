"""Next-sentence prediction (arXiv:1810.04805 §3.1): does segment B follow segment A? 0 it does, 1 it is random."""

from __future__ import annotations

from zhprep.models.objective import row_objective

NEXT_SENTENCE = row_objective("next_sentence_label")
