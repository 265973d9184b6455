"""Runs of stops with what clings to them, as one loop over kinds of characters, to be compiled (``core.compiled``).

In: the kind of each character. Out: the arrays of :class:`runs.Runs`.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from zhprep.core.compiled import Signature
from zhprep.normalize.marks import DOT, ELLIPSIS, EXTENDER

SIGNATURE = Signature(
    *("uint8*", "int64"),  # kinds, and how many
    *("int64*", "int64*", "int64*", "uint8*", "int64*"),  # what is written of each run: see Runs
    "int64*",  # how many runs there are
)
"""Types of the arguments of :func:`find`."""

Int: TypeAlias = Any


def find(kinds: Any, size: Int, first: Any, last: Any, after: Any, strongest: Any, n_stops: Any, count: Any) -> None:
    """Write where each run has its first and its last stop and where it is over, its strongest stop and how many."""
    n_runs = place = np.int64(0)
    while place < size:
        begin = end = place
        most, stops = np.int64(0), np.int64(0)
        while place < size and kinds[place] >= EXTENDER:
            kind = np.int64(kinds[place])
            if kind >= DOT:
                begin = place if stops == 0 else begin
                end = place
                stops += 1
                most = max(most, kind)
            place += 1
        if stops:
            first[n_runs], last[n_runs], after[n_runs], n_stops[n_runs] = begin, end, place, stops
            strongest[n_runs] = ELLIPSIS if most == DOT and stops > 1 else most
            n_runs += 1
        place += 1
    count[0] = n_runs
