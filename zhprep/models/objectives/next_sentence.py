"""Next-sentence prediction (arXiv:1810.04805 §3.1): does segment B follow segment A? 0 it does, 1 it is random."""

from __future__ import annotations

from zhprep.models.objectives.objective import RowClass


class NextSentence(RowClass):
    """Two classes of rows."""

    needs = ("next_sentence_label",)
