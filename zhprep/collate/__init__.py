"""From rows of instances to tensors: dynamic masks, padding; ours and Hugging Face's way.

In: rows of the ``instances`` table as flat arrays (:class:`Rows`). Out: a batch as :mod:`zhprep.models` takes it.

    stored (mapped) ─ rows ─ view (masks, or sources and targets, of an epoch) ─ tensors, by the table of columns
"""

from __future__ import annotations

from zhprep.collate.batches import Batches
from zhprep.collate.chinese_ref import add_words, read_references
from zhprep.collate.columns import COLUMNS, Axis, Column
from zhprep.collate.hugging_face import MaskingCollator
from zhprep.collate.masks import DynamicMasks, MaskedInput, Masks, StaticMasks, coarse_pad, masks_of
from zhprep.collate.rows import Ragged, Rows
from zhprep.collate.stored import Instances
from zhprep.collate.tensors import Padding, to_tensors
from zhprep.collate.views import CorruptedView, MaskedView, View, check_labels, view_of

__all__ = [
    "COLUMNS",
    "Axis",
    "Batches",
    "Column",
    "CorruptedView",
    "DynamicMasks",
    "Instances",
    "MaskedInput",
    "MaskedView",
    "MaskingCollator",
    "Masks",
    "Padding",
    "Ragged",
    "Rows",
    "StaticMasks",
    "View",
    "add_words",
    "check_labels",
    "coarse_pad",
    "masks_of",
    "read_references",
    "to_tensors",
    "view_of",
]
