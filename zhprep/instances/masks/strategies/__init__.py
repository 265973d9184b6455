"""Mask strategies: which tokens are chosen.

In: word indices and offsets of a flat batch and a key per instance. Out: sorted positions. A
strategy never sees a token id, so it cannot change one; special tokens are never chosen.
"""

from __future__ import annotations

from collections.abc import Callable

from zhprep.core import rng
from zhprep.instances.config import InstancesConfig
from zhprep.instances.masks.strategies.char import char
from zhprep.instances.masks.strategies.chinesebert import chinesebert
from zhprep.instances.masks.strategies.entity import entity
from zhprep.instances.masks.strategies.mac import mac
from zhprep.instances.masks.strategies.ngram import ngram
from zhprep.instances.masks.strategies.pert import pert
from zhprep.instances.masks.strategies.span import span
from zhprep.instances.masks.strategies.wwm import wwm
from zhprep.instances.masks.words import Choice, Words

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
