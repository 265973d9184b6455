"""``zhprep recipes``."""

from __future__ import annotations

import json
from typing import Any

import click

from zhprep.cli.shared import shared_options, split_shared
from zhprep.core.errors import UsageError
from zhprep.core.registry import require_training
from zhprep.recipes import load_recipe, recipe_names, recipe_text

_WIDTH = 24


@click.command()
@click.argument("name", required=False)
@click.option("--resolved", is_flag=True, help="Print the recipe as JSON with its bases merged in.")
@shared_options()
def command(name: str | None, resolved: bool, **options: Any) -> None:
    """List the recipes, or print one.

    The list says of each its paper, how many weights each size has, and what no source confirms.

    A recipe is a TOML file with a section per stage. Copy one, change it, and give it by its path.
    """
    shared, _ = split_shared(options)
    if name is not None:
        print(
            json.dumps(load_recipe(name), ensure_ascii=False, indent=1)
            if resolved or shared.json
            else recipe_text(name),
            end="\n" if resolved or shared.json else "",
        )
        return
    found, n_weights = [load_recipe(recipe) for recipe in recipe_names()], _n_weights(recipe_names())
    if shared.json:
        facts = [
            {
                **{key: recipe[key] for key in ("name", "title", "paper")},
                "parameters": n_weights[recipe["name"]],
                "not_confirmed": recipe.get("not_confirmed", []),
            }
            for recipe in found
        ]
        print(json.dumps(facts, ensure_ascii=False))
        return
    for recipe in found:
        sizes = ", ".join(f"{size} {count / 1e6:.1f}M" for size, count in n_weights[recipe["name"]].items())
        lines = [recipe["title"], recipe["paper"], *([f"parameters: {sizes}"] if sizes else [])]
        lines += [f"not confirmed: {line}" for line in recipe.get("not_confirmed", [])]
        print(f"{recipe['name']:<{_WIDTH}}" + f"\n{'':<{_WIDTH}}".join(lines))


def _n_weights(names: list[str]) -> dict[str, dict[str, int]]:
    """Return how many weights the model of each recipe has at each size, heads and generators included, with a
    vocabulary as large as the recipe's; none where there is no model, or what trains models is not installed."""
    try:
        require_training("recipes")
    except UsageError:
        return {name: {} for name in names}
    from zhprep.models import SIZES, model_config
    from zhprep.models.model import n_weights

    counted: dict[str, int] = {}  # recipes share models
    found: dict[str, dict[str, int]] = {name: {} for name in names}
    for name in names:
        model = load_recipe(name).get("model")
        for size in dict.fromkeys((*SIZES, *model.get("sizes", {}))) if model is not None else ():
            recipe = load_recipe(name, size=size)
            config = model_config(recipe["model"], size, recipe["vocab"]["size"])
            if repr(config) not in counted:
                counted[repr(config)] = n_weights(config)
            found[name][size] = counted[repr(config)]
    return found
