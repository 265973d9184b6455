"""What a value read from JSON has to look like, said as a value of that shape.

int                       a whole number (no bool); likewise str, float, bool, dict, list
re.compile("[0-9a-f]+")   a text of this pattern
[int]                     a list of whole numbers
{"rows": int}             an object with ``rows``, and whatever else
{"note?": str}            with ``note`` perhaps
{"*": int}                with whole numbers under all other names
"""

from __future__ import annotations

import re
from typing import Any

Shape = Any

SHA256 = re.compile("[0-9a-f]{64}")

_CALLED = {
    int: "a whole number", str: "a text", float: "a number", bool: "true or false", dict: "an object", list: "a list",
}  # fmt: skip


def fault(value: Any, shape: Shape, where: str = "it") -> str:
    """Return the first thing that is not as ``shape`` says, as ``rows is 'x', not a whole number``; nothing if all is.

    ``where`` is what ``value`` is called.
    """
    if isinstance(shape, dict):
        return _fault_of_object(value, shape, where)
    if isinstance(shape, list):
        if not isinstance(value, list):
            return _is_not(where, value, _CALLED[list])
        return next((found for n, item in enumerate(value) if (found := fault(item, shape[0], f"{where}[{n}]"))), "")
    if isinstance(shape, re.Pattern):
        fits = isinstance(value, str) and shape.fullmatch(value) is not None
        return "" if fits else _is_not(where, value, f"a text of {shape.pattern}")
    kinds = (int, float) if shape is float else shape
    fits = isinstance(value, kinds) and (shape is bool or not isinstance(value, bool))
    return "" if fits else _is_not(where, value, _CALLED[shape])


def _fault_of_object(value: Any, shape: dict[str, Shape], where: str) -> str:
    if not isinstance(value, dict):
        return _is_not(where, value, _CALLED[dict])
    inner = "" if where == "it" else f"{where}."
    for name, part in shape.items():
        key = name.removesuffix("?")
        if name == "*" or (key not in value and name != key):
            continue
        if key not in value:
            return f"{inner}{key} is missing"
        if found := fault(value[key], part, f"{inner}{key}"):
            return found
    others = (name for name in value if name not in shape and f"{name}?" not in shape) if "*" in shape else ()
    return next((found for name in others if (found := fault(value[name], shape["*"], f"{inner}{name}"))), "")


def _is_not(where: str, value: Any, wanted: str) -> str:
    shown = repr(value)
    return f"{where} is {shown if len(shown) < 60 else shown[:57] + '...'}, not {wanted}"
