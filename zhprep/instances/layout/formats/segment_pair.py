"""``segment-pair``: two segments of several sentences each (BERT, arXiv 1810.04805 §A.2).

A document is walked in chunks of about the target length: the full length, or for a share of the
documents a random shorter one. How chunks become pairs, and where this differs from google-research/bert,
is said in :mod:`zhprep.instances.layout.walk`.
"""

from __future__ import annotations

import numpy as np

from zhprep.core import rng
from zhprep.core.ragged import Ints
from zhprep.instances.layout.walk import walked
from zhprep.instances.layout.window import Pieces, Plan, Window


def segment_pair(window: Window, plan: Plan) -> Pieces:
    """Return pairs of segments; every document is used up."""
    return walked(window, plan, document_targets(window, plan))


def document_targets(window: Window, plan: Plan) -> Ints:
    """Return the target length of every fresh document, without special tokens."""
    room = plan.config.max_length - 3
    keys = rng.keys(plan.config.seed, "short", plan.block, window.numbers[window.fresh :])
    short = rng.chance(rng.bits(keys, 0), plan.config.short_seq_prob)
    return np.where(short, 2 + rng.below(rng.bits(keys, 1), room - 1), room)
