"""Loops over arrays as machine code, where numba is installed: ``pip install "zhprep[fast]"``.

A loop is an ordinary function of ours, with those that it calls of its module or of others of ours. It is compiled once
and kept with the mapped arrays (``core.mapped``), as code for this kind of processor, so that later starts need neither
numba nor its time: on x86-64 Linux the code is put in place in a millisecond, elsewhere by llvmlite in some 40. Such
code takes addresses and checks no bounds, so whoever calls it vouches for sizes. What a loop calls but functions of
ours and arithmetic is refused.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import platform
import sys
from collections.abc import Callable
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from zhprep.core import object_code
from zhprep.core.mapped import Arrays, mapped_arrays

Loop = Callable[..., None]

_IN_C: dict[str, Any] = {"int64": ctypes.c_int64, "bool": ctypes.c_bool, "uint64": ctypes.c_uint64}


class Signature(tuple[str, ...]):
    """The types of a loop's arguments: ``int64``, ``bool``, or ``uint32*`` for the address of an array of such."""

    def __new__(cls, *types: str) -> Signature:
        """Take the types one by one."""
        return super().__new__(cls, types)


def compiled(loop: Loop, signature: Signature, *, compile_it: bool = True) -> Loop | None:
    """Return ``loop`` as machine code, for addresses (see :func:`address`) and numbers; None where it has not been
    compiled before and is not to be (``compile_it``) or cannot be, for want of numba."""
    name = f"{loop.__module__}.{loop.__name__}"

    def make() -> Arrays:
        if not compile_it:
            raise ImportError("not compiled yet")
        code = _object_code(loop, signature, name)
        if not object_code.can_place():
            return {"object": np.frombuffer(code, np.uint8)}
        try:
            image, entry = object_code.linked(code, name)
        except object_code.Unlinkable:
            return {"object": np.frombuffer(code, np.uint8)}
        return {"image": np.frombuffer(image, np.uint8), "entry": np.array([entry])}

    code = " ".join(_hash(sys.modules[one]) for one in sorted({*_modules(loop), __name__, object_code.__name__}))
    source = f"{code} {signature} {_processor()}"
    try:
        found = mapped_arrays(f"loop-{loop.__name__}", source, make)
        return _placed(found, signature) if "image" in found else _placed_by_llvm(found["object"], signature, name)
    except (ImportError, OSError):  # of putting code into memory, which a system may forbid
        return None


class Kernel:
    """A loop as machine code for those who ask for it again and again: taken at once where it was compiled before, else
    compiled when it has been asked for so much work (``worth``, in the asker's units) that this pays."""

    def __init__(self, loop: Loop, signature: Signature, *, worth: int = 1 << 22) -> None:
        self._loop, self._signature, self._worth = loop, signature, worth
        self._at_once = 1 if object_code.can_place() else worth >> 4  # by llvmlite it takes a while
        self._asked = 0
        self._made: Loop | None = None

    def get(self, amount: int) -> Loop | None:
        """Return the code for ``amount`` more of work; None where it is to be done otherwise."""
        asked, self._asked = self._asked, self._asked + amount
        for worth, compile_it in ((self._at_once, False), (self._worth, True)):
            if self._made is None and asked < worth <= self._asked:
                self._made = compiled(self._loop, self._signature, compile_it=compile_it)
        return self._made

    def __getstate__(self) -> dict[str, Any]:
        """Leave the code behind: each process takes it for itself."""
        return {**self.__dict__, "_made": None, "_asked": 0}


def address(array: npt.NDArray[Any], dtype: npt.DTypeLike) -> int:
    """Return where ``array`` lies, which must be of ``dtype`` and without gaps."""
    assert array.dtype == dtype, array.dtype
    assert array.flags.c_contiguous
    return int(array.ctypes.data)


def _own(function: FunctionType) -> dict[str, FunctionType]:
    """Return the functions of ours that ``function`` calls, by name: of its module or of others of this package."""
    package = __name__.partition(".")[0]
    named = {name: function.__globals__.get(name) for name in function.__code__.co_names}
    return {
        name: one
        for name, one in named.items()
        if isinstance(one, FunctionType)
        and (one.__module__ == function.__module__ or one.__module__.startswith(f"{package}."))
    }


def _modules(function: Any) -> set[str]:
    """Return the names of the modules that ``function`` and what it calls are of."""
    return {function.__module__}.union(*(_modules(called) for called in _own(function).values()))


def _hash(module: ModuleType) -> str:
    """Return the hash of a module's code and of the numbers that it takes from others."""
    numbers = sorted((name, repr(value)) for name, value in vars(module).items() if isinstance(value, int | np.generic))
    return hashlib.sha256(Path(str(module.__file__)).read_bytes() + repr(numbers).encode()).hexdigest()


@functools.cache
def _processor() -> str:
    """Return what tells kinds of processors apart: for which of them code is made, that has what no other may have."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            first = file.read(1 << 13).split("\n\n")[0].split("\n")
    except OSError:
        return f"{platform.machine()} {platform.processor()} {platform.node()}"
    kinds = ("vendor_id", "cpu family", "model", "stepping", "flags", "Features", "CPU ")
    return "\n".join([platform.machine(), *(line for line in first if line.startswith(kinds))])


def _function(address_of_code: int, signature: Signature, keeps: Any) -> Loop:
    """Return what lies at an address as a function; the code is there as long as what ``keeps`` it."""
    function: Loop = ctypes.CFUNCTYPE(None, *[_IN_C.get(kind, ctypes.c_void_p) for kind in signature])(address_of_code)
    function.keeps = keeps  # type: ignore[attr-defined]
    return function


def _placed(found: Arrays, signature: Signature) -> Loop:
    """Return the loop whose ``image``, ``uint8[bytes]``, and ``entry``, ``int64[1]``, were found."""
    memory = object_code.placed(found["image"].tobytes())
    return _function(object_code.address_of(memory) + int(found["entry"][0]), signature, memory)


def _placed_by_llvm(code: npt.NDArray[np.uint8], signature: Signature, name: str) -> Loop:
    """Return the loop whose object file is ``code``, ``uint8[bytes]``. Raises ``ImportError`` without llvmlite."""
    llvm = _llvm()
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _machine(llvm))
    engine.add_object_file(llvm.ObjectFileRef.from_data(code.tobytes()))
    engine.finalize_object()
    return _function(engine.get_function_address(name), signature, engine)


def _llvm() -> Any:
    """Return LLVM, ready to make code for this machine. Raises ``ImportError`` where it is not installed."""
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm


def _machine(llvm: Any) -> Any:
    target = llvm.Target.from_default_triple()
    return target.create_target_machine(
        cpu=llvm.get_host_cpu_name(),
        features=llvm.get_host_cpu_features().flatten(),
        opt=3,
        reloc="pic",
        codemodel="small" if object_code.can_place() else "jitdefault",  # small: places known by how far apart they are
        jit=True,
    )


def _object_code(loop: Loop, signature: Signature, name: str) -> bytes:
    """Compile ``loop``, in whose code it has the name ``name``. Raises ``ImportError`` without numba."""
    import numba

    llvm = _llvm()
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


def _with_its_own(numba: Any, function: Any, known: dict[FunctionType, Any]) -> FunctionType:
    """Return ``function`` with the functions of ours that it calls made ready for numba, as far as ``known`` lacks
    them."""
    ready = {}
    for name, called in _own(function).items():
        if called not in known:
            known[called] = numba.njit(error_model="numpy")(_with_its_own(numba, called, known))
        ready[name] = known[called]
    return FunctionType(function.__code__, {**function.__globals__, **ready}, function.__name__, function.__defaults__)
