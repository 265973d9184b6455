"""Look a part up by name in its family's dict, or say what there is."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Mapping
from typing import Any, TypeVar

from zhprep.core.errors import UsageError

Part = TypeVar("Part")


class Parts(dict[str, Part]):
    """A family whose parts are imported when they are asked for: ``places`` says where in ``package`` each name is,
    as ``module:Name``."""

    def __init__(self, package: str, places: Mapping[str, str]) -> None:
        super().__init__(places)  # type: ignore[arg-type]  # what is there until it is asked for
        self._package = package

    def __getitem__(self, name: str) -> Part:
        part: Any = super().__getitem__(name)
        if isinstance(part, str):
            module, _, attribute = part.partition(":")
            part = getattr(importlib.import_module(f"{self._package}.{module}"), attribute)
            self[name] = part
        found: Part = part
        return found

    def get(self, name: str, default: Any = None) -> Any:
        """Return the part of that name, else ``default``."""
        return self[name] if name in self else default  # noqa: SIM401  # that would be this

    def values(self) -> list[Part]:  # type: ignore[override]
        """Return all parts."""
        return [self[name] for name in self]

    def items(self) -> list[tuple[str, Part]]:  # type: ignore[override]
        """Return all names with their parts."""
        return [(name, self[name]) for name in self]


def lookup(family: Mapping[str, Part], name: str, kind: str) -> Part:
    """Return ``family[name]``.

    Raises ``UsageError`` naming the nearest part and all choices when there is none of that name.
    """
    if name in family:
        return family[name]
    raise UsageError(f"unknown {kind} {name!r}", hint=suggest(name, list(family)))


def suggest(name: str, choices: list[str]) -> str:
    """Return a hint: the nearest of ``choices`` if one is near, then all of them unless they are more than 40."""
    listed = f"choices: {', '.join(choices)}" if 0 < len(choices) <= 40 else ""
    return f"{nearest(name, choices)} {listed}".strip()


def nearest(name: str, choices: list[str]) -> str:
    """Return a question for the nearest of ``choices``, nothing where none is near."""
    near = difflib.get_close_matches(name, choices, n=1)
    return f"did you mean {near[0]!r}?" if near else ""


def load_object(path: str, kind: str) -> Any:
    """Import ``package.module:Name`` given by a user.

    Raises ``UsageError`` when the module or the name in it cannot be found.
    """
    module_name, _, attribute = path.partition(":")
    if not module_name or not attribute:
        raise UsageError(f"{path!r} names no {kind}", hint="give it as package.module:Name")
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise UsageError(
            f"cannot import {kind} {path!r}: {error}",
            hint="give it as package.module:Name, with the package on PYTHONPATH",
        ) from error
    if not hasattr(module, attribute):
        public = [name for name in dir(module) if not name.startswith("_")]
        raise UsageError(f"module {module_name!r} has no {kind} {attribute!r}", hint=suggest(attribute, public))
    return getattr(module, attribute)


def require(module_name: str, *, purpose: str, install: str) -> Any:
    """Import an optional package when it is first needed.

    Raises ``UsageError`` whose hint is the install command when the package is absent.
    """
    try:
        return importlib.import_module(module_name)
    except ImportError as error:
        raise UsageError(
            f"{purpose} needs the package {module_name!r}: {error}", hint=f"pip install {install}"
        ) from error


def require_training(purpose: str) -> None:
    """Raise ``UsageError`` where what trains models is not installed: ``pip install zhprep`` prepares data alone."""
    for name in ("torch", "safetensors"):
        require(name, purpose=purpose, install="'zhprep[train]'")
