"""Are corrupted instances what their settings say? And what are they like?

In: instances, corrupted on disk or clean, and the settings in their manifest. Out: what is wrong, in words, and
figures.

What is on disk is undone and drawn once more, and must come out the same to the token. The sources are held to what
must be whatever is drawn. How much was changed is compared with other draws over the same instances, within five
standard deviations.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from zhprep.core.ragged import Bools, Ints, offsets_of, ranges, rows_of
from zhprep.instances.config import InstancesConfig
from zhprep.instances.corruptions import Corrupted, corrupt_batch
from zhprep.instances.inspect.lint import OTHER, SIGMAS
from zhprep.instances.inspect.restore import restore_corrupted, restore_masked
from zhprep.instances.masks import Flat, TokenFacts


@dataclasses.dataclass
class Sides:
    """Counts over instances: tokens of the texts, of sources and of targets, the specials among the first, those of the
    text that no longer stand in the source, and those put in. ``more`` and ``squares`` compare what was changed with
    other draws; ``given`` are tokens of prefixes; ``faults`` are things that must not be."""

    instances: int = 0
    tokens: int = 0
    special: int = 0
    source_tokens: int = 0
    target_tokens: int = 0
    changed: int = 0
    put_in: int = 0
    given: int = 0
    more: int = 0
    squares: int = 0
    faults: dict[str, int] = dataclasses.field(default_factory=dict)

    def problems(self) -> Iterator[str]:
        """Yield what is wrong, in words."""
        for fault, n in self.faults.items():
            if n:
                yield f"{fault}: {n:,}"
        if abs(self.more) > SIGMAS * math.sqrt(self.squares) + 1:
            yield f"{self.changed:,} tokens were changed, {self.more:+,} against other draws of the same settings"

    def statistics(self) -> dict[str, Any]:
        """Return the figures as plain values, shares rounded to five places."""
        figures = {
            "instances": self.instances,
            "tokens": self.tokens,
            "source_tokens": self.source_tokens,
            "target_tokens": self.target_tokens,
            "changed_share": _ratio(self.changed, self.tokens - self.special),
            "put_in_share": _ratio(self.put_in, self.source_tokens),
            "source_share": _ratio(self.source_tokens, self.tokens),
        }
        return figures | ({"prefix_share": _ratio(self.given, self.tokens)} if self.given else {})


def lint_corrupted(batches: Iterable[pa.RecordBatch], config: InstancesConfig, facts: TokenFacts) -> Sides:
    """Return the figures of instances (of epoch 0, if they are clean) and what must not be and is."""
    facts = dataclasses.replace(facts, never_text=None)  # what is not as it should be is counted here, not refused
    sides = Sides()
    for batch in batches:
        if "labels" not in batch.schema.names:
            flat, _ = restore_masked(batch, config)
            _add(sides, flat, corrupt_batch(flat, config, facts), config, facts)
            continue
        flat, rows = restore_corrupted(batch, facts.sentinels if config.corruption == ("sentinels",) else None)
        _fault(sides, "instances that cannot be put together again", len(batch) - len(rows))
        dupes = batch["dupe"].to_numpy()[rows]
        for dupe in np.unique(dupes).tolist():
            part = np.flatnonzero(dupes == dupe)
            clean = _rows(flat, part)
            text = corrupt_batch(clean, config, facts, dupe)
            _fault(sides, "instances that are not as drawn", _differing(batch.take(pa.array(rows[part])), text))
            _add(sides, clean, text, config, facts, dupe)
    return sides


def _rows(flat: Flat, rows: Ints) -> Flat:
    """Return the instances ``rows`` (``int64[R]``) of ``flat``."""
    sizes = np.diff(flat.offsets)[rows]
    tokens = ranges(flat.offsets[:-1][rows], sizes)
    return Flat(flat.input_ids[tokens], flat.word_ids[tokens], offsets_of(sizes), flat.instance_ids[rows])


def _differing(batch: pa.RecordBatch, text: Corrupted) -> int:
    """Count the rows whose source or target is another than that of ``text``."""
    same = np.ones(len(batch), np.bool_)
    for name, values, offsets in (
        ("input_ids", text.input_ids, text.offsets),
        ("labels", text.labels, text.label_offsets),
    ):
        found, there = batch[name].flatten().to_numpy(), rows_of(batch[name])
        sizes = np.diff(offsets)
        same &= sizes == np.diff(there)
        common = np.where(same, sizes, 0)
        equal = found[ranges(there[:-1], common)] == values[ranges(offsets[:-1], common)]
        same &= np.diff(offsets_of(equal)[offsets_of(common)]) == common
    if text.prefix_lengths is not None:
        same &= batch["prefix_length"].to_numpy() == text.prefix_lengths
    return int((~same).sum())


def _add(sides: Sides, flat: Flat, text: Corrupted, config: InstancesConfig, facts: TokenFacts, dupe: int = 0) -> None:
    of_the_text = _of_the_text(flat, text)
    changed = _changed(flat, text, of_the_text)
    other = corrupt_batch(flat, config, facts, OTHER + dupe)
    more = changed - _changed(flat, other, _of_the_text(flat, other))
    sides.instances += len(flat.instance_ids)
    sides.tokens += len(flat.input_ids)
    sides.special += int((flat.word_ids < 0).sum())
    sides.source_tokens += len(text.input_ids)
    sides.target_tokens += len(text.labels)
    sides.changed += int(changed.sum())
    sides.put_in += int((~of_the_text).sum())
    sides.given += 0 if text.prefix_lengths is None else int(text.prefix_lengths.sum())
    sides.more += int(more.sum())
    sides.squares += int((more**2).sum())
    for fault, n in _faults(flat, text, ~of_the_text, config, facts).items():
        _fault(sides, fault, n)


def _of_the_text(flat: Flat, text: Corrupted) -> Bools:
    """Return True for the tokens of the sources that are those of the text at their origin, ``bool[S]``."""
    origins = np.maximum(text.origins, 0) + np.repeat(flat.offsets[:-1], np.diff(text.offsets))
    same: Bools = (text.origins >= 0) & (flat.input_ids[origins] == text.input_ids)
    return same


def _changed(flat: Flat, text: Corrupted, of_the_text: Bools) -> Ints:
    """Return how many tokens of each text no longer stand in its source, ``int64[B]``."""
    return np.diff(flat.offsets) - np.diff(offsets_of(of_the_text)[text.offsets])


def _faults(flat: Flat, text: Corrupted, put_in: Bools, config: InstancesConfig, facts: TokenFacts) -> dict[str, int]:
    """Count what must never be, whatever is drawn; ``put_in`` ``bool[S]`` are the tokens of sources that are not of the
    text."""
    special = flat.word_ids < 0
    still = text.word_ids < 0
    strange = put_in & (text.input_ids != facts.mask)
    if config.corruption == ("sentinels",) and facts.sentinels is not None:
        strange &= ~np.isin(text.input_ids, facts.sentinels)
    if "mask" in config.corruption:
        strange &= ~np.isin(text.input_ids, facts.pool)
    whole = np.bincount(text.origins[text.origins >= 0] + _bases(flat, text), minlength=len(flat.input_ids))
    return {
        "special tokens lost or added": abs(int(special.sum()) - int(still.sum())),
        "tokens that the text does not have": int(strange.sum()),
        "tokens of the text that stand twice": int((whole > 1).sum()),
    }


def _bases(flat: Flat, text: Corrupted) -> Ints:
    """Return where the instance of each token of the sources that has an origin begins in ``flat``, ``int64[O]``."""
    return np.repeat(flat.offsets[:-1], np.diff(text.offsets))[text.origins >= 0]


def _fault(sides: Sides, what: str, n: int) -> None:
    sides.faults[what] = sides.faults.get(what, 0) + n


def _ratio(part: int, whole: int) -> float:
    return round(part / whole, 5) if whole else 0.0
