"""jieba's package: its files without importing it, and itself where it must be."""

from __future__ import annotations

import functools
import hashlib
import pathlib
import warnings
from importlib.machinery import PathFinder
from typing import Any

from zhprep.core.errors import UsageError
from zhprep.core.registry import require


def package_file(name: str) -> pathlib.Path:
    """Return the path of a file in jieba's package. Raises ``UsageError`` where there is no jieba."""
    spec = PathFinder.find_spec("jieba")
    if spec is None or spec.origin is None:
        raise UsageError("--cws jieba needs the package 'jieba'", hint="pip install jieba")
    return pathlib.Path(spec.origin).with_name(name)


def own_file() -> pathlib.Path:
    """Return the path of jieba's own dictionary."""
    return package_file("dict.txt")


def sha256(path: pathlib.Path | str) -> str:
    """Return the first half of the hash of a file."""
    read = pathlib.Path(path)
    found = read.stat()
    return _sha256(read, found.st_mtime_ns, found.st_size)


@functools.lru_cache(16)
def _sha256(path: pathlib.Path, changed: int, size: int) -> str:  # noqa: ARG001  # asked again where these are others
    return hashlib.sha256(path.read_bytes()).hexdigest()[:32]


def import_jieba(module: str = "jieba") -> Any:
    """Import jieba (or its ``module``) without its warnings about old Python and setuptools."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return require(module, purpose="--cws jieba", install="jieba")
