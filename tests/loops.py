"""Compiled loops for tests."""

from __future__ import annotations

import mmap
from collections.abc import Callable

import pytest

from zhprep.core import object_code
from zhprep.core.compiled import Loop, Signature, compiled


def loop_of(function: Callable[..., None], signature: Signature) -> Loop:
    """Return ``function`` as machine code, which later processes put in place without LLVM where that can be."""
    pytest.importorskip("numba", reason="loops are compiled where numba is (pip install 'zhprep[fast]')")
    made = compiled(function, signature)
    assert made is not None
    if object_code.can_place():
        assert isinstance(made.keeps, mmap.mmap), f"{function.__name__} calls what is not in its code"  # type: ignore[attr-defined]
    return made
