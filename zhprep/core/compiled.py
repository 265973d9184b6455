"""Loops over arrays as machine code, where numba is installed: ``pip install "zhprep[fast]"``.

A loop is an ordinary function of ours, with those of its module that it calls. It is compiled once and kept with the
mapped arrays (``core.mapped``), as object code for this kind of processor, so that later starts need neither numba nor
its time: llvmlite puts the code in place in some 40 ms. Such code takes addresses and checks no bounds, so whoever
calls it vouches for sizes. What a loop calls but this module's own functions and arithmetic is refused.
"""

from __future__ import annotations

import ctypes
import hashlib
import importlib.metadata
import inspect
import sys
from collections.abc import Callable
from types import FunctionType, ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from zhprep.core.mapped import Arrays, mapped_arrays

Loop = Callable[..., None]

_IN_C: dict[str, Any] = {"int64": ctypes.c_int64, "bool": ctypes.c_bool}


class Signature(tuple[str, ...]):
    """The types of a loop's arguments: ``int64``, ``bool``, or ``uint32*`` for the address of an array of such."""

    def __new__(cls, *types: str) -> Signature:
        """Take the types one by one."""
        return super().__new__(cls, types)


def compiled(loop: Loop, signature: Signature, *, compile_it: bool = True) -> Loop | None:
    """Return ``loop`` as machine code, for addresses (see :func:`address`) and numbers; None where it has not been
    compiled before and is not to be (``compile_it``) or cannot be, for want of numba."""
    try:
        import llvmlite.binding as llvm
    except ImportError:
        return None

    def make() -> Arrays:
        if not compile_it:
            raise ImportError("not compiled yet")
        return {"code": np.frombuffer(_object_code(llvm, loop, signature, name), np.uint8)}

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    name = f"{loop.__module__}.{loop.__name__}"
    source = f"{_hash(sys.modules[loop.__module__])} {signature} {_versions()} {llvm.get_host_cpu_name()}"
    try:
        code = mapped_arrays(f"loop-{loop.__name__}", f"{source} {_features(llvm)}", make)["code"]
    except ImportError:
        return None
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _machine(llvm))
    engine.add_object_file(llvm.ObjectFileRef.from_data(code.tobytes()))
    engine.finalize_object()
    kinds = [_IN_C.get(kind, ctypes.c_void_p) for kind in signature]
    function: Loop = ctypes.CFUNCTYPE(None, *kinds)(engine.get_function_address(name))
    function.engine = engine  # type: ignore[attr-defined]  # the code is there as long as its engine
    return function


def address(array: npt.NDArray[Any], dtype: npt.DTypeLike) -> int:
    """Return where ``array`` lies, which must be of ``dtype`` and without gaps."""
    assert array.dtype == dtype, array.dtype
    assert array.flags.c_contiguous
    return int(array.ctypes.data)


def _hash(module: ModuleType) -> str:
    """Return the hash of a module's code and of the numbers that it takes from others."""
    numbers = sorted((name, repr(value)) for name, value in vars(module).items() if isinstance(value, int | np.generic))
    return hashlib.sha256(f"{inspect.getsource(module)}{numbers}".encode()).hexdigest()


def _versions() -> str:
    return " ".join(f"{name} {importlib.metadata.version(name)}" for name in ("llvmlite", "numpy"))


def _features(llvm: Any) -> str:
    features: str = llvm.get_host_cpu_features().flatten()
    return features


def _machine(llvm: Any) -> Any:
    target = llvm.Target.from_default_triple()
    return target.create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=_features(llvm), opt=3, reloc="pic", codemodel="jitdefault", jit=True
    )


def _object_code(llvm: Any, loop: Loop, signature: Signature, name: str) -> bytes:
    """Compile ``loop``, in whose code it has the name ``name``. Raises ``ImportError`` without numba."""
    import numba

    types: Any = numba.types
    kinds = [types.CPointer(getattr(types, kind[:-1])) if "*" in kind else getattr(types, kind) for kind in signature]
    entry = numba.cfunc(types.void(*kinds), error_model="numpy")(_with_its_own(numba, loop, {}))
    module = llvm.parse_assembly(entry.inspect_llvm())
    for function in module.functions:
        if function.name == entry.native_name:
            function.name = name
        elif not function.is_declaration:
            function.linkage = "internal"
    machine = _machine(llvm)
    builder = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(speed_level=3))
    builder.getModulePassManager().run(module, builder)
    called = [one.name for one in module.functions if one.is_declaration and not one.name.startswith("llvm.")]
    if called:  # code that is kept must not lean on the process in which it was made
        raise TypeError(f"{name} calls {', '.join(called)}")
    code: bytes = machine.emit_object(module)
    return code


def _with_its_own(numba: Any, function: Any, known: dict[str, Any]) -> FunctionType:
    """Return ``function`` with the functions of its module that it calls made ready for numba."""
    names = set(function.__code__.co_names) & set(function.__globals__)
    for name in names:
        called = function.__globals__[name]
        if isinstance(called, FunctionType) and called.__module__ == function.__module__ and name not in known:
            known[name] = numba.njit(error_model="numpy")(_with_its_own(numba, called, known))
    return FunctionType(function.__code__, {**function.__globals__, **known}, function.__name__, function.__defaults__)
