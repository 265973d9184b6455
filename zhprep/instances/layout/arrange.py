"""The order of the instances of a window: shuffled, or sorted into bins of like length.

In: pieces. Out: the order. Instances keep their ids, so that they have the same masks wherever they stand.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from zhprep.core import rng
from zhprep.core.ragged import Ints, ranges
from zhprep.instances.layout.window import Pieces, Plan


def order_of(pieces: Pieces, plan: Plan) -> Ints | None:
    """Return the order that the settings ask for, None to leave all as it is."""
    if not plan.config.shuffle and plan.config.bin_size is None:
        return None
    order = np.arange(pieces.n_instances)
    if plan.config.shuffle:
        order = np.argsort(rng.keys(plan.config.seed, "shuffle", plan.first_id + order), kind="stable")
    if plan.config.bin_size is not None:
        counts = np.bincount(pieces.instances, minlength=pieces.n_instances)
        lengths = np.bincount(pieces.instances, pieces.stops - pieces.starts, pieces.n_instances) + counts + 1
        bins = (lengths.astype(np.int64) - 1) // plan.config.bin_size
        order = order[np.argsort(bins[order], kind="stable")]
    return order


def arranged(pieces: Pieces, order: Ints) -> Pieces:
    """Return the pieces of the instances in ``order``, numbered anew."""
    counts = np.bincount(pieces.instances, minlength=pieces.n_instances)
    starts = np.cumsum(counts) - counts
    rows = ranges(starts[order], counts[order])
    return dataclasses.replace(
        pieces,
        instances=np.repeat(np.arange(len(order)), counts[order]),
        starts=pieces.starts[rows],
        stops=pieces.stops[rows],
        segments=None if pieces.segments is None else pieces.segments[rows],
        languages=None if pieces.languages is None else pieces.languages[rows],
        labels={name: values[order] for name, values in pieces.labels.items()},
    )
