"""Formats: how sentences become instances.

In: a window of tokenised documents. Out: which tokens stand in which instance, with labels.
"""

from __future__ import annotations

from collections.abc import Callable

from zhprep.instances.formats.full_sentences import full_sentences
from zhprep.instances.formats.segment_pair import segment_pair
from zhprep.instances.window import Pieces, Plan, Window

Format = Callable[[Window, Plan], Pieces]

FORMATS: dict[str, Format] = {
    "segment-pair": segment_pair,
    "full-sentences": full_sentences,
}
