"""Memory that is given back is kept for the next step.

A step frees and asks for the same large tensors again and again. The C library of Linux hands each of them to the
system and gets it back as pages of zeros, one fault for every 4 KiB: a quarter of the processor time of a step at
``tiny``. Told so, it keeps them, and all that is kept is given back before the next training of the same process: what
one leaves is of other sizes than the next one needs, and would be kept beside it. Whoever called for a training gets
all of it back at its end.
"""

from __future__ import annotations

import contextlib
import ctypes
from collections.abc import Iterator

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_MMAP_MAX = -1, -3, -4
"""The numbers of these settings in glibc's ``malloc.h``."""

_UNTOLD = {_M_MMAP_MAX: 1 << 16, _M_MMAP_THRESHOLD: 32 << 20, _M_TRIM_THRESHOLD: 64 << 20}
"""What glibc comes to by itself where large pieces are freed; once told anything it no longer does."""


def keep_freed_memory() -> bool:
    """Let the allocator of this process keep what is freed, and return whether it can be told so (glibc only)."""
    try:
        tell = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # another C library
        return False
    return bool(tell(_M_MMAP_MAX, 0)) and bool(tell(_M_TRIM_THRESHOLD, -1))


def give_back_freed_memory() -> None:
    """Give the system all whole pages that are free in this process (glibc only)."""
    with contextlib.suppress(AttributeError, OSError, TypeError):  # another C library
        ctypes.CDLL(None).malloc_trim(0)


@contextlib.contextmanager
def freed_memory_given_back() -> Iterator[None]:
    """After what is inside (or the function that this decorates) all that a training in it kept is given back."""
    try:
        yield
    finally:
        with contextlib.suppress(AttributeError, OSError, TypeError):  # another C library
            for setting, value in _UNTOLD.items():
                ctypes.CDLL(None).mallopt(setting, value)
        give_back_freed_memory()
