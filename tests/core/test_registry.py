"""Parts are found by name, or the nearest is told."""

from __future__ import annotations

import pytest

from zhprep.core.errors import UsageError
from zhprep.core.registry import load_object, lookup, require, suggest

FAMILY = {"char": 1, "wwm": 2, "ngram": 3}


def test_a_part() -> None:
    assert lookup(FAMILY, "wwm", "mask") == 2


@pytest.mark.parametrize(
    ("name", "hint"),
    [("ngrm", "did you mean 'ngram'? choices: char, wwm, ngram"), ("qqqqq", "choices: char, wwm, ngram")],
)
def test_no_part(name: str, hint: str) -> None:
    with pytest.raises(UsageError, match=f"unknown mask '{name}'") as error:
        lookup(FAMILY, name, "mask")
    assert error.value.hint == hint


def test_many_choices_are_not_all_listed() -> None:
    choices = [f"name{i}" for i in range(1000)]
    assert suggest("name77x", choices) == "did you mean 'name77'?"
    assert suggest("qqqq", choices) == ""
    assert suggest("a", []) == ""


def test_an_object_of_the_user() -> None:
    assert load_object("collections:OrderedDict", "engine").__name__ == "OrderedDict"
    for path, told in (
        ("collections", "names no engine"),
        (":x", "names no engine"),
        ("collections:", "names no engine"),
        ("no_such_module:X", "cannot import engine"),
        ("collections:OrderedDct", "has no engine 'OrderedDct'"),
    ):
        with pytest.raises(UsageError, match=told) as error:
            load_object(path, "engine")
        assert len(error.value.hint) < 300
    assert "did you mean 'OrderedDict'" in error.value.hint


def test_an_optional_package() -> None:
    assert require("json", purpose="x", install="x").dumps(1) == "1"
    with pytest.raises(UsageError, match="--cws far needs the package 'no_such_package'") as error:
        require("no_such_package", purpose="--cws far", install="'zhprep[far]'")
    assert error.value.hint == "pip install 'zhprep[far]'"
