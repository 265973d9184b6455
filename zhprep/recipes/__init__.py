"""Recipes: one TOML file per system; a section per stage; each number with where it comes from.

A recipe may start from another (``base = "bert"``) and state only what differs. A system is a recipe
file, never a class.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from zhprep.core.bundled import packaged
from zhprep.core.config import renamed
from zhprep.core.errors import DataError, UsageError
from zhprep.core.registry import suggest

SECTIONS = (
    "normalize", "segment", "vocab", "coarse_vocab", "glyphs", "pinyin", "instances", "model", "pretrain", "evaluate",
)  # fmt: skip
FACTS = ("name", "title", "paper", "base", "sizes", "initial", "not_confirmed")

_KINDS = {"sizes": (dict, "a table"), "initial": (dict, "a table"), "not_confirmed": (list, "a list of texts")}
"""What is neither a section nor a text."""

Recipe = dict[str, Any]


def recipe_names() -> list[str]:
    """Return the names of the bundled recipes, sorted."""
    return sorted(file.stem for file in Path(__file__).parent.glob("*.toml"))


def load_recipe(name: str, *, size: str | None = None) -> Recipe:
    """Return a recipe by name, or from a ``.toml`` file, with its bases merged in.

    ``[sizes.NAME.SECTION]`` tables are put over the sections for that size and leave the result.
    Raises ``UsageError`` for an unknown name or section, ``DataError`` for a file that is not TOML.
    """
    recipe = _with_bases(name)
    sizes = recipe.pop("sizes", {})
    return _merged(recipe, sizes.get(size or recipe.get("pretrain", {}).get("size", ""), {}))


def _with_bases(name: str, above: tuple[str, ...] = ()) -> Recipe:
    if name in above:
        raise UsageError(f"recipe {name!r} is based on itself", hint=" -> ".join((*above, name)))
    own = _read(name)
    _check_kinds(own, name)
    unknown = [key for key in own if key not in (*SECTIONS, *FACTS)]
    if unknown:
        raise UsageError(
            f"recipe {name!r}: unknown section {unknown[0]!r}", hint=suggest(unknown[0], [*SECTIONS, *FACTS])
        )
    if "base" not in own:
        return own
    return _merged(_with_bases(_base_of(name, own["base"]), (*above, name)), own)


def _base_of(name: str, base: str) -> str:
    """Return the name of a base; a file is looked for beside the recipe that names it."""
    return str(Path(name).parent / base) if base.endswith(".toml") else base


def recipe_text(name: str) -> str:
    """Return the text of a recipe as it is written."""
    if name in recipe_names():
        return packaged(f"recipes/{name}.toml")
    path = Path(name)
    if path.suffix == ".toml" and path.is_file():
        try:
            return path.read_text("utf-8")
        except UnicodeDecodeError as error:
            raise DataError(f"recipe {name}: is not UTF-8: {error}", hint="save it as UTF-8, as TOML is") from error
    raise UsageError(f"unknown recipe {name!r}", hint=suggest(name, recipe_names()) + "; or give a .toml file")


def _read(name: str) -> Recipe:
    try:
        return {"name": Path(name).stem, **_current(tomllib.loads(recipe_text(name)))}
    except tomllib.TOMLDecodeError as error:
        raise DataError(
            f"recipe {name}: is not TOML: {error}", hint="`zhprep recipes NAME` prints one to start from"
        ) from error


def _current(table: Any, inside: bool = False) -> Any:
    """Return tables with the settings of instances, wherever they stand, by the names they have now."""
    if isinstance(table, list):
        return [_current(item, inside) for item in table]
    if not isinstance(table, dict):
        return table
    named = renamed(table) if inside else table
    return {key: _current(value, inside or key == "instances") for key, value in named.items()}


def _check_kinds(own: Recipe, name: str) -> None:
    """Refuse a section that is no table, and a fact that is no text."""
    for key, value in own.items():
        wanted, called = _KINDS.get(key, (dict, "a table") if key in SECTIONS else (str, "a text"))
        if key in (*SECTIONS, *FACTS) and not isinstance(value, wanted):
            hint = f"write [{key}] and its settings below it" if wanted is dict else f'write {key} = "…"'
            raise UsageError(f"recipe {name!r}: {key} must be {called}, not {value!r}", hint=hint)
    for size, sections in own.get("sizes", {}).items():
        if not isinstance(sections, dict) or not all(isinstance(section, dict) for section in sections.values()):
            hint = f"write [sizes.{size}.SECTION] and the section's settings below it"
            raise UsageError(f"recipe {name!r}: sizes.{size} must be a table of sections", hint=hint)


def _merged(base: Recipe, own: Recipe) -> Recipe:
    """Put ``own`` over ``base``, section by section."""
    merged = dict(base)
    for key, value in own.items():
        merged[key] = (
            _merged(base[key], value) if isinstance(value, dict) and isinstance(base.get(key), dict) else value
        )
    return merged
