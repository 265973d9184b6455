"""Count what the masks of instances are like: rates, sizes of words, runs, kinds, places, labels, lengths.

In: record batches of the ``instances`` table. Out: figures that can be added up, for
:mod:`zhprep.instances.inspect.lint` and :mod:`zhprep.instances.inspect.statistics`.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zhprep.core import rng
from zhprep.core.ragged import Ints
from zhprep.instances.config import InstancesConfig
from zhprep.instances.masks import KEEP, KINDS, MASK, RANDOM, UNPAIRED, Flat, Masked, TokenFacts, Units, budget_of

SIZES, RUNS, PARTS, BINS = 8, 12, 10, 20
"""Classes of word sizes and of runs (the last holds all longer ones), parts of an instance, classes of lengths."""

LABELS = ("next_sentence_label", "sentence_order_label")


@dataclasses.dataclass
class Figures:
    """Counts over instances. ``words``, ``chosen_words`` and ``broken_words`` are by size in tokens, from 1; ``runs``
    by words chosen in a row; ``kinds`` counts tokens and ``draws`` what was drawn once (tokens, words or spans);
    ``parts`` counts chosen words by where in the instance they stand; ``faults`` are things that must not be."""

    instances: int = 0
    tokens: int = 0
    chosen: int = 0
    allowed: int = 0
    words: Ints = dataclasses.field(default_factory=lambda: np.zeros(SIZES, np.int64))
    chosen_words: Ints = dataclasses.field(default_factory=lambda: np.zeros(SIZES, np.int64))
    broken_words: Ints = dataclasses.field(default_factory=lambda: np.zeros(SIZES, np.int64))
    runs: Ints = dataclasses.field(default_factory=lambda: np.zeros(RUNS, np.int64))
    kinds: Ints = dataclasses.field(default_factory=lambda: np.zeros(len(KINDS), np.int64))
    draws: Ints = dataclasses.field(default_factory=lambda: np.zeros(len(KINDS), np.int64))
    parts: Ints = dataclasses.field(default_factory=lambda: np.zeros(PARTS, np.int64))
    lengths: Ints = dataclasses.field(default_factory=lambda: np.zeros(BINS, np.int64))
    labels: dict[str, Ints] = dataclasses.field(default_factory=dict)
    faults: dict[str, int] = dataclasses.field(default_factory=dict)

    def add(self, other: Figures) -> None:
        """Add the figures of ``other`` to these."""
        for field in dataclasses.fields(self):
            ours, theirs = getattr(self, field.name), getattr(other, field.name)
            if isinstance(ours, dict):
                for name, value in theirs.items():
                    ours[name] = ours.get(name, 0) + value
            else:
                setattr(self, field.name, ours + theirs)


def figures_of(flat: Flat, masked: Masked, config: InstancesConfig, facts: TokenFacts) -> Figures:
    """Return the figures of ``masked``, which are masks of the clean instances ``flat``."""
    units = flat.words.units
    limits = budget_of(config, flat.words, units, rng.keys(config.seed, "mask", 0, flat.instance_ids))
    faults = _faults(flat, masked, facts)
    if not limits.in_units and config.mask != "chinesebert":
        faults["instances over their budget"] = int((np.diff(masked.offsets) > limits.limits).sum())
    hit = np.zeros(len(flat.input_ids), np.bool_)
    hit[masked.positions[masked.positions < len(hit)]] = True
    running = np.concatenate([[0], np.cumsum(hit)])
    in_unit = running[units.starts + units.sizes] - running[units.starts]
    chosen = in_unit > 0
    size = np.minimum(units.sizes, SIZES) - 1
    places = units.ordinals * PARTS // np.repeat(np.maximum(units.counts, 1), units.counts)
    return Figures(
        instances=len(flat.instance_ids),
        tokens=len(flat.input_ids),
        chosen=len(masked.positions),
        allowed=0 if limits.in_units else int(limits.limits.sum()),
        words=np.bincount(size, minlength=SIZES),
        chosen_words=np.bincount(size[chosen], minlength=SIZES),
        broken_words=np.bincount(size[chosen & (in_unit < units.sizes)], minlength=SIZES),
        runs=_runs(units, np.flatnonzero(chosen)),
        kinds=np.bincount(masked.kinds, minlength=len(KINDS)),
        draws=_draws(flat, masked, config),
        parts=np.bincount(places[chosen], minlength=PARTS),
        lengths=_lengths(flat.words.lengths, config.max_length),
        faults={name: n for name, n in faults.items() if n},
    )


def label_counts(batch: pa.RecordBatch) -> dict[str, Ints]:
    """Return how often each sentence-level label is 0 and 1."""
    return {name: np.bincount(batch[name].to_numpy(), minlength=2)[:2] for name in LABELS if name in batch.schema.names}


def _faults(flat: Flat, masked: Masked, facts: TokenFacts) -> dict[str, int]:
    """Count what must never be, whatever the settings are."""
    positions = masked.positions
    inside = positions < np.repeat(flat.offsets[1:], np.diff(masked.offsets))
    firsts = np.zeros(len(positions), np.bool_)
    firsts[masked.offsets[:-1][np.diff(masked.offsets) > 0]] = True
    at = np.minimum(positions, max(len(flat.input_ids) - 1, 0))
    now, before = masked.input_ids[at], flat.input_ids[at]
    random = (masked.kinds == RANDOM) | (masked.kinds == UNPAIRED)
    return {
        "positions beyond the instance": int((~inside).sum()),
        "positions not in order": int((np.diff(positions, prepend=-1) <= 0)[~firsts].sum()),
        "special tokens chosen": int((flat.word_ids[at] < 0).sum()),
        "tokens said to be masked that are not": int((now[masked.kinds == MASK] != facts.mask).sum()),
        "tokens said to be kept that are not": int((now != before)[masked.kinds == KEEP].sum()),
        "random tokens that must not be drawn": int((~np.isin(now[random], facts.pool)).sum()),
    }


def _runs(units: Units, chosen: Ints) -> Ints:
    """Return how many runs there are of 1, 2, 3, … chosen words (``int64[C]``, ordinals in the batch) in a row, within
    a segment: ``int64[RUNS]``."""
    ends = units.segment_ends[chosen]
    new = np.diff(chosen, prepend=-2) != 1
    new[1:] |= ends[1:] != ends[:-1]
    sizes = np.diff(np.flatnonzero(new), append=len(chosen))
    return np.bincount(np.minimum(sizes, RUNS) - 1, minlength=RUNS)


def _draws(flat: Flat, masked: Masked, config: InstancesConfig) -> Ints:
    """Return how often each kind was drawn, ``int64[K]``: once for each token, word, or run of words (span)."""
    per = config.per if config.replacing != "similar" or config.per == "span" else "word"
    if per == "token":
        return np.bincount(masked.kinds, minlength=len(KINDS))
    at = np.minimum(masked.positions, max(len(flat.input_ids) - 1, 0))
    new = np.diff(masked.positions, prepend=-2) != 1
    if per == "word":
        new |= np.diff(flat.word_ids[at].astype(np.int64), prepend=-2) != 0
    return np.bincount(masked.kinds[new], minlength=len(KINDS))


def _lengths(lengths: Ints, most: int) -> npt.NDArray[np.int64]:
    """Return how many of ``lengths`` (``int64[B]``, up to ``most``) are in each bin: ``int64[BINS]``."""
    return np.bincount(np.minimum(np.maximum(lengths - 1, 0) * BINS // most, BINS - 1), minlength=BINS)
