"""Sentinels: the ids that stand for the spans of a text (T5, arXiv 1910.10683 §3.1.4).

In: a vocabulary. Out: ids in the order of their use. T5's own entries ``<extra_id_0>``, ``<extra_id_1>``, … are taken
if there are any, else the free slots ``[unusedN]`` from the highest number down.
"""

from __future__ import annotations

import re

import numpy as np

from zhprep.core.ragged import Ints
from zhprep.vocab import Vocabulary

_EXTRA = re.compile(r"<extra_id_(\d+)>")
_UNUSED = re.compile(r"[\[<]unused(\d+)[\]>]")


def sentinels_of(vocabulary: Vocabulary) -> Ints:
    """Return the ids of the sentinels, ``int64[N]``; none if the vocabulary has no entries for them."""
    extra, unused = _numbered(vocabulary, _EXTRA), _numbered(vocabulary, _UNUSED)
    return np.array([id_ for _, id_ in extra or unused[::-1]], np.int64)


def _numbered(vocabulary: Vocabulary, pattern: re.Pattern[str]) -> list[tuple[int, int]]:
    """Return number and id of the entries of a pattern, by number."""
    found = ((pattern.fullmatch(token), id_) for id_, token in enumerate(vocabulary.tokens))
    return sorted((int(match[1]), id_) for match, id_ in found if match)
