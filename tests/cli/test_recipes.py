"""``zhprep recipes``."""

from __future__ import annotations

import json
import tomllib

import pytest
from command_line import refused, zhprep

from zhprep.recipes import load_recipe, recipe_names


def test_the_list_has_titles_and_papers():
    result = zhprep("recipes")
    assert (result.code, result.err) == (0, "")
    for name in recipe_names():
        recipe = load_recipe(name)
        assert recipe["title"] in result.out.decode()
        assert recipe["paper"] in result.out.decode()
    listed = json.loads(zhprep("recipes", "--json").out)
    assert [recipe["name"] for recipe in listed] == recipe_names()


@pytest.mark.parametrize("name", recipe_names())
def test_one_is_printed_as_it_is_written_or_resolved(name):
    assert tomllib.loads(zhprep("recipes", name).out.decode())["title"] == load_recipe(name)["title"]
    assert zhprep("recipes", name, "--resolved").report == load_recipe(name)


def test_an_unknown_one():
    refused(zhprep("recipes", "bert-wmw"), 2, "unknown recipe 'bert-wmw'", "did you mean 'bert-wwm'?")
