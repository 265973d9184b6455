"""Arrow's functions by name, its lists taken apart, and arrays of numpy as its own.

``pyarrow.compute`` writes a Python function with signature and documentation for each of Arrow's 280 when it is
imported: a fifth of the time that a command takes on one line of text. ``pyarrow.array`` imports numpy's masked arrays
to know one if it gets it. What is here does without either.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

try:
    from pyarrow._compute import call_function  # where pyarrow.compute has it from
except ImportError:
    from pyarrow.compute import call_function

__all__ = ["array_of", "call", "check", "filled", "items", "lengths", "lists_of", "sizes"]


def call(name: str, *arguments: Any) -> Any:
    """Return what Arrow's compute function ``name`` gives, with its options as they are by default."""
    return call_function(name, list(arguments))


def check(batch: pa.RecordBatch) -> None:
    """Raise ``pa.ArrowInvalid`` where rows are not what their types say: whoever touches a wrong offset dies.

    As ``batch.validate(full=True)``, which looks at all items of a list of which ``batch`` is a slice.
    """
    batch.validate()
    for column in batch.columns:
        _check(column)


def _check(array: pa.Array) -> None:
    if not pa.types.is_list(array.type):
        array.validate(full=True)
    elif len(array):
        array.validate()  # buffers are as long as they must be
        offsets, values = array.offsets.to_numpy(), array.values
        if offsets[0] < 0 or offsets[-1] > len(values) or (offsets[1:] < offsets[:-1]).any():
            raise pa.ArrowInvalid("the offsets of a list are out of order or lead past its items")
        _check(values.slice(offsets[0], offsets[-1] - offsets[0]))


def filled(strings: pa.Array) -> pa.Array:
    """Return ``strings`` with an empty one in the place of each null."""
    return call("coalesce", strings, pa.scalar("", strings.type)) if strings.null_count else strings


def lengths(strings: pa.Array) -> npt.NDArray[np.int64]:
    """Return the length of each string in code points, ``int64[N]``."""
    found: npt.NDArray[np.int64] = call("utf8_length", strings).to_numpy(zero_copy_only=False).astype(np.int64)
    return found


def items(lists: pa.ListArray) -> pa.Array:
    """Return what is in ``lists`` one after the other; null ones hold nothing."""
    if lists.null_count:
        return call("list_flatten", lists)
    if not len(lists):
        return lists.values.slice(0, 0)
    offsets = lists.offsets
    first, last = offsets[0].as_py(), offsets[len(offsets) - 1].as_py()
    return lists.values.slice(first, last - first)


def sizes(lists: pa.ListArray) -> npt.NDArray[np.int64]:
    """Return how many items each list has, ``int64[N]``; null ones have none."""
    if lists.null_count:
        found = call("coalesce", call("list_value_length", lists), pa.scalar(0, pa.int32())).to_numpy()
    else:
        found = np.diff(lists.offsets.to_numpy()) if len(lists) else np.zeros(0)
    as_integers: npt.NDArray[np.int64] = found.astype(np.int64)
    return as_integers


def lists_of(offsets: npt.NDArray[np.integer], values: pa.Array) -> pa.ListArray:
    """Return the lists of ``values`` that begin and end at ``offsets`` (``[N + 1]``)."""
    return pa.ListArray.from_arrays(array_of(offsets.astype(np.int32, copy=False)), values)


def array_of(values: npt.NDArray[Any]) -> pa.Array:
    """Return numbers ``[N]`` as an Arrow array over the same memory."""
    if values.dtype == np.bool_:  # bits, to Arrow
        return pa.array(values)
    whole = np.ascontiguousarray(values)
    return pa.Array.from_buffers(pa.from_numpy_dtype(whole.dtype), len(whole), [None, pa.py_buffer(whole)])
