"""Runs that differ in their seeds alone are one variant: its scores have a mean and a deviation over them."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile
from pathlib import PurePath
from typing import Any

from zhprep.compare.runs import ComparedRun
from zhprep.core.seal import json_bytes

_FILES = ("similar_words", "coarse_vocab", "tags", "spans", "entities", "user_dictionary", "lexicon", "model")
"""Settings that are paths: where the file lay makes no other variant."""
_UNTOLD = ("seed", "seeds", "threads")
_SEPARATORS = re.compile(r"[-_./ ]*(?:seed|s)?[-_./ ]*$")
Settings = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Variant:
    """Runs of the same settings."""

    name: str
    runs: tuple[ComparedRun, ...]

    @property
    def settings(self) -> Settings:
        """What its runs have in common, by ``section.name``."""
        return settings_of(self.runs[0])


def variants_of(runs: Sequence[ComparedRun]) -> list[Variant]:
    """Return the variants in the order of their first runs: as the runs say, or else those of the same settings and
    the same text."""
    groups: dict[bytes, list[ComparedRun]] = {}
    for run in runs:
        key = run.variant.encode() if run.variant else json_bytes([settings_of(run), _corpus(run)])
        groups.setdefault(key, []).append(run)
    names = [_name(group) for group in groups.values()]
    if len(set(names)) < len(names):
        names = [group[0].name for group in groups.values()]
    return [Variant(name, tuple(group)) for name, group in zip(names, groups.values(), strict=True)]


def differing(variants: Sequence[Variant]) -> dict[str, list[Any]]:
    """Return the settings in which ``variants`` differ, with the value of each variant (None where it has none)."""
    found = [variant.settings for variant in variants]
    names = sorted({name for settings in found for name in settings})
    values = {name: [settings.get(name) for settings in found] for name in names}
    return {name: row for name, row in values.items() if any(value != row[0] for value in row)}


def settings_of(run: ComparedRun) -> Settings:
    """Return the settings of a run by ``section.name``, seeds and places of files left out; those of text and words
    where its instances are still there."""
    phases = run.plan["masks"] if isinstance(run.plan["masks"], list) else [run.plan["masks"]]
    sections = {"pretrain": run.plan["config"], "model": run.plan["model"]}
    sections |= {f"instances{'' if one is phases[-1] else f'-{number}'}": one for number, one in enumerate(phases, 1)}
    sections |= {**run.made_with, "evaluate": run.tuning}
    flat = dict(_flat(sections))
    told = {name: value for name, value in flat.items() if name.rpartition(".")[2] not in _UNTOLD}
    return {
        **{name: _short(name, value) for name, value in sorted(told.items())},
        "vocabulary": run.plan["vocabulary"][:12],
    }


def _flat(values: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the values of nested settings by their dotted names."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value


def _short(name: str, value: Any) -> Any:
    """Return a path without its folders."""
    is_file = name.rpartition(".")[2] in _FILES or name == "pretrain.initial"
    return PurePath(value).name if is_file and isinstance(value, str) else value


def _corpus(run: ComparedRun) -> Any:
    """Return what tells the text of a run from others; without its instances, the hash of those."""
    return run.plan["data"] if run.data is None else run.data.get("input_sha256", run.plan["data"])


def _name(runs: Sequence[ComparedRun]) -> str:
    """Return the name that runs have in common."""
    if runs[0].variant or len(runs) == 1:
        return runs[0].variant or runs[0].name
    letters = zip(*(run.name for run in runs), strict=False)
    common = "".join(column[0] for column in takewhile(lambda column: len(set(column)) == 1, letters))
    return _SEPARATORS.sub("", common) or runs[0].name
