"""Formats: how sentences become instances.

In: a window of tokenised documents. Out: which tokens stand in which instance, with labels.
"""

from __future__ import annotations

from collections.abc import Callable

from zhprep.instances.layout.formats.chinesebert import chinesebert
from zhprep.instances.layout.formats.doc_sentences import doc_sentences
from zhprep.instances.layout.formats.electra import electra
from zhprep.instances.layout.formats.full_sentences import full_sentences
from zhprep.instances.layout.formats.packed import packed
from zhprep.instances.layout.formats.segment_pair import segment_pair
from zhprep.instances.layout.formats.sentence_pair import sentence_pair
from zhprep.instances.layout.formats.single import single
from zhprep.instances.layout.formats.tlm import tlm
from zhprep.instances.layout.window import Pieces, Plan, Window

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
