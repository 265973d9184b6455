"""What a way of cutting gives: a code for each code point, and the runs."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclasses.dataclass(frozen=True)
class Marks:
    """Codes that are not ids, at the top of the codes' type: ids are below ``space``."""

    dtype: np.dtype[Any]
    space: int
    run: int
    unseen: int

    @classmethod
    def for_size(cls, size: int) -> Marks:
        """Return the marks beside the ids of a vocabulary of ``size`` entries."""
        small = size <= np.iinfo(np.uint16).max - 2
        top = int(np.iinfo(np.uint16).max if small else np.iinfo(np.int32).max)
        return cls(np.dtype(np.uint16 if small else np.int32), top - 2, top - 1, top)


@dataclasses.dataclass(frozen=True)
class Cut:
    """A chunk cut up: ``codes``[C], an id or a mark per code point; ``starts`` and ``stops`` int64[R] of its runs.

    The code points of the runs are just those marked so. ``reach`` int64[C] says where the token that begins at a code
    point stops; without it each stands for one.
    """

    codes: npt.NDArray[Any]
    starts: npt.NDArray[np.int64]
    stops: npt.NDArray[np.int64]
    reach: npt.NDArray[np.int64] | None = None
