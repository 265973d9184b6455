"""Which instances are held out: a rule of the instance's own number, the same for every run on the data.

Where make-instances set validation documents apart (``--split apart``), their instances are held out. Otherwise an
instance is held out when a hash of its ``instance_id`` falls below the share; static duplicates are held out together.
So that little data still gives a figure, the share is raised to about 64 instances, but to no more than a tenth of all.
Neighbouring instances of one document may then fall on both sides.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zhprep.collate.rows import Integers
from zhprep.collate.stored import Instances
from zhprep.core import rng
from zhprep.instances.layout import is_validation

LEAST = 64
MOST_SHARE = 0.1


def split(instances: Instances, share: float) -> tuple[npt.NDArray[np.uint32], Integers]:
    """Return the row numbers to train on (uint32) and those held out (int64), both ascending.

    With a share of 0 nothing is held out. Otherwise at least one row is, and at least one is not.
    """
    n_rows = len(instances)
    if share <= 0 or n_rows < 2:
        return np.arange(n_rows, dtype=np.uint32), np.zeros(0, np.int64)
    share = max(share, min(MOST_SHARE, LEAST / n_rows))
    apart = np.concatenate([is_validation(numbers) for numbers in instances.plain_chunks("instance_id")])
    if apart.any() and not apart.all():
        return np.flatnonzero(~apart).astype(np.uint32), np.flatnonzero(apart)
    key = rng.keys(0, "held-out")
    draws = [rng.bits(key, numbers) for numbers in instances.plain_chunks("instance_id")]
    held = np.concatenate([rng.chance(draw, share) for draw in draws])
    if not held.any() or held.all():
        every = np.concatenate(draws)
        held = every == every.min()
    return np.flatnonzero(~held).astype(np.uint32), np.flatnonzero(held)
