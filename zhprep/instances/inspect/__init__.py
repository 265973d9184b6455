"""Finished instances as a reader or a statistician sees them: shown, counted, held to their settings."""

from __future__ import annotations

from zhprep.instances.inspect.corruption_lint import lint_corrupted
from zhprep.instances.inspect.lint import lint
from zhprep.instances.inspect.restore import special_in_text
from zhprep.instances.inspect.statistics import statistics
from zhprep.instances.inspect.view import (
    Cell,
    Shown,
    Syllables,
    masked_kinds,
    view_corrupted,
    view_instances,
    view_sentence,
)  # fmt: skip

__all__ = [
    "Cell", "Shown", "Syllables", "lint", "lint_corrupted", "masked_kinds", "special_in_text", "statistics",
    "view_corrupted", "view_instances", "view_sentence",
]  # fmt: skip
