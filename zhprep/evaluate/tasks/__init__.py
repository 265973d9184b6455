"""Kinds of tasks: how rows are read, what is put on the model, how its answers are found and scored.

:func:`read_task` reads a folder; its rows are of the first kind here that they are recognised as.
"""

from __future__ import annotations

from pathlib import Path

from zhprep.core.registry import lookup
from zhprep.evaluate.files import layout_of
from zhprep.evaluate.task import Task, TaskKind, sha256_of, task_of
from zhprep.evaluate.tasks.choice import MultipleChoice
from zhprep.evaluate.tasks.classification import Classification
from zhprep.evaluate.tasks.cloze import Cloze
from zhprep.evaluate.tasks.correction import Correction
from zhprep.evaluate.tasks.reading import Reading
from zhprep.evaluate.tasks.similarity import Similarity
from zhprep.evaluate.tasks.tagging import Tagging

KINDS: dict[str, TaskKind] = {
    "choice": MultipleChoice(),
    "cloze": Cloze(),
    "reading": Reading(),
    "correction": Correction(),
    "tagging": Tagging(),
    "similarity": Similarity(),
    "classification": Classification(),
}


def read_task(folder: Path) -> Task:
    """Read the task in ``folder`` (or of a ``task.toml``), of the kind it names or is recognised as.

    Raises ``UsageError`` or ``DataError``, see :func:`zhprep.evaluate.task.task_of`.
    """
    named = layout_of(folder).settings.get("kind", "")
    if named:
        lookup(KINDS, named, "kind of task")
    return task_of(folder, KINDS, named)


def files_sha256(folder: Path) -> str:
    """Return the sha256 of the bytes of a task's files."""
    return sha256_of(layout_of(folder))
