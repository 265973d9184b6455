"""What lies in object stores, for tests that put it there or look at it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any


def files_of(folder: Path) -> dict[str, bytes]:
    """Return the bytes of every file below ``folder``, by its path in it."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def stored(system: Any, top: str) -> dict[str, bytes]:
    """Return the same of a folder in a store."""
    return {path.removeprefix(f"{top}/"): system.cat(path) for path in system.find(top)}


def with_store(env: dict[str, str], statement: str) -> str:
    """Let another program do something to the server; return what it prints."""
    script = f"import hashlib, fsspec; system = fsspec.filesystem('s3'); {statement}"
    return subprocess.run([sys.executable, "-c", script], env=env, check=True, capture_output=True).stdout.decode()
