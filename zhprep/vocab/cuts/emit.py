"""The tokens of a chunk one after the other, as one loop over code points, to be compiled (``core.compiled``).

In: a code for each code point, the runs and their tokens. Out: what :class:`placing.Encoded` holds, the same numbers
as :func:`placing.by_arrays` finds. Integers are int64 for the compiler.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from zhprep.core.compiled import Signature

SIGNATURE = Signature(
    *("int32*", "int64*", "int64", "int64"),  # codes, where sentences begin and the last ends, how many, the first mark
    *("int64*", "bool"),  # where the token that begins at a code point stops, and whether that is known
    *("int64*", "int64*", "int64*", "int64"),  # runs: where they start and stop, their tokens, how many there are
    *("int32*", "int64*", "int64*"),  # tokens of the runs: ids, where they start and stop in theirs
    *("int32*", "int32*", "int32*", "int64*"),  # what is written: ids, begins, ends, sentence offsets
)
"""Types of the arguments of :func:`emit`."""

Int: TypeAlias = Any
Bool: TypeAlias = Any


def emit(
    codes: Any, offsets: Any, n_sentences: Int, first_mark: Int, reach: Any, reaching: Bool,
    starts: Any, stops: Any, n_tokens: Any, n_runs: Int, run_ids: Any, run_starts: Any, run_stops: Any,
    ids: Any, begins: Any, ends: Any, sentence_offsets: Any,
) -> None:  # fmt: skip
    """Write the ids of the tokens, where they begin and end in their sentences, and which each sentence has."""
    written = run = run_token = np.int64(0)
    sentence_offsets[0] = 0
    for sentence in range(n_sentences):
        base, place = offsets[sentence], offsets[sentence]
        while place < offsets[sentence + 1]:
            if run < n_runs and place == starts[run]:
                for token in range(run_token, run_token + n_tokens[run]):
                    ids[written] = run_ids[token]
                    begins[written] = place + run_starts[token] - base
                    ends[written] = place + run_stops[token] - base
                    written += 1
                run_token += n_tokens[run]
                place = stops[run]
                run += 1
                continue
            if codes[place] < first_mark:
                ids[written] = codes[place]
                begins[written] = place - base
                ends[written] = (reach[place] if reaching else place + 1) - base
                written += 1
            place += 1
        sentence_offsets[sentence + 1] = written
