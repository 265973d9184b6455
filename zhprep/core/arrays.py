"""Arrays that somebody else may have written: read from numpy's files, or told what is wrong with them."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from zhprep.core.errors import DataError

Array = npt.NDArray[Any]

_FAULTS = (
    OSError, ValueError, EOFError, KeyError, TypeError, AttributeError, zipfile.BadZipFile, zlib.error, RuntimeError,
)  # fmt: skip
"""What numpy and zipfile raise for files that are cut, altered or of another kind."""


def load_array(path: Path, *, hint: str) -> Array:
    """Return the array in a ``.npy`` file, mapped.

    Raises ``DataError`` when the file holds none that is plain and whole.
    """
    try:
        found = np.load(path, mmap_mode="r", allow_pickle=False)
    except _FAULTS as error:
        raise DataError(f"{path}: is not an array of numpy: {error}", hint=hint) from error
    if not isinstance(found, np.ndarray):
        raise DataError(f"{path}: holds several arrays, not one", hint=hint)
    return found


def load_arrays(path: Path, names: Sequence[str], *, hint: str, held: IO[bytes] | None = None) -> dict[str, Array]:
    """Return the arrays called ``names`` in a ``.npz`` file; ``held`` is what it holds, where it is in an archive.

    Raises ``DataError`` when one is missing or the file is not whole.
    """
    try:
        with np.load(held or path, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in names}
    except _FAULTS as error:
        raise DataError(f"{path}: is not a file of arrays {', '.join(names)}: {error}", hint=hint) from error
