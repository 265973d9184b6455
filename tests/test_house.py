"""The house: few levels, no circles, few crumbs, and one meaning for every public name."""

from __future__ import annotations

import ast
from collections import defaultdict

import pytest
from house import imports, levels, modules, packages

MOST_LEVELS = 6
LEAST_LINES = 40
MOST_CRUMBS = 8

UNTIL_LATER = {"zhprep.models"}
TWICE_UNTIL_LATER = {"Masked", "Phrases", "Progress"}


@pytest.mark.parametrize("package", packages())
def test_a_package_has_few_levels_and_no_circle(package: str) -> None:
    if package in UNTIL_LATER:
        return
    assert max(levels(package).values(), default=0) <= MOST_LEVELS, sorted(
        levels(package).items(), key=lambda it: it[1]
    )


def test_a_public_class_has_a_name_of_its_own() -> None:
    places = defaultdict(list)
    for module, path in modules().items():
        for node in ast.parse(path.read_bytes()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(module)
    assert {name: where for name, where in places.items() if len(where) > 1 and name not in TWICE_UNTIL_LATER} == {}


def test_there_are_hardly_any_crumbs() -> None:
    """Small files that one other imports belong into it, unless they are the parts of a family."""
    callers = defaultdict(set)
    for module, others in imports().items():
        for other in others:
            callers[other].add(module)
    crumbs = [
        module
        for module, path in modules().items()
        if path.name != "__init__.py"
        and path.read_text("utf-8").count("\n") < LEAST_LINES
        and len(callers[module]) == 1
        and callers[module] != {module.rpartition(".")[0]}
    ]
    assert len(crumbs) <= MOST_CRUMBS, crumbs
