"""Mask strategies: which tokens are chosen.

In: word indices and offsets of a flat batch and a key per instance. Out: sorted positions. A
strategy never sees a token id, so it cannot change one; special tokens are never chosen.
"""

from __future__ import annotations

from collections.abc import Callable

from zhprep.core import rng
from zhprep.instances.config import InstancesConfig
from zhprep.instances.masks.char import char
from zhprep.instances.masks.chinesebert import chinesebert
from zhprep.instances.masks.entity import entity
from zhprep.instances.masks.mac import mac
from zhprep.instances.masks.ngram import ngram
from zhprep.instances.masks.pert import pert
from zhprep.instances.masks.span import span
from zhprep.instances.masks.wwm import wwm
from zhprep.instances.words import Choice, Words

Strategy = Callable[[Words, rng.Bits, InstancesConfig], Choice]

STRATEGIES: dict[str, Strategy] = {
    "char": char,
    "wwm": wwm,
    "ngram": ngram,
    "mac": mac,
    "span": span,
    "entity": entity,
    "chinesebert": chinesebert,
    "pert": pert,
}
