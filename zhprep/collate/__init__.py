"""From rows of instances to tensors: dynamic masks, padding; ours and Hugging Face's way.

In: rows of the ``instances`` table as flat arrays (:class:`Rows`). Out: a batch as :mod:`zhprep.models` takes it.
"""

from __future__ import annotations

from zhprep.collate.chinese_ref import add_words, read_references
from zhprep.collate.hugging_face import MaskingCollator
from zhprep.collate.masks import DynamicMasks, Masked, Masks, StaticMasks, masks_of
from zhprep.collate.rows import Ragged, Rows
from zhprep.collate.tensors import to_tensors

__all__ = [
    "DynamicMasks",
    "Masked",
    "MaskingCollator",
    "Masks",
    "Ragged",
    "Rows",
    "StaticMasks",
    "add_words",
    "masks_of",
    "read_references",
    "to_tensors",
]
