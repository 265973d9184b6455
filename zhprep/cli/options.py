"""Project config dataclasses onto click options, and merge flags with a recipe.

An option that was not given is ``None``; precedence is flag, recipe, default of the dataclass.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable
from typing import Any, TypeVar

import click

from zhprep.core.config import build, field_type, settings

Config = TypeVar("Config")
Command = Callable[..., Any]


def config_options(config: type, *, skip: tuple[str, ...] = ()) -> Callable[[Command], Command]:
    """Return a decorator that adds an option for each knob of ``config`` (but those in ``skip``)."""

    def decorate(function: Command) -> Command:
        for field in reversed([f for f in settings(config) if f.name not in skip and f.metadata.get("flag", True)]):
            function = _option(config, field)(function)
        return function

    return decorate


def read_config(
    config: type[Config], flags: dict[str, Any], recipe: dict[str, Any] | None = None, *, where: str = ""
) -> Config:
    """Build ``config`` from a recipe section and the flags given, which win."""
    names = {field.name for field in settings(config)}
    given = {name: value for name, value in flags.items() if name in names and value is not None and value != ()}
    return build(config, {**(recipe or {}), **given}, where=where)


def _option(config: type, field: Any) -> Callable[[Command], Command]:
    kind = field_type(config, field.name)
    if isinstance(kind, types.UnionType):
        kind = next(option for option in typing.get_args(kind) if option is not type(None))
    flag = "--" + field.name.replace("_", "-")
    help_text = field.metadata["help"] + _default_text(field.default)
    if kind is bool:
        return click.option(f"{flag}/--no-{flag[2:]}", field.name, default=None, help=help_text)
    choices = field.metadata["choices"]
    many = typing.get_origin(kind) is tuple
    item = typing.get_args(kind)[0] if many else kind
    type_ = click.Choice(choices) if choices else {int: click.INT, float: click.FLOAT}.get(item, click.STRING)
    return click.option(flag, field.name, default=None, type=type_, multiple=many, help=help_text)


def _default_text(default: Any) -> str:
    if default in (None, "", ()):
        return ""
    shown = ",".join(map(str, default)) if isinstance(default, tuple) else default
    return f"  [default: {str(shown).lower() if isinstance(default, bool) else shown}]"
