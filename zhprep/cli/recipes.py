"""``zhprep recipes``."""

from __future__ import annotations

import json
from typing import Any

import click

from zhprep.cli.shared import shared_options, split_shared
from zhprep.recipes import load_recipe, recipe_names, recipe_text

_WIDTH = 24


@click.command()
@click.argument("name", required=False)
@click.option("--resolved", is_flag=True, help="Print the recipe as JSON with its bases merged in.")
@shared_options()
def command(name: str | None, resolved: bool, **options: Any) -> None:
    """List the recipes, or print one.

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
    found = [load_recipe(recipe) for recipe in recipe_names()]
    if shared.json:
        print(
            json.dumps(
                [{key: recipe[key] for key in ("name", "title", "paper")} for recipe in found], ensure_ascii=False
            )
        )
        return
    for recipe in found:
        print(f"{recipe['name']:<{_WIDTH}}{recipe['title']}\n{'':<{_WIDTH}}{recipe['paper']}")
        for line in recipe.get("not_confirmed", []):
            print(f"{'':<{_WIDTH}}not confirmed: {line}")
