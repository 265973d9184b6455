"""The words of instances, as one loop over tokens, to be compiled (``core.compiled``).

In: the number of the word of each token. Out: where each word starts and stops and which each instance has, as
:attr:`words.Words.units` finds them by arrays.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from zhprep.core.compiled import Signature

SIGNATURE = Signature("int16*", "int64*", "int64", "int64*", "int64*", "int64*")
"""Types of the arguments of :func:`find`: word numbers, where instances begin and the last ends, how many there are,
and what is written."""

Int: TypeAlias = Any


def find(word_ids: Any, offsets: Any, n_instances: Int, starts: Any, stops: Any, units: Any) -> None:
    """Write where words start and stop, the first at place 1 of ``starts`` and ``stops``, and the ``units`` before each
    instance, int64[B + 1]."""
    n_units = units[0] = np.int64(0)
    for instance in range(n_instances):
        before = np.int64(-1)
        for token in range(offsets[instance], offsets[instance + 1]):
            word = np.int64(word_ids[token])
            opens = (word != before) & (word >= 0)
            n_units += np.int64(opens)
            starts[n_units] = token if opens else starts[n_units]
            stops[n_units] = token + 1 if word >= 0 else stops[n_units]
            before = word
        units[instance + 1] = n_units
