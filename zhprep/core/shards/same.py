"""Whether the plan of a folder is that of a command which would go on there, and what differs if it is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from zhprep.core.errors import UsageError


def check_same(there: dict[str, Any], plan: dict[str, Any], path: Path) -> None:
    """Raise ``UsageError`` where the folder at ``path``, whose plan is ``there``, was not made by ``plan``."""
    for part, what in (
        ("zhprep", "another version of zhprep"),
        ("table", "another table"),
        ("config", "another config"),
        ("facts", "another segmenter or vocabulary"),
        ("dependencies", "another version of a dependency"),
        ("corpus", "another input"),
    ):
        if there.get(part) != plan[part]:
            raise UsageError(
                f"{path}: was made with {what}{_difference(there.get(part), plan[part])}",
                hint="name another folder, or begin it again with --overwrite",
            )


def _difference(there: Any, wanted: Any) -> str:
    """Return, for flat settings, the first that differs."""
    if not (isinstance(there, dict) and isinstance(wanted, dict)):
        return f" ({there}, now {wanted})"
    for name in sorted(there.keys() | wanted.keys()):
        if there.get(name) != wanted.get(name):
            before, now = there.get(name), wanted.get(name)
            if isinstance(before, dict) and isinstance(now, dict):
                return _difference(before, now)
            return f" ({name}: {before}, now {now})" if len(f"{before}{now}") < 120 else f" ({name} differs)"
    return ""
