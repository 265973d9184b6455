"""Write docs/architecture.md from the imports and the docstrings, so that the drawing cannot lie.

``python docs/make_architecture.py`` writes the page; with ``--figures`` it prints files, levels and deep imports.
"""

from __future__ import annotations

import ast
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "zhprep"
NAME = PACKAGE.name

PAGE = """# Architecture

The house in one page. Drawings and tables are written by `make docs` from the imports and docstrings of the code; a
test holds them current.

Text comes in below as a **corpus** and goes through **stages**, each a function from record batch to record batch;
what stages share is a table (`text`, `words`, `pinyin`, `instances`), never an import of one another. Blocks, shards,
receipts and manifests live in `core` alone, so that any number of workers, array tasks or machines writes the same
bytes. **Training** reads shards of instances; only it knows torch. A system such as MacBERT is a **recipe**: a file
that names parts and numbers.

## Who imports whom

An arrow says "imports"; arrows that follow from others are left out.

```mermaid
{house}
```

{packages}

## Inside `instances`

```mermaid
{instances}
```

{rooms}

## Families of parts

A part is one file with one function or class in its family's folder, and one line in the dict in its `__init__.py`;
`zhprep parts` lists them, recipes name them.

{families}

## What holds, and what holds it

| rule | held by |
|---|---|
| Imports point one way; only training knows torch, only `cli` knows click | `.importlinter`, in `make lint` |
| At most six levels in a package, no circles, hardly any file that is a crumb | `tests/test_house.py` |
| A public class has a name of its own | `tests/test_house.py` |
| A family is its folder; a command is its summary, has a test and a section | `tests/test_drift.py` |
| Files up to 300 lines, functions up to 40; what is public is documented | `tests/test_drift.py` |
| Parts do what plain, slow twins do, and keep what their family promises | `tests/contracts/` |
| Equal to what others compute (Google, fairseq, tokenizers, jieba, …) | `tests/reference/` |
| Same bytes for any number of workers, after kills, from a pipe | `tests/e2e/`, `tests/core/shards/` |

Every random draw is a function of `(seed, purpose, epoch, instance, token or word)` (`core/rng.py`); there is no
stream and no state. A folder without `manifest.json` is unfinished; a shard appears under its name only when it is
whole. How to add a mask, a system or a command: [CONTRIBUTING](../CONTRIBUTING.md).
"""


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
                yield inner if inner in modules() else str(node.module)


def packages() -> list[str]:
    """Return the packages within the package."""
    return [name for name, path in modules().items() if path.name == "__init__.py" and name != NAME]


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
    below = rooms(package)
    found: dict[str, int] = {}

    def level(room: str, way: tuple[str, ...]) -> int:
        if room in way:
            raise ValueError(f"{package}: {' > '.join((*way[way.index(room) :], room))}")
        if room not in found:
            found[room] = 1 + max((level(other, (*way, room)) for other in below[room]), default=0)
        return found[room]

    for room in list(below):
        level(room, ())
    return found


def callers() -> dict[str, set[str]]:
    """Return for each module those that import it."""
    found: dict[str, set[str]] = defaultdict(set)
    for module, others in imports().items():
        for other in others:
            found[other].add(module)
    return found


def deep_imports() -> Counter[str]:
    """Return how often a module inside a package is imported from outside of it, by package; those of ``core`` and of
    the house itself are its rooms, which is no depth."""
    found: Counter[str] = Counter()
    for module, others in imports().items():
        for other in others:
            package = other.rpartition(".")[0]
            if package not in ("", NAME, f"{NAME}.core") and not module.startswith(package):
                found[package] += 1
    return found


def families() -> dict[str, str]:
    """Return the packages whose ``__init__.py`` has a dict of parts, and the name of the dict."""
    found = {}
    for package in packages():
        text = modules()[package].read_text("utf-8")
        for node in ast.parse(text).body:
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id.isupper():
                is_dict = ast.unparse(node.annotation).startswith("dict[str, ")
                if is_dict and (f"from {package}" in text or "= Parts(" in text):
                    found[package] = node.target.id
    return found


def summary(module: str) -> str:
    """Return the first line of a module's docstring, with what follows it to the end of the sentence."""
    text = " ".join((ast.get_docstring(ast.parse(modules()[module].read_bytes())) or "").split("\n\n")[0].split())
    return text.replace("``", "`").replace("|", r"\|")


def reduced(edges: Mapping[str, set[str]]) -> dict[str, list[str]]:
    """Return the edges without those that follow from others."""

    @cache
    def reached(room: str) -> frozenset[str]:
        return frozenset(edges[room]).union(*(reached(other) for other in edges[room]))

    return {
        room: sorted(other for other in others if not any(other in reached(one) for one in others - {other}))
        for room, others in edges.items()
    }


def drawing(package: str, leave_out: tuple[str, ...] = ("__init__", "__main__")) -> str:
    """Return the rooms of a package as a Mermaid flowchart, the highest level first."""
    edges = {room: others - set(leave_out) for room, others in rooms(package).items() if room not in leave_out}
    order = sorted(edges, key=lambda room: (-levels(package)[room], room))
    arrows = reduced(edges)
    lines = ["flowchart TB", *(f"    {room}" for room in order)]
    return "\n".join([*lines, *(f"    {room} --> {other}" for room in order for other in arrows[room])])


def table(package: str) -> str:
    """Return the rooms of a package with what they are, the highest level first."""
    order = sorted(levels(package).items(), key=lambda item: (-item[1], item[0]))
    rows = [
        f"| `{room}` | {summary(f'{package}.{room}')} |" for room, _ in order if room not in ("__init__", "__main__")
    ]
    return "\n".join(["| | what it is |", "|---|---|", *rows])


def page() -> str:
    """Return the page."""
    parts = [
        f"| `{package.removeprefix(f'{NAME}.').replace('.', '/')}` | `{name}` | {summary(package)} |"
        for package, name in families().items()
    ]
    return PAGE.format(
        house=drawing(NAME),
        packages=table(NAME),
        instances=drawing(f"{NAME}.instances"),
        rooms=table(f"{NAME}.instances"),
        families="\n".join(["| folder | dict | what a part is |", "|---|---|---|", *parts]),
    )


def figures() -> Iterator[str]:
    """Yield the figures of the house."""
    yield f"{len(modules())} files"
    for package in packages():
        try:
            yield f"{max(levels(package).values(), default=0):3} levels in {package}"
        except ValueError as circle:
            yield f"circle in {circle}"
    deep = deep_imports()
    yield f"{deep.total()} deep imports from outside: " + ", ".join(f"{name} {n}" for name, n in deep.most_common())


if __name__ == "__main__":
    if "--figures" in sys.argv:
        print("\n".join(figures()))
    else:
        (Path(__file__).parent / "architecture.md").write_text(page(), encoding="utf-8")
