"""Renaming weights by the table of a format: loading and saving come from the same rows, so they cannot disagree."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping

import torch
from torch import Tensor

from zhprep.core.errors import DataError, UsageError
from zhprep.models.checkpoints.format import Format, Names


def theirs(ours: str, format: Format) -> tuple[str, ...]:
    """Return what our weight ``ours`` is called in ``format``; nothing when it has no name there."""
    if format.weights is None:
        return (ours,)
    for pattern, names in _patterns(format.weights):
        if match := pattern.fullmatch(ours):
            return tuple(name.format(**match.groupdict()) for name in names)
    return ()


def named(ours: str, format: Format) -> tuple[str, ...]:
    """Return what our weight ``ours`` is called in ``format``.

    Raises ``UsageError`` naming it when it has no name there.
    """
    names = theirs(ours, format)
    if not names:
        raise UsageError(
            f"the format {format.model_type!r} has no name for the weight {ours}",
            hint='save the model in our own: format = "zhprep" in [model]',
        )
    return names


def to_format(weights: Mapping[str, Tensor], format: Format) -> dict[str, Tensor]:
    """Return our weights under the names of ``format``, fused ones taken apart.

    Raises ``UsageError`` naming a weight that has no name there.
    """
    renamed: dict[str, Tensor] = {}
    for ours, tensor in weights.items():
        names = named(ours, format)
        renamed.update(zip(names, (part.contiguous() for part in tensor.chunk(len(names))), strict=True))
    return renamed


def from_format(weights: Mapping[str, Tensor], wanted: Iterable[str], format: Format) -> dict[str, Tensor]:
    """Return those of our ``wanted`` weights that ``weights`` holds under the names of ``format``.

    Weights saved without the prefix (a bare encoder), under old names, or not at all because others are equal are known
    too. Raises ``DataError`` when there
    are only some of those that make up one of ours.
    """
    known = {format.modern(name): tensor for name, tensor in weights.items()}
    known = {name: known[source] for name, source in format.begins_as.items() if source in known} | known
    bare = not any(name.startswith(format.prefix) for name in known)
    found = {}
    for ours in wanted:
        names = [name.removeprefix(format.prefix) if bare else name for name in theirs(ours, format)]
        parts = [known[name] for name in names if name in known]
        if parts and len(parts) < len(names):
            raise DataError(f"weights have only some of {', '.join(names)}", hint="the file is damaged")
        if parts:
            found[ours] = torch.cat(parts) if len(parts) > 1 else parts[0]
    return found


@functools.cache
def _patterns(table: Names) -> list[tuple[re.Pattern[str], tuple[str, ...]]]:
    def pattern(ours: str) -> str:
        return (
            re.escape(ours)
            .replace(r"\{n\}", r"(?P<n>\d+)")
            .replace(r"\{p\}", "(?P<p>weight|bias)")
            .replace(r"\{rest\}", "(?P<rest>.+)")
        )

    return [(re.compile(pattern(ours)), names) for ours, names in table]
