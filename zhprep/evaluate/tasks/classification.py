"""Classes of one text or of a pair: accuracy, macro F1, Matthews' correlation, F1 where there are two classes.

Read are ``text``/``text_a``, ``text_b`` with ``label``, and CLUE's AFQMC, TNEWS, IFLYTEK, CMNLI, OCNLI (rows with the
label ``-`` have none), CSL (keywords, then abstract) and CLUEWSC (``_`` around the first span, brackets around the
pronoun, as in CLUE's baseline).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from zhprep.collate.rows import Integers, Rows
from zhprep.evaluate.encode import Inputs, Segment, TaskEncoder, one_each
from zhprep.evaluate.heads import Head, TaskStates, labelled
from zhprep.evaluate.rows import RowHead
from zhprep.evaluate.scores import binary_f1, macro_f1, matthews
from zhprep.evaluate.task import Example, Fault, Task, TaskKind, Told, accuracy_of, label_of, place_of, text_of
from zhprep.models import ModelConfig
from zhprep.models.blocks.part import Batch

SINGLE, PAIR = (
    ("text", "sentence", "text_a"),
    (("text_a", "text_b"), ("sentence1", "sentence2"), ("premise", "hypothesis")),
)
TEXTS = {*SINGLE, "abst", *(name for pair in PAIR for name in pair)}


class RowClassifier(RowHead):
    """A pooler and a classifier over the state of each row; of two streams each by itself, and both together.

    The loss of several is the sum of their cross-entropies and λ times the distance of the first two's predictions;
    both together predict (AMBERT §3.3).
    """

    needs = ("label",)

    def __init__(self, specs: Mapping[str, ModelConfig], n_classes: int, dropout: float) -> None:
        super().__init__(specs, n_classes, dropout)
        self.joint = nn.Linear(self.width, n_classes) if len(specs) > 1 else None

    def count(self, batch: Batch) -> int:
        """Return the number of rows with a label."""
        return labelled(batch, "label")

    def forward(self, states: TaskStates) -> Tensor:
        """Return logits ``[B, P, classes]`` of ``P`` predictions, the last of which is said."""
        heads = self.of_streams
        pooled = [head.dropout(head.pooler(row)) for head, row in zip(heads, states.rows(), strict=True)]
        made = [head.classifier(row) for head, row in zip(heads, pooled, strict=True)]
        if self.joint is not None:
            made.append(self.joint(torch.cat(pooled, -1)))
        return torch.stack(made, 1)

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        """Return the cross-entropies of all predictions, and λ times how far the first two are apart."""
        n_rows, n_made, n_classes = logits.shape
        labels = batch["label"][:, None].expand(n_rows, n_made)
        total = F.cross_entropy(logits.reshape(-1, n_classes), labels.reshape(-1), reduction="sum")
        if n_made > 1:
            shares = logits[:, :2].softmax(-1)
            total = total + self.agreement * (shares[:, 0] - shares[:, 1]).norm(dim=-1).sum()
        return total

    def told(self, logits: Tensor, batch: Batch) -> Tensor:  # noqa: ARG002
        """Return the logits of the last prediction, ``[B, classes]``."""
        return logits[:, -1]


class Classification(TaskKind):
    """Which class a text or a pair has."""

    metric = "accuracy"
    has_classes = True
    wanted = "text (or text_a, text_b; sentence; sentence1, sentence2; abst, keyword; target) and label"

    def holds(self, value: Any) -> bool:
        """Return whether a row has a text or two, and a class."""
        return isinstance(value, dict) and not TEXTS.isdisjoint(value) and not isinstance(value.get("label"), dict)

    def examples(self, value: Any, answers: Mapping[str, Any]) -> Iterator[Example]:  # noqa: ARG002
        """Yield the row."""
        texts = texts_of(value)
        label, lacks = label_of(value, "label", "gold_label")
        gold = str(label).lower() if isinstance(label, bool) else None if label is None else str(label)
        yield Example(texts, gold, id=value.get("id"), lacks=lacks)

    def labels(self, train: Sequence[Example]) -> tuple[str, ...]:
        """Return the classes of train. Raises ``Fault`` where there is one."""
        return tuple(sorted({example.gold for example in train}))

    def check(self, example: Example, labels: Sequence[str]) -> None:
        """Raise ``Fault`` for a class that train has not, or when it has only one."""
        if len(labels) < 2:
            raise Fault(f"all rows of train have the label {labels[0]!r}, and a task tells two or more")
        if example.gold not in labels:
            raise Fault(f"label {example.gold!r} is not in train ({', '.join(labels[:10])})")

    def inputs(self, part: Sequence[Example], labels: Sequence[str], encoder: TaskEncoder, *, train: bool) -> Inputs:  # noqa: ARG002
        """Return a sequence for each example."""
        columns = [encoder.texts([example.texts[n] for example in part]) for n in range(len(part[0].texts))]
        rows = encoder.lay_out(encoder.fitted([Segment(column) for column in columns]))
        return one_each(rows.having(Rows({}, {"label": indices([example.gold for example in part], labels)})))

    def head(self, specs: Mapping[str, ModelConfig], task: Task, dropout: float) -> Head:
        """Return the classifier."""
        return RowClassifier(specs, len(task.labels), dropout)

    def decode(self, told: Told, inputs: Inputs, part: Sequence[Example], labels: Sequence[str]) -> list[Any]:  # noqa: ARG002
        """Return the class of each example."""
        return [labels[number] for number in told.argmax(-1)]

    def scores(self, said: Sequence[Any], part: Sequence[Example], labels: Sequence[str]) -> dict[str, float]:
        """Return accuracy, macro F1, Matthews' correlation, and for two classes F1 of the second."""
        guesses, gold = indices(said, labels), indices([example.gold for example in part], labels)
        found = {
            "accuracy": accuracy_of(said, part),
            "macro_f1": macro_f1(gold, guesses, len(labels)),
            "matthews": matthews(gold, guesses, len(labels)),
        }
        return found | ({"f1": binary_f1(gold, guesses)} if len(labels) == 2 else {})

    def baseline(self, train: Sequence[Example], part: Sequence[Example], labels: Sequence[str]) -> list[Any]:
        """Return the most frequent class of train."""
        counts = np.bincount(indices([example.gold for example in train], labels))
        return [labels[int(counts.argmax())]] * len(part)


def texts_of(value: Any) -> tuple[str, ...]:
    """Return the text of a row, or both of its pair. Raises ``Fault`` where there is none."""
    if not isinstance(value, dict):
        raise Fault("not an object with a text")
    if isinstance(value.get("target"), dict):
        return (marked(text_of(value, "text"), value["target"]),)
    if isinstance(value.get("keyword"), list):
        return " ".join(map(str, value["keyword"])), text_of(value, "abst")
    for first, second in PAIR:
        if first in value and second in value:
            return text_of(value, first), text_of(value, second)
    return (text_of(value, *SINGLE),)


def marked(text: str, target: Mapping[str, Any]) -> str:
    """Return CLUEWSC's ``text`` with ``_`` around its first span and brackets around the second.

    Raises ``Fault`` for a span that is not there.
    """
    marks = []
    for name, before, after in (("span1", "_", "_"), ("span2", "[", "]")):
        words, begin = str(target.get(f"{name}_text", "")), place_of(target.get(f"{name}_index"), f"{name}_index")
        if begin < 0 or text[begin : begin + len(words)] != words:
            raise Fault(f"{name} {words!r} is not at {begin} of a text of {len(text)} characters")
        marks += [(begin, 1, before), (begin + len(words), 0, after)]
    for place, _, mark in sorted(marks, reverse=True):
        text = text[:place] + mark + text[place:]
    return text


def indices(names: Sequence[Any], labels: Sequence[str]) -> Integers:
    """Return the number of each name among ``labels``, −100 for None (int64)."""
    known = {name: number for number, name in enumerate(labels)}
    return np.array([known.get(name, -100) for name in names], np.int64)
