"""Codes of code points and the runs among them, as one loop to be compiled (``core.compiled``).

In: code points and the code of each. Out: what a :class:`cut.Cut` holds, for codes of 16 bits.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from zhprep.core.compiled import Signature

SIGNATURE = Signature(
    *("uint32*", "int64*", "int64"),  # code points, where sentences begin and the last ends, how many these are
    *("uint16*", "int64", "int64"),  # the codes of all code points, that of those not yet seen, that of runs
    *("uint16*", "int64*", "int64*", "int64*"),  # what is written: codes, where runs start and stop, counts
)
"""Types of the arguments of :func:`cut`."""

N_RUNS, N_UNSEEN = range(2)
"""Where the counts are written."""

Int: TypeAlias = Any


def cut(
    points: Any, offsets: Any, n_sentences: Int, table: Any, unseen: Int, run: Int, codes: Any, starts: Any, stops: Any,
    counts: Any,
) -> None:  # fmt: skip
    """Write the code of each code point and the runs of those that have the code ``run``, none across a sentence."""
    n_runs = n_unseen = np.int64(0)
    for sentence in range(n_sentences):
        inside = False
        for place in range(offsets[sentence], offsets[sentence + 1]):
            code = np.int64(table[points[place]])
            codes[place] = code
            n_unseen += np.int64(code == unseen)
            if (code == run) != inside:
                if inside:
                    stops[n_runs] = place
                    n_runs += 1
                else:
                    starts[n_runs] = place
                inside = not inside
        if inside:
            stops[n_runs] = offsets[sentence + 1]
            n_runs += 1
    counts[N_RUNS], counts[N_UNSEEN] = n_runs, n_unseen
