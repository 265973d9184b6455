"""Corruptions: what a denoising model reads, and what it is to write.

In: clean instances as sources that are their own targets. Out: corrupted sources, and targets. Those that are combined
are applied in the order of the dict, which is fairseq's; ``ALONE`` are those that make a target of their own.
"""

from __future__ import annotations

from collections.abc import Callable

from zhprep.instances.corruptions.corrupted import Conditions, Corrupted
from zhprep.instances.corruptions.strategies.causal import causal
from zhprep.instances.corruptions.strategies.delete import delete
from zhprep.instances.corruptions.strategies.infill import infill
from zhprep.instances.corruptions.strategies.mask import mask
from zhprep.instances.corruptions.strategies.permute import permute
from zhprep.instances.corruptions.strategies.prefix import prefix
from zhprep.instances.corruptions.strategies.rotate import rotate
from zhprep.instances.corruptions.strategies.sentinels import sentinels

Corruption = Callable[[Corrupted, Conditions], Corrupted]

CORRUPTIONS: dict[str, Corruption] = {
    "permute": permute,
    "mask": mask,
    "delete": delete,
    "infill": infill,
    "rotate": rotate,
    "sentinels": sentinels,
    "prefix": prefix,
    "causal": causal,
}

ALONE = ("sentinels", "prefix", "causal")
"""Corruptions that go with no other."""

CONTINUED = ("prefix", "causal")
"""Corruptions that leave the text as it is: the target follows it, place by place."""
