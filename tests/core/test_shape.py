"""What JSON has to look like: the first fault is found and named."""

from __future__ import annotations

import pytest

from zhprep.core.shape import SHA256, fault

SHAPE = {"rows": int, "sha256?": SHA256, "parts": [{"name": str}], "counts": {"*": int}}
WHOLE = {"rows": 3, "parts": [{"name": "a", "more": None}], "counts": {"a": 1}, "other": []}


@pytest.mark.parametrize("given", [WHOLE, {**WHOLE, "sha256": "0" * 64}, {**WHOLE, "parts": []}])
def test_what_is_as_it_should_be(given):
    assert fault(given, SHAPE) == ""


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"rows": "3"}, "rows is '3', not a whole number"),
        ({"rows": True}, "rows is True, not a whole number"),
        ({"rows": None}, "rows is None"),
        ({"sha256": "x"}, "sha256 is 'x', not a text of"),
        ({"parts": {}}, "parts is {}, not a list"),
        ({"parts": [{"name": "a"}, {"nmae": "b"}]}, "parts[1].name is missing"),
        ({"parts": ["a"]}, "parts[0] is 'a', not an object"),
        ({"counts": {"a": 1.5}}, "counts.a is 1.5, not a whole number"),
        ({"counts": [1] * 1000}, "counts is [1, 1,"),
    ],
)
def test_a_fault_is_named(change, told):
    found = fault({**WHOLE, **change}, SHAPE)
    assert found.startswith(told)
    assert len(found) < 120


def test_what_is_missing_and_what_is_no_object():
    assert fault({}, SHAPE) == "rows is missing"
    assert fault([], SHAPE) == "it is [], not an object"
    assert fault(1, float) == ""
