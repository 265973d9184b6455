"""Predict which entity, and which part of one, the word of a masked token is (LERT, arXiv:2211.05344)."""

from __future__ import annotations

from zhprep.models.objectives.masked_tags import MaskedTags


class EntityTags(MaskedTags):
    """The column ``ner_tags``."""

    kind = "ner"
    needs = ("ner_tags",)
