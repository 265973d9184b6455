"""Formats: how sentences become instances.

In: a window of tokenised documents. Out: which tokens stand in which instance, with labels.
"""

from __future__ import annotations

from collections.abc import Callable

from zhprep.instances.formats.chinesebert import chinesebert
from zhprep.instances.formats.doc_sentences import doc_sentences
from zhprep.instances.formats.electra import electra
from zhprep.instances.formats.full_sentences import full_sentences
from zhprep.instances.formats.packed import packed
from zhprep.instances.formats.segment_pair import segment_pair
from zhprep.instances.formats.sentence_pair import sentence_pair
from zhprep.instances.formats.single import single
from zhprep.instances.formats.tlm import tlm
from zhprep.instances.window import Pieces, Plan, Window

Format = Callable[[Window, Plan], Pieces]

ANY_LENGTH = ("tlm",)
"""Formats that take sentences of any length and shorten them themselves; for others long ones are cut beforehand."""

FORMATS: dict[str, Format] = {
    "segment-pair": segment_pair,
    "sentence-pair": sentence_pair,
    "full-sentences": full_sentences,
    "doc-sentences": doc_sentences,
    "single": single,
    "packed": packed,
    "chinesebert": chinesebert,
    "tlm": tlm,
    "electra": electra,
}
