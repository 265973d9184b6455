"""Project config dataclasses onto click options, and merge flags with a recipe.

An option that was not given is ``None``; precedence is flag, recipe, default of the dataclass. A knob that
holds several values takes them with commas: ``--ratios 0.8,0.1,0.1``.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from zhprep.core.config import RENAMED, build, field_type, settings
from zhprep.core.errors import UsageError
from zhprep.core.registry import nearest, suggest

if TYPE_CHECKING:
    ParamType = click.ParamType[Any]
else:
    ParamType = click.ParamType  # not generic before click 8.4

Config = TypeVar("Config")
Command = Callable[..., Any]

_NUMBERS: dict[Any, ParamType] = {int: click.INT, float: click.FLOAT}
_MOST_SHOWN = 6


class Name(ParamType):
    """One of some names; another is refused with the nearest."""

    name = "name"

    def __init__(self, choices: tuple[str, ...]) -> None:
        self.choices = choices

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str | None:  # noqa: ARG002
        """Show the choices where they are few."""
        return f"[{'|'.join(self.choices)}]" if len(self.choices) <= _MOST_SHOWN else "NAME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:  # noqa: ARG002
        """Return the name."""
        if value in self.choices:
            return str(value)
        flag = f"{param.opts[0]} " if param else ""
        raise UsageError(f"{flag}cannot be {value!r}", hint=suggest(str(value), list(self.choices)))


class Listed(ParamType):
    """Values with commas between them; given more than once, the flag goes on with its list."""

    name = "list"

    def __init__(self, item: ParamType) -> None:
        self.item = item

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str | None:  # noqa: ARG002
        """Show that there may be several."""
        return f"{self.item.name.upper()},…"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[Any, ...]:
        """Return the values as a tuple."""
        if isinstance(value, tuple):
            return value
        return tuple(self.item.convert(part.strip(), param, ctx) for part in str(value).split(",") if part.strip())


class Existing(ParamType):
    """The path of a file or folder that is there; another is refused with the nearest."""

    name = "path"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:  # noqa: ARG002
        """Return the path."""
        return existing(value)


class ExistingAnywhere(Existing):
    """The same, or the address of a finished folder in an object store, which the command's class brings here."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path, or the address as it is."""
        return value if _is_address(value) else super().convert(value, param, ctx)


def existing(path: Path | str) -> Path:
    """Return ``path``; raises ``UsageError`` with the nearest name when there is nothing, and for an address."""
    if _is_address(path):
        raise UsageError(f"{path}: this is not read from an object store", hint="copy it to this machine")
    path = Path(path)
    if path.exists():
        return path
    siblings = [str(other) for other in path.parent.glob("*")] if path.parent.is_dir() else []
    raise UsageError(f"{path}: no such file or folder", hint=nearest(str(path), siblings) or "check the path")


def _is_address(value: Any) -> bool:
    if "://" not in str(value):
        return False
    from zhprep.core.corpus.inputs import is_remote  # loads a good part of the rest

    return is_remote(str(value))


class _Renamed(click.Option):
    """An option that goes by its former names too, which help does not show."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Return the line of the help with the first name alone."""
        names, self.opts = self.opts, self.opts[:1]
        try:
            return super().get_help_record(ctx)
        finally:
            self.opts = names


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
    many = typing.get_origin(kind) is tuple
    item = typing.get_args(kind)[0] if many else kind
    choices = field.metadata["choices"]
    type_ = Name(choices) if choices else _NUMBERS.get(item, click.STRING)
    former = ["--" + old.replace("_", "-") for old, now in RENAMED.items() if now == field.name]
    if not many:
        names = (flag, *former, field.name)
        return click.option(*names, cls=_Renamed, default=None, type=type_, help=help_text)
    return click.option(
        flag, field.name, default=None, type=Listed(type_), multiple=True, callback=_joined, help=help_text
    )


def _joined(ctx: click.Context, param: click.Parameter, value: tuple[tuple[Any, ...], ...] | None) -> tuple[Any, ...]:  # noqa: ARG001
    return tuple(item for part in value or () for item in part)


def _default_text(default: Any) -> str:
    if default in (None, "", ()):
        return ""
    shown = ",".join(map(str, default)) if isinstance(default, tuple) else default
    return f"  [default: {str(shown).lower() if isinstance(default, bool) else shown}]"
