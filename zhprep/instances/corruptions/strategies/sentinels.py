"""``sentinels``: each span becomes a sentinel of its own; the target names them again, each with its words (T5,
arXiv 1910.10683 §3.1.4).

    source  [CLS] 使 用 <X> 来 预 测 <Y> 的 概 率 。 [SEP]
    target  <X> 语 言 模 型 <Y> 下 一 个 词 <Z> [SEP]

The spans are those of T5's ``random_spans_noise_mask``, in words (in tokens with ``--mask char``): ``rate`` of the
words are noise, in spans of ``span_mean`` words on average; noise and rest are each divided at random into as many
parts, which take turns, the rest first. A span that runs into a special token ends there.
"""

from __future__ import annotations

import dataclasses
from typing import TypeAlias

import numpy as np

from zhprep.core import rng
from zhprep.core.errors import UsageError
from zhprep.core.ragged import Array, Ints, offsets_of, ranges
from zhprep.instances.config import InstancesConfig
from zhprep.instances.corruptions.corrupted import Conditions, Corrupted
from zhprep.instances.corruptions.urns import divide
from zhprep.instances.masks import Units

NOISE, REST = 1 << 40, 1 << 41
"""Indices of the first draws that divide the noise and the rest."""

Spans: TypeAlias = tuple[Ints, Ints, Ints]
"""The first word of each span, the word after its last, and how many there are in each instance, ``int64[B]``."""


def sentinels(text: Corrupted, conditions: Conditions) -> Corrupted:
    """Replace spans of every instance by sentinels, which the target explains.

    Raises ``UsageError`` when the vocabulary has too few of them for the longest instance.
    """
    config, units = conditions.config, conditions.units(text)
    ids = _enough(conditions, int(units.counts.max(initial=config.max_length - 2)))
    starts, ends, counts = noise_spans(units, conditions.keys("sentinels", text), config)
    numbers = np.arange(len(starts)) - np.repeat(np.cumsum(counts) - counts, counts)
    source = text.with_spans(units, starts, ends, ids[numbers])
    labels, label_offsets = _target(text, units, (starts, ends, counts), ids)
    return dataclasses.replace(source, labels=labels, label_offsets=label_offsets)


def noise_spans(units: Units, keys: rng.Bits, config: InstancesConfig) -> Spans:
    """Return the spans that become sentinels."""
    noise, parts = _amounts(units.counts, config)
    noise_sizes = divide(keys, NOISE, noise, parts)
    both = noise_sizes + divide(keys, REST, units.counts - noise, parts)
    running = offsets_of(both)
    ends = running[1:] + np.repeat(units.offsets[:-1] - running[offsets_of(parts)[:-1]], parts)
    starts = ends - noise_sizes
    return starts, np.minimum(ends, units.segment_ends[starts]), parts


def _amounts(units: Ints, config: InstancesConfig) -> tuple[Ints, Ints]:
    """Return how many of so many units (``int64[B]``) are noise, and in how many spans, ``int64[B]`` each: at least one
    of both where there are two."""
    noise = np.minimum(np.maximum(np.rint(units * config.mask_prob), 1), np.maximum(units - 1, 0)).astype(np.int64)
    spans = np.maximum(np.rint(noise / config.span_mean), 1).astype(np.int64)
    return noise, np.minimum(spans, np.minimum(noise, units - noise))


def _enough(conditions: Conditions, most_units: int) -> Ints:
    """Return the sentinels, ``int64[N]``, checked to be as many as instances of up to ``most_units`` units need."""
    ids = conditions.facts.sentinels
    needed = int(_amounts(np.arange(most_units + 1), conditions.config)[1].max()) + 1
    if ids is None or len(ids) < needed:
        raise UsageError(
            f"the vocabulary has {0 if ids is None else len(ids)} sentinels (<extra_id_N> or [unusedN]); "
            f"instances of this length need up to {needed}",
            hint=f"zhprep build-vocab --unused {needed}, or a smaller --max-length or --mask-prob",
        )
    return ids


def _target(text: Corrupted, units: Units, spans: Spans, ids: Ints) -> tuple[Array, Ints]:
    """Return the targets, ``[L]``, and their offsets, ``int64[B + 1]``: per span its sentinel (of ``ids`` ``int64[N]``)
    and its tokens, then one more sentinel and the last special token."""
    starts, ends, counts = spans
    firsts = units.starts[starts]
    sizes = units.starts[ends - 1] + units.sizes[ends - 1] - firsts
    closing = np.maximum(text.offsets[1:] - 1, 0)
    closed = np.zeros(len(counts), np.bool_)
    full = text.words.lengths > 0
    closed[full] = text.word_ids[closing[full]] < 0
    span_ends = np.cumsum(counts)
    pieces = np.insert(sizes, span_ends, closed)  # what follows each sentinel
    begins = offsets_of(pieces + 1)
    offsets = begins[np.append(0, span_ends + np.arange(1, len(counts) + 1))]
    labels = np.empty(int(begins[-1]), text.input_ids.dtype)
    numbers = np.arange(len(pieces)) - np.repeat(np.cumsum(counts + 1) - counts - 1, counts + 1)
    labels[begins[:-1]] = ids[numbers]
    is_span = np.ones(len(pieces), np.bool_)
    is_span[span_ends + np.arange(len(counts))] = False
    labels[ranges(begins[:-1][is_span] + 1, sizes)] = text.input_ids[ranges(firsts, sizes)]
    labels[offsets[1:][closed] - 1] = text.input_ids[closing[closed]]
    return labels, offsets
