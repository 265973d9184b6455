"""Memory that is given back is kept for the next step.

A step frees and asks for the same large tensors again and again. The C library of Linux hands each of them to the
system and gets it back as pages of zeros, one fault for every 4 KiB: a quarter of the processor time of a step at
``tiny``. Told so, it keeps them.
"""

from __future__ import annotations

import ctypes

_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4
"""The numbers of these settings in glibc's ``malloc.h``."""


def keep_freed_memory() -> bool:
    """Let the allocator of this process keep what is freed, and return whether it can be told so (glibc only)."""
    try:
        tell = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # another C library
        return False
    return bool(tell(_M_MMAP_MAX, 0)) and bool(tell(_M_TRIM_THRESHOLD, -1))
