"""Loops as machine code: the same numbers, kept on disk, and nothing that leans on the process that made them."""

from __future__ import annotations

import pathlib
import sys
from typing import Any

import numpy as np
import pytest

from zhprep.core import object_code
from zhprep.core.compiled import Signature, address, compiled

pytest.importorskip("numba", reason="loops are compiled where numba is (pip install 'zhprep[fast]')")

OF_SUMS = Signature("uint32*", "int64", "int64*")


def sums(values: Any, size: int, out: Any) -> None:
    total = np.int64(0)
    for place in range(size):
        total += _doubled(values[place])
        out[place] = total


def _doubled(value: Any) -> Any:
    return np.int64(value) * 2


def printing(values: Any, size: int, out: Any) -> None:
    print(size)


@pytest.fixture
def cache(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    monkeypatch.setenv("ZHPREP_CACHE", str(tmp_path))
    return tmp_path


def test_compiled_once(cache: pathlib.Path) -> None:
    assert compiled(sums, OF_SUMS, compile_it=False) is None
    values, out = np.arange(10, dtype=np.uint32), np.zeros(10, np.int64)
    for _ in range(2):  # made, and read back
        loop = compiled(sums, OF_SUMS)
        assert loop is not None
        out[:] = 0
        loop(address(values, np.uint32), 10, address(out, np.int64))
        assert out.tolist() == (2 * np.cumsum(values)).tolist()
        assert len(list(cache.iterdir())) == 1
    assert compiled(sums, OF_SUMS, compile_it=False) is not None


def test_code_that_was_kept_needs_nothing(cache: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not object_code.can_place():
        pytest.skip("code is put in place by llvmlite on this machine")
    assert compiled(sums, OF_SUMS) is not None
    for name in ("numba", "llvmlite", "llvmlite.binding"):
        monkeypatch.setitem(sys.modules, name, None)  # as if it were not installed
    loop, values, out = compiled(sums, OF_SUMS), np.arange(5, dtype=np.uint32), np.zeros(5, np.int64)
    assert loop is not None
    loop(address(values, np.uint32), 5, address(out, np.int64))
    assert out.tolist() == (2 * np.cumsum(values)).tolist()


def test_llvm_puts_code_in_place_elsewhere(cache: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(object_code, "can_place", lambda: False)
    for _ in range(2):
        loop, values, out = compiled(sums, OF_SUMS), np.arange(5, dtype=np.uint32), np.zeros(5, np.int64)
        assert loop is not None
        loop(address(values, np.uint32), 5, address(out, np.int64))
        assert out.tolist() == (2 * np.cumsum(values)).tolist()


def test_code_that_leans_on_others_is_not_linked() -> None:
    with pytest.raises(object_code.Unlinkable, match="no object code"):
        object_code.linked(b"\x7fELF" + bytes(60), "sums")


def test_memory_that_may_not_be_executed(cache: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(image: bytes) -> None:
        raise PermissionError("mprotect")

    monkeypatch.setattr(object_code, "placed", forbidden)
    monkeypatch.setattr(object_code, "can_place", lambda: True)
    assert compiled(sums, OF_SUMS) is None


def test_code_that_calls_out_is_refused(cache: pathlib.Path) -> None:
    with pytest.raises(TypeError, match="printing calls"):
        compiled(printing, OF_SUMS)
    assert not list(cache.iterdir())


def test_addresses_are_of_what_was_meant() -> None:
    with pytest.raises(AssertionError):
        address(np.zeros(4, np.int32), np.int64)
    with pytest.raises(AssertionError):
        address(np.zeros((4, 2))[:, 0], np.float64)
