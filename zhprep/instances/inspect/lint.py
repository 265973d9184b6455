"""Do masks have the rates they say? Bounds of five standard deviations, and chi-square for histograms.

In: instances, masked on disk or clean, and the settings in their manifest. Out: what is wrong, in words; nothing if
all is well.

What a strategy should give is not derived but drawn: the same instances are masked once more under other keys
and the two are compared, so that every strategy, budget and length is held to its own rates.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import pyarrow as pa

from zhprep.core.ragged import Ints
from zhprep.instances.config import PARTS_OF_WORDS, InstancesConfig
from zhprep.instances.inspect.figures import Figures, figures_of, label_counts
from zhprep.instances.inspect.restore import coarse_faults, restore_masked
from zhprep.instances.masks import KEEP, RANDOM, RATIOS, TokenFacts, mask_batch

SIGMAS = 5.0
OTHER = 1 << 31
"""Epoch whose masks are the ones to compare with: no duplicate and no epoch has it."""

FORCED = ("pairs_without_next_text", "pairs_without_other_document")
"""Counts of the pairs whose sentence-level label could only be 1, or only 0."""

HISTOGRAMS = {
    "chosen_words": "sizes of chosen words",
    "runs": "runs of chosen words",
    "parts": "places of chosen words",
    "draws": "kinds of masks",
}
"""The figures that are compared class by class."""


@dataclasses.dataclass
class Findings:
    """The figures of the masks, those of the masks they are compared with, what is wrong, and what could not be checked
    (``notes``)."""

    found: Figures
    expected: Figures
    problems: list[str]
    notes: list[str]


def lint(
    batches: Iterable[pa.RecordBatch],
    config: InstancesConfig,
    facts: TokenFacts,
    counts: Mapping[str, int] | None = None,
) -> Findings:
    """Compare the masks of instances (those of epoch 0, if they are clean) with what the settings give.

    ``counts`` are those of the manifest's account: how many pairs there are whose label could not be drawn.
    """
    facts = dataclasses.replace(facts, never_text=None)  # what is not as it should be is counted here, not refused
    found, expected = Figures(), Figures()
    for dupe, batch in by_dupe(batches):
        flat, masked = restore_masked(batch, config)
        masked = masked or mask_batch(flat, config, facts)
        figures = figures_of(flat, masked, config, facts)
        figures.faults.update(coarse_faults(flat, masked, facts))
        figures.labels = {} if dupe else label_counts(batch)  # duplicates repeat what was drawn once
        found.add(figures)
        expected.add(figures_of(flat, mask_batch(flat, config, facts, OTHER + dupe), config, facts))
    problems, notes = list(_problems(found, expected, config)), []
    never_next, never_other = ((counts or {}).get(name, 0) for name in FORCED)
    for name, labels in found.labels.items():
        ones, n = int(labels[1]), int(labels.sum())
        free = n - never_next - never_other
        if free < 1:
            notes.append(f"{name}: no pair could be of both kinds, so it is not checked")
        elif abs(ones - never_next - free / 2) > SIGMAS * math.sqrt(free) / 2:
            problems.append(
                f"{name} is 1 in {ones:,} of {n:,} instances; it should be in half of the {free:,} that could be both"
            )
    return Findings(found, expected, problems, notes)


def by_dupe(batches: Iterable[pa.RecordBatch]) -> Iterator[tuple[int, pa.RecordBatch]]:
    """Yield the rows of each duplicate of each batch, with its number: each is to be compared with draws of its own."""
    for batch in batches:
        dupes = batch["dupe"].to_numpy() if "dupe" in batch.schema.names else np.zeros(len(batch), np.int64)
        for dupe in np.unique(dupes).tolist():
            rows = np.flatnonzero(dupes == dupe)
            yield dupe, batch if len(rows) == len(batch) else batch.take(pa.array(rows))


def _problems(found: Figures, expected: Figures, config: InstancesConfig) -> Iterator[str]:
    for fault, n in found.faults.items():
        yield f"{fault}: {n:,}"
    if config.mask not in PARTS_OF_WORDS and (n := int(found.broken_words.sum())):
        yield f"words chosen in part: {n:,}"
    if abs(found.chosen - expected.chosen) > _spread(found) + _spread(expected):
        yield f"{found.chosen:,} tokens are chosen, {_rate(found)}; {expected.chosen:,} should be, {_rate(expected)}"
    for name, what in HISTOGRAMS.items():
        ours, theirs = getattr(found, name), getattr(expected, name)
        statistic, bound = chi_square(ours, theirs)
        if statistic > bound:
            yield f"{what} differ: {_shares(ours)}; they should be {_shares(theirs)} (chi-square {statistic:,.0f})"
    yield from _kinds(found.draws, config)


def _kinds(draws: Ints, config: InstancesConfig) -> Iterator[str]:
    """Hold the shares of random and kept among ``draws`` (``int64[K]``, by kind) to the ratios themselves."""
    if config.replacing not in RATIOS or not (n := int(draws.sum())):
        return
    replaced, random, kept = config.ratios or RATIOS[config.replacing]
    if config.replacing == "random":
        random += replaced
    for kind, what, share in ((RANDOM, "random", random), (KEEP, "kept", kept)):
        if abs(int(draws[kind]) - n * share) > SIGMAS * math.sqrt(n * share * (1 - share)) + SIGMAS**2 / 3:  # Bernstein
            yield f"{int(draws[kind]) / n:.2%} of {n:,} draws are {what}; it should be {share:.2%}"


def chi_square(ours: Ints, theirs: Ints) -> tuple[float, float]:
    """Return chi-square of two histograms of the same thing, and what it exceeds in one of 3.5 million cases (5
    sigma)."""
    both = ours + theirs
    used = both > 0
    n, m = int(ours.sum()), int(theirs.sum())
    freedom = int(used.sum()) - 1
    if freedom < 1 or not n or not m:
        return 0.0, math.inf  # nothing to compare: how many there are is another check
    difference = math.sqrt(m / n) * ours[used] - math.sqrt(n / m) * theirs[used]
    bound = freedom * (1 - 2 / (9 * freedom) + SIGMAS * math.sqrt(2 / (9 * freedom))) ** 3  # Wilson and Hilferty
    return float((difference**2 / both[used]).sum()), bound


def _spread(figures: Figures) -> float:
    """Return five standard deviations of the chosen tokens if every word were chosen on its own: no strategy spreads
    more."""
    squares = (figures.chosen_words * np.arange(1, len(figures.words) + 1) ** 2).sum()
    return SIGMAS * math.sqrt(float(squares) + 1)


def _rate(figures: Figures) -> str:
    return f"{figures.chosen / max(figures.tokens, 1):.2%} of {figures.tokens:,}"


def _shares(counts: Ints) -> str:
    """Return counts ``int64[N]`` in per cent, as text."""
    return " ".join(f"{share:.1%}" for share in counts / max(int(counts.sum()), 1))
