"""Recipes: one TOML file per system; a section per stage; each number with where it comes from.

A recipe may start from another (``base = "bert"``) and state only what differs. A system is a recipe
file, never a class.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from zhprep.core.bundled import table_names, table_text
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
    return table_names("recipes")


def load_recipe(name: str, *, size: str | None = None) -> Recipe:
    """Return a recipe by name, or from a ``.toml`` file, with its bases merged in.

    ``[sizes.NAME.SECTION]`` tables are put over the sections for that size and leave the result.
    Raises ``UsageError`` for an unknown name or section, ``DataError`` for a file that is not TOML.
    """
    return _at(size, _with_bases(name))


def derive_recipe(own: Recipe, name: str, *, size: str, between: Recipe) -> Recipe:
    """Return the recipe that the table ``own`` describes as the file of a recipe would: its base at ``size``, the
    sections ``between`` over that, and what it states itself on top.

    ``name`` is what it is called in errors; where it has the path of a file before it, bases are looked for beside
    that. The recipe has the name of its base, if it has one.
    """
    own = _checked(_current(own), name)
    base = own.pop("base", "")
    below = load_recipe(_base_of(name, base), size=size) if base else {"name": name}
    return put_over(put_over(below, _checked(_current(between), name)), _at(size, own))


def _at(size: str | None, recipe: Recipe) -> Recipe:
    sizes = recipe.pop("sizes", {})
    return put_over(recipe, sizes.get(size or recipe.get("pretrain", {}).get("size", ""), {}))


def _with_bases(name: str, above: tuple[str, ...] = ()) -> Recipe:
    if name in above:
        raise UsageError(f"recipe {name!r} is based on itself", hint=" -> ".join((*above, name)))
    own = _checked(_read(name), name)
    if "base" not in own:
        return own
    return put_over(_with_bases(_base_of(name, own["base"]), (*above, name)), own)


def _checked(own: Recipe, name: str) -> Recipe:
    """Return the table of a recipe; raises ``UsageError`` for an unknown section, or a value of another kind."""
    _check_kinds(own, name)
    unknown = [key for key in own if key not in (*SECTIONS, *FACTS)]
    if unknown:
        raise UsageError(
            f"recipe {name!r}: unknown section {unknown[0]!r}", hint=suggest(unknown[0], [*SECTIONS, *FACTS])
        )
    return own


def _base_of(name: str, base: str) -> str:
    """Return the name of a base; a file is looked for beside the recipe that names it."""
    return str(Path(name).parent / base) if base.endswith(".toml") else base


def recipe_text(name: str) -> str:
    """Return the text of a recipe as it is written."""
    return table_text("recipe", name, "recipes")


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


def put_over(base: Recipe, own: Recipe) -> Recipe:
    """Return ``base`` with ``own`` put over it, section by section; ``false`` in the place of a section leaves it out,
    as the settings of a part that the base has and a recipe on top of it has not."""
    merged = dict(base)
    for key, value in own.items():
        there = base.get(key)
        if isinstance(there, dict) and value is False:
            del merged[key]
        else:
            merged[key] = put_over(there, value) if isinstance(value, dict) and isinstance(there, dict) else value
    return merged
