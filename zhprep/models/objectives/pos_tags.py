"""Predict the part of speech of the word that a masked token is of (LERT, arXiv:2211.05344)."""

from __future__ import annotations

from zhprep.models.objectives.masked_tags import MaskedTags


class SpeechTags(MaskedTags):
    """The column ``pos_tags``."""

    kind = "pos"
    needs = ("pos_tags",)
