"""Find what travels with zhprep: sample data, fonts, tables by name; in an installed wheel or beside a checkout."""

from __future__ import annotations

import hashlib
from pathlib import Path

import zhprep
from zhprep.core.errors import DataError, UsageError, ZhprepError
from zhprep.core.registry import suggest


def packaged(name: str) -> str:
    """Return the text of a file of the package, ``core/common_characters.txt``; importlib.resources takes a hundredth
    of a second to say the same."""
    return Path(zhprep.__file__).parent.joinpath(name).read_text("utf-8")


def code_of(*names: str) -> str:
    """Return the hash of files of the package (``normalize/text.py``): those that decide what mapped arrays hold belong
    to what these are made of, so that those of another version are made again."""
    return hashlib.sha256("\0".join(map(packaged, names)).encode()).hexdigest()


def bundled(name: str) -> Path:
    """Return the folder ``name`` (``sample_data`` or ``fonts``); raises ``ZhprepError`` when it is not there."""
    package = Path(zhprep.__file__).parent
    for place in (package / name, package.parent / name):
        if place.is_dir():
            return place
    raise ZhprepError(f"{name} is not part of this installation", hint="install the wheel, or work in a checkout")


def table_names(folder: str) -> list[str]:
    """Return the names of the ``.toml`` files in a folder of the package, sorted."""
    return sorted(file.stem for file in Path(zhprep.__file__).parent.joinpath(folder).glob("*.toml"))


def table_text(kind: str, name: str, folder: str) -> str:
    """Return the text of a table of some ``kind``: one in a ``folder`` of the package by its name, or a ``.toml`` file.

    Raises ``UsageError`` for one that there is not, ``DataError`` for a file that is not UTF-8.
    """
    names = table_names(folder)
    if name in names:
        return packaged(f"{folder}/{name}.toml")
    path = Path(name)
    if path.suffix == ".toml" and path.is_file():
        try:
            return path.read_text("utf-8")
        except UnicodeDecodeError as error:
            raise DataError(f"{kind} {name}: is not UTF-8: {error}", hint="save it as UTF-8, as TOML is") from error
    raise UsageError(f"unknown {kind} {name!r}", hint=suggest(name, names) + "; or give a .toml file")
