"""Classification tasks: folders with ``train.jsonl`` and ``dev.jsonl``, a row a line.

A row has ``label`` and ``text``, or ``text_a`` and ``text_b``; CLUE's ``sentence`` and ``sentence1``, ``sentence2`` are
read too. Labels are strings or numbers; what counts is that they are equal.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from zhprep.collate.rows import Integers
from zhprep.core.errors import DataError, UsageError

PARTS = ("train", "dev")
TEXTS = (("text",), ("text_a", "text_b"), ("sentence",), ("sentence1", "sentence2"))
"""Names that the one or two texts of a row may have."""


@dataclasses.dataclass(frozen=True)
class Examples:
    """Rows of a task: ``texts`` has one column of texts, or two for pairs; ``labels`` are indices of class names."""

    texts: tuple[list[str], ...]
    labels: Integers

    def __len__(self) -> int:
        return len(self.labels)


@dataclasses.dataclass(frozen=True)
class Task:
    """A task: its name and classes, what to train on and what to be judged by, and the sha256 of its files."""

    name: str
    classes: list[str]
    train: Examples
    dev: Examples
    sha256: str = ""


def read_task(folder: Path) -> Task:
    """Read the task in ``folder``.

    Raises ``UsageError`` when a file is missing, ``DataError`` naming file and line when a row is not one of a task,
    when the training rows are all of one class or the dev rows have a class that they have not.
    """
    train, dev = (list(_rows(folder / f"{part}.jsonl")) for part in PARTS)
    classes = sorted({str(row["label"]) for row in train})
    if len(classes) < 2:
        raise DataError(
            f"{folder / 'train.jsonl'}: all rows have the label {classes[0]!r}", hint="a task tells two labels or more"
        )
    if unknown := sorted({str(row["label"]) for row in dev} - set(classes)):
        raise DataError(
            f"{folder / 'dev.jsonl'}: label {unknown[0]!r} is not in train.jsonl ({', '.join(classes[:10])})",
            hint="every label of dev has to be learnt from train",
        )
    names = next(names for names in TEXTS if all(name in train[0] for name in names))
    if not all(name in dev[0] for name in names):
        raise DataError(
            f"{folder}: rows of train.jsonl have {', '.join(names)}, those of dev.jsonl have not",
            hint="give both the same keys: a task is one of single texts or one of pairs",
        )
    parts = [_examples(rows, names, classes) for rows in (train, dev)]
    return Task(folder.name, classes, parts[0], parts[1], files_sha256(folder))


def files_sha256(folder: Path) -> str:
    """Return the sha256 of the bytes of a task's files."""
    digest = hashlib.sha256()
    for part in PARTS:
        digest.update((folder / f"{part}.jsonl").read_bytes())
    return digest.hexdigest()


def _examples(rows: list[dict[str, Any]], names: tuple[str, ...], classes: list[str]) -> Examples:
    index = {name: number for number, name in enumerate(classes)}
    texts = tuple([row[name] for row in rows] for name in names)
    return Examples(texts, np.array([index[str(row["label"])] for row in rows], np.int64))


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    if not path.is_file():
        raise UsageError(f"{path} is missing", hint="a task is a folder with train.jsonl and dev.jsonl")
    names: tuple[str, ...] | None = None
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        try:
            row = json.loads(line.decode("utf-8"))
        except ValueError as error:
            raise DataError(f"{path}, line {number}: {error}", hint="each line is a JSON object in UTF-8") from error
        names = names or _text_names(row)
        if fault := _fault(row, names or ("text",)):
            raise DataError(f"{path}, line {number}: {fault}", hint="every row has the same keys, in valid Unicode")
        yield row
    if names is None:
        raise DataError(f"{path} is empty", hint="a task has rows in train.jsonl and in dev.jsonl")


def _fault(row: Any, names: tuple[str, ...]) -> str:
    """Return what is wrong with a row of texts called ``names``, or nothing."""
    if not isinstance(row, dict) or not all(isinstance(row.get(name), str) for name in names) or "label" not in row:
        return f"not a row with {', '.join(names)}, label"
    if not isinstance(row["label"], (str, int, float)):
        return f"the label is {json.dumps(row['label'])}, neither a text nor a number"
    texts = (*(row[name] for name in names), str(row["label"]))
    if any("\ud800" <= character <= "\udfff" for text in texts for character in text):
        return "half a surrogate pair, which is no character"
    return ""


def _text_names(row: Any) -> tuple[str, ...] | None:
    return next((names for names in TEXTS if isinstance(row, dict) and all(name in row for name in names)), None)
