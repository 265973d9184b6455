"""``similar``: 80 % a similar word, 10 % a random one, 10 % unchanged; no mask token (MacBERT, arXiv 2004.13922).

One draw decides for a whole word (or span). The similar word has as many tokens, all in the vocabulary, and
is another word. A word of which the table knows none gets random tokens, marked with a code of its
own so that its share can be bounded.
"""

from __future__ import annotations

import numpy as np

from zhprep.core import rng
from zhprep.core.errors import UsageError
from zhprep.core.ragged import ranges
from zhprep.instances.config import InstancesConfig
from zhprep.instances.masks.drawing import (
    SIMILAR,
    UNPAIRED,
    Chosen,
    Replaced,
    TokenFacts,
    draw_kinds,
    draw_tokens,
    replaced,
)

RATIOS = (0.8, 0.1, 0.1)
WHICH = 1 << 40
"""Added to the index of a word to draw which of its similar words it gets."""


def similar(chosen: Chosen, config: InstancesConfig, facts: TokenFacts) -> Replaced:
    """Return what stands in the chosen places; raises ``UsageError`` without a table of similar words."""
    table = facts.similar
    if table is None:
        raise UsageError("the replacement 'similar' needs a table of similar words", hint="give --similar-words FILE")
    kinds = draw_kinds(chosen, config.ratios or RATIOS, "span" if config.per == "span" else "word", first=SIMILAR)
    starts, sizes = chosen.runs()
    wanted = kinds[starts] == SIMILAR
    starts, sizes = starts[wanted], sizes[wanted]
    rows = table.find(chosen.ids, starts, sizes)
    known = rows >= 0
    kinds[ranges(starts[~known], sizes[~known])] = UNPAIRED
    result = replaced(chosen, kinds, facts)
    lost = np.flatnonzero(kinds == UNPAIRED)
    result.ids[lost] = draw_tokens(chosen, lost, facts.pool)
    starts, sizes, rows = starts[known], sizes[known], rows[known]
    draws = rng.bits(chosen.keys[starts], chosen.words[starts] + WHICH)
    result.ids[ranges(starts, sizes)] = table.pick(rows, draws)
    return result
