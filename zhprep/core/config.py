"""Settings: one frozen dataclass per stage, read strictly.

Every knob has one home, a field made with :func:`setting`. Command-line options and recipe sections
are projections of the dataclass, and both refuse what they do not know.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import types
import typing
from collections.abc import Container, Mapping
from typing import Any, TypeVar

from zhprep.core.errors import UsageError
from zhprep.core.registry import suggest

Config = TypeVar("Config")

LARGEST = 2**62
"""The largest whole number that a setting may be: what is computed with it has to fit into 64 bits."""

RENAMED = {
    "rate": "mask_prob", "rate_schedule": "mask_prob_schedule", "word_share": "whole_word_prob",
    "permute_share": "permute_ratio", "validation_share": "validation_fraction",
}  # fmt: skip
"""Settings by the names they had once: recipes, manifests and flags may still use them."""


def setting(
    default: Any,
    help: str,
    *,
    choices: tuple[str, ...] = (),
    minimum: float | None = None,
    maximum: float | None = None,
    flag: bool = True,
) -> Any:
    """Declare a knob: its default, what it does, and what it may be.

    ``flag=False`` keeps it out of the command line (a recipe may still set it).
    """
    metadata = {"help": help, "choices": choices, "minimum": minimum, "maximum": maximum, "flag": flag}
    return dataclasses.field(default=default, metadata=metadata)


def settings(config: type) -> list[dataclasses.Field[Any]]:
    """Return the knobs of a config class, in the order of declaration."""
    return list(dataclasses.fields(config))


def field_type(config: type, name: str) -> Any:
    """Return the annotated type of knob ``name``, resolved."""
    return _types(config)[name]


@functools.cache
def _types(config: type) -> dict[str, Any]:
    return typing.get_type_hints(config)  # half a millisecond each time, and each knob is an option


def build(config: type[Config], values: Mapping[str, Any], *, where: str = "") -> Config:
    """Make a config from plain values.

    Integers may stand for floats and lists for tuples; nothing else is converted. Raises
    ``UsageError`` for an unknown knob (with the nearest name), a wrong type or a value out of range.
    """
    hints = _types(typing.cast(type, config))
    known = {field.name: field for field in dataclasses.fields(config)}  # type: ignore[arg-type]
    checked = {}
    for name, value in renamed(values, known).items():
        if name not in known:
            raise UsageError(f"unknown setting {name!r}{_in(where)}", hint=suggest(name, list(known)))
        checked[name] = _check(name, value, hints[name], known[name].metadata, where)
    return config(**checked)


def renamed(values: Mapping[str, Any], known: Container[str] = frozenset(RENAMED.values())) -> dict[str, Any]:
    """Return settings by the names they have now, where these are ``known``.

    Raises ``UsageError`` for one that is there by both names.
    """
    current: dict[str, Any] = {}
    for name, value in values.items():
        now = RENAMED.get(name, name)
        now = now if name not in known and now in known else name
        if now in current:
            was = next(old for old, new in RENAMED.items() if new == now)
            raise UsageError(f"{was} and {now} are one setting", hint=f"leave out {was}: it is called {now} now")
        current[now] = value
    return current


def as_dict(config: Any) -> dict[str, Any]:
    """Return a config as plain JSON-able values (tuples as lists, paths as strings)."""
    return {field.name: _plain(getattr(config, field.name)) for field in dataclasses.fields(config)}


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return as_dict(value)
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value if isinstance(value, (int, float, bool, str, type(None), dict)) else str(value)


def _check(name: str, value: Any, kind: Any, metadata: Mapping[str, Any], where: str) -> Any:
    value = _convert(name, value, kind, where, _meaning(name, metadata))
    if metadata.get("choices") and value is not None:
        for item in value if isinstance(value, tuple) else (value,):
            if item not in metadata["choices"]:
                raise UsageError(
                    f"{name} cannot be {item!r}{_in(where)}", hint=suggest(str(item), list(metadata["choices"]))
                )
    minimum, maximum = metadata.get("minimum"), metadata.get("maximum")
    if maximum is None and isinstance(value, int):
        maximum = LARGEST
        minimum = -LARGEST if minimum is None else minimum
    if isinstance(value, float) and not math.isfinite(value):
        raise UsageError(f"{name} is {value}{_in(where)}; it must be a number", hint=_meaning(name, metadata))
    if minimum is not None and value is not None and value < minimum:
        raise UsageError(f"{name} is {value}{_in(where)}; it must be at least {minimum}", hint=_meaning(name, metadata))
    if maximum is not None and value is not None and value > maximum:
        raise UsageError(f"{name} is {value}{_in(where)}; it must be at most {maximum}", hint=_meaning(name, metadata))
    return value


def _convert(name: str, value: Any, kind: Any, where: str, hint: str) -> Any:
    if isinstance(kind, types.UnionType):
        options = typing.get_args(kind)
        if value is None and type(None) in options:
            return None
        kinds = [option for option in options if option is not type(None)]
        fitting = [option for option in kinds if type(value) is (typing.get_origin(option) or option)]
        kind = (fitting or kinds)[0]
    origin = typing.get_origin(kind) or kind
    if origin is tuple:
        if isinstance(value, str) or not isinstance(value, (list, tuple)):
            raise UsageError(f"{name} must be a list{_in(where)}, not {value!r}", hint=hint)
        item_kind = typing.get_args(kind)[0]
        return tuple(_convert(name, item, item_kind, where, hint) for item in value)
    if origin is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, origin) or (origin is int and isinstance(value, bool)):
        raise UsageError(f"{name} must be {origin.__name__}{_in(where)}, not {value!r}", hint=hint)
    return value


def _meaning(name: str, metadata: Mapping[str, Any]) -> str:
    return f"{name}: {metadata['help']}"


def _in(where: str) -> str:
    return f" in {where}" if where else ""
