"""Object code put into memory as a linker would, for code that calls nothing outside of itself.

In: an object file for x86-64 Linux (ELF), as LLVM writes it. Out: its sections as one image, whose places know of each
other by how far apart they are, so that it can lie anywhere; and the image in memory, ready to be called. LLVM's own
loader does the same, but takes 15 MB and 40 ms to be there.
"""

from __future__ import annotations

import ctypes
import mmap
import platform
import struct
import sys
from typing import NamedTuple

_PROGRAM_BITS, _SYMBOLS, _RELOCATIONS = 1, 2, 4  # kinds of sections: SHT_PROGBITS, SHT_SYMTAB, SHT_RELA
_ALLOCATED = 2  # SHF_ALLOC
_APART = {2: "<i", 4: "<i", 24: "<q"}
"""How far from the place to the symbol: R_X86_64_PC32, R_X86_64_PLT32, R_X86_64_PC64."""


class Unlinkable(Exception):
    """Code that leans on what is not in it, or is not for this kind of machine."""


class Section(NamedTuple):
    """A section of an ELF file, as its header says."""

    name: int
    kind: int
    flags: int
    address: int
    offset: int
    size: int
    link: int
    info: int
    alignment: int
    entry_size: int


class Symbol(NamedTuple):
    """A symbol of an ELF file."""

    name: int
    info: int
    other: int
    section: int
    value: int
    size: int


def can_place() -> bool:
    """Return whether code can be put into memory here."""
    return sys.platform == "linux" and platform.machine() == "x86_64"


def linked(code: bytes, name: str) -> tuple[bytes, int]:
    """Return the image of an object file and where in it the function ``name`` begins. Raises :class:`Unlinkable`."""
    if code[:6] != b"\x7fELF\x02\x01" or struct.unpack_from("<H", code, 18) != (62,):
        raise Unlinkable("no object code for x86-64")
    (at,), (_, size, number, _) = struct.unpack_from("<Q", code, 40), struct.unpack_from("<HHHH", code, 56)
    sections = [Section(*struct.unpack_from("<IIQQQQIIQQ", code, at + i * size)) for i in range(number)]
    places, image = _laid_out(code, sections)
    table = next(section for section in sections if section.kind == _SYMBOLS)
    symbols = [Symbol(*found) for found in struct.iter_unpack("<IBBHQQ", _bytes_of(code, table))]
    for section in sections:
        if section.kind == _RELOCATIONS and section.info in places:
            for offset, info, addend in struct.iter_unpack("<QQq", _bytes_of(code, section)):
                symbol, place = symbols[info >> 32], places[section.info] + offset
                form = _APART.get(info & 0xFFFFFFFF)
                if form is None or symbol.section not in places:
                    raise Unlinkable(f"a reference of kind {info & 0xFFFFFFFF}")
                struct.pack_into(form, image, place, places[symbol.section] + symbol.value + addend - place)
    names = _bytes_of(code, sections[table.link])
    for symbol in symbols:
        if names[symbol.name : symbol.name + len(name) + 1] == name.encode() + b"\0" and symbol.section in places:
            return bytes(image), places[symbol.section] + symbol.value
    raise Unlinkable(f"no function {name}")


def placed(image: bytes) -> mmap.mmap:
    """Return memory that holds ``image`` and can be executed, not written; raises ``OSError`` where it may not be."""
    memory = mmap.mmap(-1, len(image), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    memory.write(image)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mprotect(ctypes.c_void_p(address_of(memory)), ctypes.c_size_t(len(image)), mmap.PROT_READ | mmap.PROT_EXEC):
        raise OSError(ctypes.get_errno(), "mprotect")
    return memory


def address_of(memory: mmap.mmap) -> int:
    """Return where ``memory`` begins."""
    return ctypes.addressof(ctypes.c_char.from_buffer(memory))


def _laid_out(code: bytes, sections: list[Section]) -> tuple[dict[int, int], bytearray]:
    """Return where each section that is wanted in memory begins, by number, and all of them."""
    image, places = bytearray(), {}
    for number, section in enumerate(sections):
        if section.kind == _PROGRAM_BITS and section.flags & _ALLOCATED and section.size:
            image.extend(b"\0" * (-len(image) % max(section.alignment, 1)))
            places[number] = len(image)
            image += _bytes_of(code, section)
    return places, image


def _bytes_of(code: bytes, section: Section) -> bytes:
    return code[section.offset : section.offset + section.size]
