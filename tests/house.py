"""The house read from its source: modules, what each imports, and on how many levels a package stands."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "zhprep"


@cache
def modules() -> dict[str, Path]:
    """Return the files of the package by module."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def imports() -> dict[str, frozenset[str]]:
    """Return for each module those of the package that it imports, wherever in the file."""
    return {name: frozenset(_imports(path)) - {name} for name, path in modules().items()}


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules())
        elif isinstance(node, ast.ImportFrom) and node.module in modules():
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in modules() else node.module


def packages() -> list[str]:
    """Return the packages within the package."""
    return [name for name, path in modules().items() if path.name == "__init__.py" and name != PACKAGE.name]


def room_of(module: str, package: str) -> str:
    """Return the file or folder of ``package`` that a module is in, ``__init__`` for its own, "" for one outside."""
    if module == package:
        return "__init__"
    return module.removeprefix(f"{package}.").partition(".")[0] if module.startswith(f"{package}.") else ""


def rooms(package: str) -> dict[str, set[str]]:
    """Return for each file and folder of ``package`` those of the same package that it imports."""
    found: dict[str, set[str]] = defaultdict(set)
    for module, others in imports().items():
        room = room_of(module, package)
        if room:
            found[room] |= {room_of(other, package) for other in others} - {"", room}
    return found


def levels(package: str) -> dict[str, int]:
    """Return the level of each room: 1 where it imports no other. Raises ``ValueError`` for a circle."""
    below, found = rooms(package), {}

    def level(room: str, way: tuple[str, ...]) -> int:
        if room in way:
            raise ValueError(f"{package}: {' > '.join((*way[way.index(room) :], room))}")
        if room not in found:
            found[room] = 1 + max((level(other, (*way, room)) for other in below[room]), default=0)
        return found[room]

    for room in list(below):
        level(room, ())
    return found
