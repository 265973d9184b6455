"""Corruptions: a source and a target of an instance, for models that write.

``strategies`` are the corruptions, by name; ``corrupting`` applies those that the settings name to a batch.
"""

from __future__ import annotations

from zhprep.instances.corruptions.corrupted import Corrupted
from zhprep.instances.corruptions.corrupting import check_plain, corrupt_batch, in_order
from zhprep.instances.corruptions.strategies import ALONE, CONTINUED, CORRUPTIONS
from zhprep.instances.corruptions.token_ids import marks_of, sentinels_of

__all__ = [
    "ALONE",
    "CONTINUED",
    "CORRUPTIONS",
    "Corrupted",
    "check_plain",
    "corrupt_batch",
    "in_order",
    "marks_of",
    "sentinels_of",
]
