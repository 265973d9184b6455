"""Layout: from documents to instances, before anything is masked.

``reading`` encodes documents and brings tokens and words together (``align``, ``entities``, ``spans``, ``tags``); a
``window`` of them is handed to a format (``formats``: which tokens stand in which instance), which ``assemble`` turns
into arrays.
"""

from __future__ import annotations

from zhprep.instances.layout.align import coarse_places, token_begins
from zhprep.instances.layout.arrange import arranged, order_of
from zhprep.instances.layout.assemble import Assembled, SpecialIds, assemble
from zhprep.instances.layout.entities import read_entities
from zhprep.instances.layout.formats import ANY_LENGTH, FORMATS
from zhprep.instances.layout.reading import Reader, document_lengths
from zhprep.instances.layout.sentences import cut_long
from zhprep.instances.layout.spans import SpanFile
from zhprep.instances.layout.splitting import VALIDATION, for_validation, is_validation
from zhprep.instances.layout.tags import TAG_COLUMNS, TagFile, read_tag_sets
from zhprep.instances.layout.window import Pieces, Plan, Window, no_documents

__all__ = [
    "ANY_LENGTH", "FORMATS", "TAG_COLUMNS", "VALIDATION", "Assembled", "Pieces", "Plan", "Reader", "SpanFile",
    "SpecialIds", "TagFile", "Window", "arranged", "assemble", "coarse_places", "cut_long", "document_lengths",
    "for_validation",
    "is_validation", "no_documents", "order_of", "read_entities", "read_tag_sets", "token_begins",
]  # fmt: skip
