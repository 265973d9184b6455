"""How much of each instance is chosen: the budget rules, by name.

In: the units of a batch, keys and ``mask_prob``. Out: a limit per instance, in tokens or in units.

========== ============================================================ ==================================
rule       limit of an instance                                         who
========== ============================================================ ==================================
google     round-half-even(tokens, specials included, x prob), >= 1     BERT, ALBERT, ELECTRA
floor      floor(tokens x prob)                                         MacBERT's equation
ceil       ceil(tokens x prob)                                          SpanBERT, BART
words      max(floor(units x prob), 1) whole units                      ChineseBERT
bernoulli  as many units as fall below the prob, each on its own        ERNIE, ModernBERT
probabilistic  floor(units x prob + u), u uniform in [0, 1)             fairseq
========== ============================================================ ==================================
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

from zhprep.core import rng
from zhprep.core.ragged import Ints
from zhprep.core.registry import lookup
from zhprep.instances.config import InstancesConfig
from zhprep.instances.masks.words import Units, Words

ROUNDING = 1 << 40
"""Index of the draw that rounds a budget: beyond any unit of an instance."""


@dataclasses.dataclass(frozen=True)
class Budget:
    """``limits`` ``int64[B]``: the most that may be chosen, in tokens, or in units if ``in_units``."""

    limits: Ints
    in_units: bool = False


Rule = Callable[[Words, Units, rng.Bits, float], Budget]


def google(words: Words, _units: Units, _keys: rng.Bits, mask_prob: float) -> Budget:
    """Count tokens, specials included, rounded half to even, at least one."""
    return Budget(np.maximum(np.rint(words.lengths * mask_prob).astype(np.int64), 1))


def floor(words: Words, _units: Units, _keys: rng.Bits, mask_prob: float) -> Budget:
    """Count tokens, specials included, rounded down."""
    return Budget(np.floor(words.lengths * mask_prob).astype(np.int64))


def ceil(words: Words, _units: Units, _keys: rng.Bits, mask_prob: float) -> Budget:
    """Count tokens, specials included, rounded up."""
    return Budget(np.ceil(words.lengths * mask_prob).astype(np.int64))


def words(_words: Words, units: Units, _keys: rng.Bits, mask_prob: float) -> Budget:
    """Count units, rounded down, at least one."""
    return Budget(np.maximum(np.floor(units.counts * mask_prob).astype(np.int64), 1), in_units=True)


def bernoulli(_words: Words, units: Units, keys: rng.Bits, mask_prob: float) -> Budget:
    """Let every unit decide for itself.

    The limit is the number of units whose draw falls below ``mask_prob``. A strategy takes units in the
    order of the same draws, so that it takes just these.
    """
    hit = rng.chance(rng.bits_within(keys, units.offsets), mask_prob)
    total = np.zeros(len(hit) + 1, np.int64)
    np.cumsum(hit, out=total[1:])
    return Budget(np.diff(total[units.offsets]), in_units=True)


def probabilistic(_words: Words, units: Units, keys: rng.Bits, mask_prob: float) -> Budget:
    """Count units; the fraction is rounded up as often as it is large, so that the mean is exact."""
    exact = units.counts * mask_prob
    whole = np.floor(exact).astype(np.int64)
    uniform = (rng.bits(keys, ROUNDING) >> np.uint64(11)) * 2.0**-53
    return Budget(whole + (uniform < exact - whole), in_units=True)


BUDGETS: dict[str, Rule] = {
    "google": google,
    "floor": floor,
    "ceil": ceil,
    "words": words,
    "bernoulli": bernoulli,
    "probabilistic": probabilistic,
}


def budget_of(config: InstancesConfig, words: Words, units: Units, keys: rng.Bits) -> Budget:
    """Return the limits of a batch under the rule of ``config``, capped at ``max_predictions``."""
    budget = lookup(BUDGETS, config.budget, "budget rule")(words, units, keys, config.mask_prob)
    if config.max_predictions is None:
        return budget
    return Budget(np.minimum(budget.limits, config.max_predictions), budget.in_units)
