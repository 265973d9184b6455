"""JSON that knows whether it was changed: written one way, with the sha256 of itself inside.

A manifest says what every other file must be; its seal says what it must be itself.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from zhprep.core.errors import DataError
from zhprep.core.parsing import parse_json
from zhprep.core.shape import Shape, fault

SEAL = "seal"
_AGAIN = "copy it again, or run the command that made the folder again"


def json_bytes(value: Any) -> bytes:
    """Return ``value`` as JSON, the one way in which it is written."""
    return (json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def sealed(facts: dict[str, Any]) -> dict[str, Any]:
    """Return ``facts`` with their seal."""
    return {**facts, SEAL: _digest(facts)}


def read_object(path: Path, shape: Shape = dict) -> dict[str, Any]:
    """Return the JSON object in ``path``.

    Raises ``DataError`` for anything else, and for an object that is not as ``shape`` says (:mod:`zhprep.core.shape`).
    """
    return object_of(str(path), path.read_bytes(), shape)


def object_of(name: str, data: bytes, shape: Shape = dict) -> dict[str, Any]:
    """Return the JSON object in the ``data`` of ``name``, as :func:`read_object` does."""
    try:
        value = parse_json(data)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{name}: is damaged: {error}", hint=_AGAIN) from error
    if not isinstance(value, dict):
        raise DataError(f"{name}: is damaged: not a JSON object", hint=_AGAIN)
    check_shape(name, value, shape)
    return value


def read_sealed(path: Path, shape: Shape = dict, *, required: bool = False, hint: str = _AGAIN) -> dict[str, Any]:
    """Return the JSON object in ``path``.

    Raises ``DataError`` when it is not what was sealed, or not as ``shape`` says; without a seal, if one is
    ``required``.
    """
    try:
        value = read_object(path)
        if required or SEAL in value:
            check_seal(path, value)
        check_shape(path, value, shape)  # after the seal: who changed it has to know that first
    except DataError as error:
        raise DataError(str(error), hint=hint) from error
    return value


def check_shape(path: Path | str, value: dict[str, Any], shape: Shape) -> None:
    """Raise ``DataError`` unless ``value``, read from ``path``, is as ``shape`` says."""
    if wrong := fault(value, shape):
        raise DataError(f"{path}: is damaged: {wrong}", hint=_AGAIN)


def check_seal(path: Path, value: dict[str, Any]) -> None:
    """Raise ``DataError`` unless ``value``, read from ``path``, has its seal and is written there as it was."""
    check_sealed(str(path), path.read_bytes(), value, required=True)


def check_sealed(name: str, data: bytes, value: dict[str, Any], *, required: bool = False) -> None:
    """Raise ``DataError`` where ``value``, read from the ``data`` of ``name``, has a seal and is not as it was
    sealed; without a seal, if one is ``required``."""
    if required and SEAL not in value:
        raise DataError(f"{name}: has no seal: an older zhprep wrote it, or somebody else", hint=_AGAIN)
    if SEAL in value and (value[SEAL] != _digest(value) or data != json_bytes(value)):
        raise DataError(f"{name}: was changed after it was written, or cut short", hint=_AGAIN)


def _digest(value: dict[str, Any]) -> str:
    return hashlib.sha256(json_bytes({name: fact for name, fact in value.items() if name != SEAL})).hexdigest()
