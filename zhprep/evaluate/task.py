"""What a task is, and what every kind of task can do: read, encode, head, decode, score.

A folder has rows of one kind (:data:`zhprep.evaluate.tasks.KINDS`); a row gives one example or several. Rows without a
gold label are left out of train and dev, and counted.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from zhprep.core.errors import DataError
from zhprep.evaluate.encode import Inputs, TaskEncoder
from zhprep.evaluate.files import PARTS, TaskLayout, WrittenRow, answers_beside, layout_of, rows_of
from zhprep.evaluate.heads import Head
from zhprep.models.config import ModelConfig

NO_LABEL, NO_COLUMN = "no gold label", "no column of labels"
UNLABELLED = ("", "-", None)
"""Labels that say that there is none: OCNLI marks so what its annotators did not agree on."""

Told = npt.NDArray[Any]


class Fault(Exception):
    """What is wrong with a row, said without its place."""


@dataclasses.dataclass(frozen=True)
class Example:
    """One thing to be judged: its texts, the right answer, what can be answered, and where it stands.

    What ``gold`` is differs by kind (a class, a number, spans, an index, a text); None where there is none. ``lacks``
    says why it cannot be learnt from or judged, if so. ``choices`` are the answers to choose from, ``span`` a place in
    the first text.
    """

    texts: tuple[str, ...]
    gold: Any
    id: Any = None
    where: str = ""
    choices: tuple[str, ...] = ()
    span: tuple[int, int] = (0, 0)
    lacks: str = ""


class TaskKind:
    """A kind of task: one file in :mod:`zhprep.evaluate.tasks`.

    ``metric`` is the score that a task is judged by, of those that :meth:`scores` gives.
    """

    metric: ClassVar[str]
    wanted: ClassVar[str]
    """What a row must have, in words."""
    has_classes: ClassVar[bool] = False
    """Whether the labels of a task are the names of what is told apart."""

    by_id: ClassVar[bool] = False
    """Whether answers are handed in as one object by id, not as lines."""

    def holds(self, value: Any) -> bool:
        """Return whether a row as it is written is of this kind."""
        raise NotImplementedError

    def examples(self, value: Any, answers: Mapping[str, Any]) -> Iterator[Example]:
        """Yield what a row gives; ``answers`` is the file of answers beside it. Raises ``Fault``."""
        raise NotImplementedError

    def labels(self, train: Sequence[Example]) -> tuple[str, ...]:  # noqa: ARG002
        """Return the names of what is told apart, in the order of their numbers; none where nothing is named."""
        return ()

    def check(self, example: Example, labels: Sequence[str]) -> None:
        """Raise ``Fault`` for an example that cannot be judged by what is learnt from train."""

    def unreachable(self, part: Sequence[Example]) -> int:  # noqa: ARG002
        """Return how many answers of ``part`` no prediction can be: they lower the best score that there can be."""
        return 0

    def inputs(self, part: Sequence[Example], labels: Sequence[str], encoder: TaskEncoder, *, train: bool) -> Inputs:
        """Return the rows that a model reads for ``part``, to learn from or to be judged by."""
        raise NotImplementedError

    def head(self, specs: Mapping[str, ModelConfig], task: Task, dropout: float) -> Head:
        """Return what is put on the streams of ``specs``."""
        raise NotImplementedError

    def decode(self, told: Told, inputs: Inputs, part: Sequence[Example], labels: Sequence[str]) -> list[Any]:
        """Return what the model says for each example, from what its head told (see :class:`Head`)."""
        raise NotImplementedError

    def scores(self, said: Sequence[Any], part: Sequence[Example], labels: Sequence[str]) -> dict[str, float]:
        """Return the scores of what was said for ``part``."""
        raise NotImplementedError

    def baseline(self, train: Sequence[Example], part: Sequence[Example], labels: Sequence[str]) -> list[Any]:
        """Return what one says for ``part`` who has only counted ``train``."""
        raise NotImplementedError

    def submission(self, said: Sequence[Any], part: Sequence[Example]) -> Any:
        """Return what is handed in: CLUE's form, a list of lines or one JSON object."""
        pairs = [(example.id, one) for one, example in zip(said, part, strict=True)]
        return (
            {str(number): one for number, one in pairs}
            if self.by_id
            else [{"id": number, "label": one} for number, one in pairs]
        )


@dataclasses.dataclass(frozen=True)
class Task:
    """A task: its kind and labels, what to train on, what to be judged by, what to predict, and its files' sha256.

    ``left_out`` counts by part and reason the examples that are in none of these.
    """

    name: str
    kind_name: str
    kind: TaskKind
    labels: tuple[str, ...]
    train: list[Example]
    dev: list[Example]
    test: list[Example]
    left_out: dict[str, dict[str, int]]
    sha256: str = ""

    @property
    def is_test_labelled(self) -> bool:
        """Whether the test part can be judged by."""
        return bool(self.test) and not any(example.lacks for example in self.test)

    @property
    def unreachable(self) -> dict[str, int]:
        """How many answers of each part no prediction can be, of the parts that have such."""
        judged = {"train": self.train, "dev": self.dev, "test": self.test if self.is_test_labelled else []}
        counts = {part: self.kind.unreachable(examples) for part, examples in judged.items()}
        return {part: n for part, n in counts.items() if n}


def task_of(folder: Path, kinds: Mapping[str, TaskKind], named: str = "") -> Task:
    """Read the task in ``folder``, of the kind that is named there or that its first row is recognised as.

    Raises ``UsageError`` when a file is missing or the kind is unknown, ``DataError`` naming file and line when a row
    is not one of the kind or cannot be judged.
    """
    layout = layout_of(folder)
    columns = layout.settings.get("columns", {})
    written = {part: [(path, list(rows_of(path, columns))) for path in layout.parts[part]] for part in PARTS}
    first = written["train"][0][1][0]
    name = named or _recognised(first, kinds)
    kind = kinds[name]
    found, left_out = {}, {}
    for part in PARTS:
        keeps = part == "test"
        examples = [one for path, rows in written[part] for one in _examples(kind, name, path, rows, kinds, keeps)]
        found[part] = [_numbered(one, n) for n, one in enumerate(examples) if keeps or not one.lacks]
        left_out[part] = dict(Counter(one.lacks for one in examples if one.lacks and not keeps))
        if not found[part] and part != "test":
            raise DataError(
                f"{layout.parts[part][0]}: no row has a gold label", hint="train and dev need rows with a right answer"
            )
    labels = kind.labels(found["train"])
    for part in PARTS[1:]:
        for example in found[part]:
            if not example.lacks:
                _checked(kind, example, labels)
    _alike([example for part in PARTS for example in found[part]])
    counts = {part: reasons for part, reasons in left_out.items() if reasons}
    return Task(layout.name, name, kind, labels, found["train"], found["dev"], found["test"], counts, sha256_of(layout))


def _alike(examples: Sequence[Example]) -> None:
    """Raise ``DataError`` where an example has more or fewer texts than the first."""
    wanted = len(examples[0].texts)
    if other := next((one for one in examples if len(one.texts) != wanted), None):
        raise DataError(
            f"{other.where}: {len(other.texts)} texts, the first row of train has {wanted}",
            hint="give all rows the same keys: a task is one of single texts or one of pairs",
        )


def sha256_of(layout: TaskLayout) -> str:
    """Return the sha256 of the bytes of a task's files, in order."""
    digest = hashlib.sha256()
    for path in layout.files:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _recognised(first: WrittenRow, kinds: Mapping[str, TaskKind]) -> str:
    names = [name for name, kind in kinds.items() if kind.holds(first.value)]
    if names:
        return names[0]
    keys = ", ".join(map(str, first.value)) if isinstance(first.value, dict) else type(first.value).__name__
    wanted = "; ".join(f"{name}: {kind.wanted}" for name, kind in kinds.items())
    raise DataError(f"{first.where}: not a row of any task ({keys})", hint=f"rows have {wanted}")


def _examples(
    kind: TaskKind, name: str, path: Path, rows: Iterable[WrittenRow], kinds: Mapping[str, TaskKind], keeps: bool
) -> Iterator[Example]:
    """Yield the examples of the rows of ``path``; only where ``keeps`` may there be no column of labels."""
    answers = answers_beside(path)
    for row in rows:
        try:
            for example in kind.examples(row.value, answers):
                _whole(example)
                if example.lacks == NO_COLUMN and not keeps:
                    raise Fault(f"no gold label among {', '.join(map(str, row.value))}")
                yield dataclasses.replace(example, where=row.where)
        except Fault as fault:
            others = [other for other in kinds if other != name and _reads(kinds[other], row.value, answers)]
            mixed = f"; it looks like {others[0]}, and a task has rows of one kind" if others else ""
            raise DataError(f"{row.where}: {fault}{mixed}", hint=f"{name} has {kind.wanted}") from fault


def _reads(kind: TaskKind, value: Any, answers: Mapping[str, Any]) -> bool:
    """Return whether a row is one of ``kind``, with a gold label."""
    try:
        return kind.holds(value) and all(not example.lacks for example in kind.examples(value, answers))
    except Fault:
        return False


def _whole(example: Example) -> None:
    texts = (*example.texts, *example.choices, example.gold if isinstance(example.gold, str) else "")
    for text in texts:
        if not isinstance(text, str):
            raise Fault(f"{str(text)[:40]!r} is no text")
    if any("\ud800" <= character <= "\udfff" for text in texts for character in text):
        raise Fault("half a surrogate pair, which is no character")


def _numbered(example: Example, number: int) -> Example:
    return example if example.id is not None else dataclasses.replace(example, id=number)


def _checked(kind: TaskKind, example: Example, labels: Sequence[str]) -> None:
    try:
        kind.check(example, labels)
    except Fault as fault:
        raise DataError(f"{example.where}: {fault}", hint="what is judged has to be learnt from train") from fault


def text_of(value: Any, *names: str) -> str:
    """Return the first of ``names`` that ``value`` has as a text. Raises ``Fault`` where none is."""
    for name in names:
        if isinstance(value, dict) and isinstance(value.get(name), str):
            return str(value[name])
    raise Fault(f"no text {' or '.join(names)}")


def list_in(value: Any, what: str, *kinds: type[Any]) -> list[Any]:
    """Return ``value`` if it is a list, of values of ``kinds`` if any are given. Raises ``Fault`` naming ``what`` for
    anything else."""
    if not isinstance(value, list):
        raise Fault(f"{what}: {str(value)[:40]!r} is no list")
    for one in value:
        if kinds and not isinstance(one, kinds):
            raise Fault(f"{what}: {str(one)[:40]!r} is no {' or '.join(_CALLED[kind] for kind in kinds)}")
    return value


def place_of(value: Any, what: str) -> int:
    """Return ``value`` if it is a whole number. Raises ``Fault`` naming ``what`` for anything else."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise Fault(f"{what} is {str(value)[:40]!r}, no whole number")
    return value


_CALLED: dict[Any, str] = {str: "text", dict: "object", list: "list"}


def label_of(value: Any, *names: str) -> tuple[Any, str]:
    """Return the label of a row under the first of ``names`` that is there, and why it lacks one, if so."""
    found = [value[name] for name in names if name in value]
    label = found[0] if found else None
    if isinstance(label, list | dict):
        raise Fault(f"the {names[0]} is {str(label)[:40]}, neither a text nor a number")
    if not found:
        return None, NO_COLUMN
    written = label.strip() if isinstance(label, str) else label
    return (None, NO_LABEL) if written in UNLABELLED else (label, "")


def accuracy_of(said: Sequence[Any], part: Sequence[Example]) -> float:
    """Return the share of ``part`` for which the gold answer was said."""
    return float(np.mean([one == example.gold for one, example in zip(said, part, strict=True)]))
