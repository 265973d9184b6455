"""The slots of instances one after the other, as one loop over pieces and tokens, to be compiled (``core.compiled``).

In: pieces of a window. Out: which token goes to each slot, which slots are special and the number of the word in each,
as :func:`assemble.by_arrays` finds them. Integers are int64 for the compiler.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from zhprep.core.compiled import Signature

SIGNATURE = Signature(
    *(
        "int64*",
        "int64*",
        "uint8*",
        "uint8*",
        "int64",
    ),  # pieces: tokens from, to, does an instance or [CLS] open, how many
    "uint8*",  # which tokens open a word
    *("int64*", "uint8*", "int16*"),  # what is written of each slot: its token, is it special, its word
)
"""Types of the arguments of :func:`lay_out`."""

Int: TypeAlias = Any


def lay_out(
    starts: Any, stops: Any, opening: Any, heads: Any, n_pieces: Int, opens: Any, sources: Any, special: Any, words: Any
) -> None:
    """Write the slots of all pieces."""
    slot, word = np.int64(0), np.int64(-1)
    for piece in range(n_pieces):
        word = np.int64(-1) if opening[piece] else word
        if heads[piece]:
            sources[slot], special[slot], words[slot] = 0, 1, -1
            slot += 1
        for token in range(starts[piece], stops[piece]):
            word += np.int64((opens[token] != 0) | (token == starts[piece]))
            sources[slot], special[slot], words[slot] = token, 0, word
            slot += 1
        sources[slot], special[slot], words[slot] = 0, 1, -1
        slot += 1
