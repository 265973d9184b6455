"""Memory that is given back is kept for the next step, and nothing that stays lies in between.

A step frees and asks for the same large tensors again and again. The C library of Linux hands each of them to the
system and gets it back as pages of zeros, one fault for every 4 KiB: a quarter of the processor time of a step at
``tiny``. Told so, it keeps them, and all that is kept is given back before the next training of the same process: what
one leaves is of other sizes than the next one needs, and would be kept beside it.

oneDNN, which computes for torch on a CPU, keeps the last 1,024 kernels that it made, one for each shape. Rows without
padding have another number of tokens in each step, so none is of use later than its step; and the kernels lie between
what is freed and break it up: at ``tiny`` a training of 200 steps held 1,137 MB with them, 640 without.
"""

from __future__ import annotations

import contextlib
import ctypes
import os

_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4
"""The numbers of these settings in glibc's ``malloc.h``."""

_N_KERNELS = 16
"""Layers are alike, and so many kernels are what one of them needs, forwards and backwards (bf16: a dozen). To make one
takes 0.2 ms."""


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


def keep_few_kernels() -> None:
    """Let oneDNN keep the kernels of a layer, not of all shapes there were, unless the environment says how many.

    It looks once, before its first kernel: call this before anything is computed.
    """
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", str(_N_KERNELS))
