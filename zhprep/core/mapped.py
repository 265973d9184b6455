"""Arrays that are made once and then mapped from a file: tables of a dictionary, of a vocabulary.

They lie in ``$XDG_CACHE_HOME/zhprep`` (``~/.cache/zhprep``; ``ZHPREP_CACHE`` names another folder, and none if it is
empty). A file is named by the hash of what it was made of and ends with the hash of what it holds; one that is of
something else, cut or altered is made again. Several processes may make it at once, for it gets its name when it is
whole. Where nothing can be written the arrays are made in memory.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import mmap
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Arrays = Mapping[str, npt.NDArray[Any]]

_ALIGNED = 64
_DIGEST = hashlib.sha256().digest_size


def mapped_arrays(name: str, source: str, make: Callable[[], Arrays]) -> Arrays:
    """Return the arrays ``name`` of ``source`` (what they are made of, in words and hashes), perhaps read-only.

    ``make`` is called where they have not been made before. Errors of the file system are no errors here.
    """
    folder = cache_folder()
    if folder is None:
        return make()
    path = folder / f"{name}-{hashlib.sha256(source.encode()).hexdigest()[:16]}.arrays"
    with contextlib.suppress(OSError, ValueError):
        return _read(path, source)
    arrays = make()
    with contextlib.suppress(OSError):
        _write(path, source, arrays)
    return arrays


def cache_folder() -> Path | None:
    """Return the folder of such files, or None where there is to be none."""
    chosen = os.environ.get("ZHPREP_CACHE")
    if chosen is not None:
        return Path(chosen) if chosen else None
    base = os.environ.get("XDG_CACHE_HOME", "")
    if Path(base).is_absolute():
        return Path(base) / "zhprep"
    try:
        return Path.home() / ".cache" / "zhprep"
    except RuntimeError:  # a user without a home
        return None


def _read(path: Path, source: str) -> Arrays:
    """Map a file and return its arrays by name, of the shapes and dtypes ``[…]`` that its first line says.

    Raises ``ValueError`` for one that is not what it should be, ``OSError`` where there is none.
    """
    with path.open("rb") as file:
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    with memoryview(data) as whole:
        if hashlib.sha256(whole[:-_DIGEST]).digest() != whole[-_DIGEST:]:
            raise ValueError(f"{path}: damaged")
    end = data.find(b"\n")
    head = json.loads(data[:end])
    if head["source"] != source:
        raise ValueError(f"{path}: made of something else")
    arrays, place = {}, _aligned(end + 1)
    for name, kind, shape in head["arrays"]:
        arrays[name] = np.frombuffer(data, kind, int(np.prod(shape)), place).reshape(shape)
        place = _aligned(place + arrays[name].nbytes)
    return arrays


def _write(path: Path, source: str, arrays: Arrays) -> None:
    """Write arrays of any shapes ``[…]`` and their digest, whole or not at all."""
    from zhprep.core.temporary import remove_leftovers, temporary_name  # for the one who is first

    path.parent.mkdir(parents=True, exist_ok=True)
    facts = [(name, array.dtype.str, array.shape) for name, array in arrays.items()]
    pieces = [json.dumps({"source": source, "arrays": facts}).encode() + b"\n"]
    pieces += [np.ascontiguousarray(array).tobytes() for array in arrays.values()]
    data = b"".join(piece.ljust(_aligned(len(piece)), b"\0") for piece in pieces)
    remove_leftovers(path.parent)
    draft = temporary_name(path)
    try:
        with open(draft, "xb") as file:
            file.write(data)
            file.write(hashlib.sha256(data).digest())
        os.replace(draft, path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def _aligned(place: int) -> int:
    return -(-place // _ALIGNED) * _ALIGNED
