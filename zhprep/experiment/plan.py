"""Plans of experiments: one TOML file says what is compared and what is held equal.

    title, paper
    [grid]                sizes = ["tiny"]  seeds = [0, 1, 2]
    [budget]              steps of the first variant; the others get as many as make the same tokens
    [common.SECTION]      settings of all variants, over their recipes
    [sizes.NAME.SECTION]  the same for one size, over those; a budget may stand there too
    [variants.NAME]       base = "bert", and what differs: a recipe

A variant is a recipe written in the plan, so that what is compared can be read in one place.
"""

from __future__ import annotations

import dataclasses
import tomllib
from pathlib import Path
from typing import Any

from zhprep.core.bundled import table_names, table_text
from zhprep.core.config import build, setting
from zhprep.core.errors import DataError, UsageError
from zhprep.core.registry import suggest
from zhprep.recipes import SECTIONS, Recipe, derive_recipe, put_over

_PARTS = ("title", "paper", "grid", "budget", "common", "sizes", "variants")
_TEXTS = ("title", "paper")


@dataclasses.dataclass(frozen=True, kw_only=True)
class GridConfig:
    """Which sizes and seeds every variant is run with."""

    sizes: tuple[str, ...] = setting(("base",), "sizes of the models")
    seeds: tuple[int, ...] = setting((0, 1, 2), "seeds of weights, order of instances and masks drawn while training")


@dataclasses.dataclass(frozen=True, kw_only=True)
class BudgetConfig:
    """How long the models are trained: all on as much text."""

    steps: int | None = setting(None, "steps of the first variant; those of its recipe if not given", minimum=1)
    equal: str = setting(
        "tokens", "what all variants are trained on as many of: tokens, padding left out, or characters of the text",
        choices=("tokens", "characters"),
    )  # fmt: skip
    scale: str = setting(
        "steps", "what the other variants have more or less of, to be equal", choices=("steps", "batch_size")
    )


@dataclasses.dataclass(frozen=True)
class ExperimentPlan:
    """What is compared: ``variants`` as they are written, by name, and what is put between their recipes and them."""

    name: str
    title: str
    paper: str
    grid: GridConfig
    variants: dict[str, Recipe]
    common: Recipe
    by_size: dict[str, Recipe]
    budgets: dict[str, Any]

    def recipe(self, variant: str, size: str) -> Recipe:
        """Return the recipe of a variant at a size.

        Raises ``UsageError`` for one that states its own steps: all have the budget of the plan.
        """
        own = self.variants[variant]
        if any("steps" in part.get("pretrain", {}) for part in (own, *own.get("sizes", {}).values())):
            hint = "say [budget] steps in the plan: those of the others follow from the length of their instances"
            raise UsageError(f"plan {self.name}, variant {variant!r}: states steps of its own", hint=hint)
        between = put_over(self.common, {key: value for key, value in self._at(size).items() if key != "budget"})
        return derive_recipe(own, f"{self.name}: {variant}", size=size, between=between)

    def budget(self, size: str) -> BudgetConfig:
        """Return the budget at a size."""
        return build(BudgetConfig, {**self.budgets, **self._at(size).get("budget", {})}, where="[budget]")

    def _at(self, size: str) -> Recipe:
        return self.by_size.get(size, {})


def plan_names() -> list[str]:
    """Return the names of the bundled plans, sorted."""
    return table_names("experiment/plans")


def plan_text(name: str) -> str:
    """Return the text of a plan, by its name or from a ``.toml`` file.

    Raises ``UsageError`` for one that there is not, ``DataError`` for a file that is not UTF-8.
    """
    return table_text("plan", name, "experiment/plans")


def load_plan(name: str) -> ExperimentPlan:
    """Return a plan by name, or from a ``.toml`` file.

    Raises ``UsageError`` for what a plan has not or cannot be, ``DataError`` for a file that is not TOML. Recipes of
    variants are read when they are asked for.
    """
    try:
        own = tomllib.loads(plan_text(name))
    except tomllib.TOMLDecodeError as error:
        hint = "`zhprep experiment NAME --show` prints one to start from"
        raise DataError(f"plan {name}: is not TOML: {error}", hint=hint) from error
    _check(own, name)
    if not own.get("variants"):
        raise UsageError(f"plan {name}: has no variants", hint='write [variants.NAME] and base = "RECIPE" below it')
    return ExperimentPlan(
        name, own.get("title", Path(name).stem), own.get("paper", ""),
        build(GridConfig, own.get("grid", {}), where="[grid]"),
        own["variants"], own.get("common", {}), own.get("sizes", {}), own.get("budget", {}),
    )  # fmt: skip


def _check(own: dict[str, Any], name: str) -> None:
    """Raise ``UsageError`` for a part that plans have not, or one of another kind."""
    for part, value in own.items():
        if part not in _PARTS:
            raise UsageError(f"plan {name}: unknown part {part!r}", hint=suggest(part, list(_PARTS)))
        if not isinstance(value, str if part in _TEXTS else dict):
            hint = f'write {part} = "…"' if part in _TEXTS else f"write [{part}] and what it has below it"
            raise UsageError(f"plan {name}: {part} cannot be {value!r}", hint=hint)
    tables = {"common": own.get("common", {}), **{f"sizes.{key}": one for key, one in own.get("sizes", {}).items()}}
    for where, table in tables.items():
        known = SECTIONS if where == "common" else (*SECTIONS, "budget")
        for section, value in table.items() if isinstance(table, dict) else ((table, None),):
            if section not in known or not isinstance(value, dict):
                hint = suggest(str(section), list(known))
                raise UsageError(f"plan {name}: [{where}] has no section {section!r}", hint=hint)
    for variant, value in own.get("variants", {}).items():
        if not isinstance(value, dict) or not variant.replace("-", "").replace("_", "").isalnum():
            hint = "a variant is a table, [variants.NAME], with letters, digits, - and _ in its name"
            raise UsageError(f"plan {name}: variants.{variant} is no variant", hint=hint)
