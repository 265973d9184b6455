"""Predict how the word of a masked token depends on another (LERT, arXiv:2211.05344)."""

from __future__ import annotations

from zhprep.models.objectives.masked_tags import MaskedTags


class DependencyTags(MaskedTags):
    """The column ``dep_tags``."""

    kind = "dep"
    needs = ("dep_tags",)
