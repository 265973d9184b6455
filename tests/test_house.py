"""The house: few levels, no circles, few crumbs, one meaning for every public name, and a drawing that is current."""

from __future__ import annotations

import ast
from collections import defaultdict

import pytest
from make_architecture import ROOT, callers, levels, modules, packages, page

MOST_LEVELS = 6
LEAST_LINES = 40
MOST_CRUMBS = 8


@pytest.mark.parametrize("package", packages())
def test_a_package_has_few_levels_and_no_circle(package: str) -> None:
    found = levels(package)  # a circle is an error
    assert max(found.values(), default=0) <= MOST_LEVELS, sorted(found.items(), key=lambda it: it[1])


def test_a_public_class_has_a_name_of_its_own() -> None:
    places = defaultdict(list)
    for module, path in modules().items():
        for node in ast.parse(path.read_bytes()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(module)
    assert {name: where for name, where in places.items() if len(where) > 1} == {}


def test_there_are_hardly_any_crumbs() -> None:
    """Small files that one other imports belong into it, unless they are the parts of a family."""
    by = callers()
    crumbs = [
        module
        for module, path in modules().items()
        if path.name != "__init__.py"
        and path.read_text("utf-8").count("\n") < LEAST_LINES
        and len(by[module]) == 1
        and by[module] != {module.rpartition(".")[0]}
    ]
    assert len(crumbs) <= MOST_CRUMBS, crumbs


def test_the_drawing_is_that_of_the_imports() -> None:
    assert (ROOT / "docs" / "architecture.md").read_text("utf-8") == page(), "write it again: make docs"
