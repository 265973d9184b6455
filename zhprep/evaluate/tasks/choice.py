"""Which of some answers is right, given a text and a question (C3): accuracy.

Read are ``context``, ``question``, ``choices`` and ``answer`` (one of them, or its number), and C3's own nesting
(a dialogue or a text, its questions, an id). Each choice is read with the text; the highest score is said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from zhprep.collate.rows import Rows
from zhprep.core.ragged import offsets_of
from zhprep.evaluate.encode import Inputs, Segment, TaskEncoder
from zhprep.evaluate.heads import Head, TaskStates
from zhprep.evaluate.rows import RowHead
from zhprep.evaluate.task import NO_LABEL, Example, Fault, Task, TaskKind, Told, accuracy_of, list_in, text_of
from zhprep.models import ModelConfig
from zhprep.models.blocks.part import Batch


class RowChoice(RowHead):
    """A score for each row, of every stream added up; the rows of one example are compared."""

    needs = ("label", "example")

    def __init__(self, specs: Mapping[str, ModelConfig], dropout: float) -> None:
        super().__init__(specs, 1, dropout)

    def count(self, batch: Batch) -> int:
        """Return the number of examples."""
        return int(batch["example"].max()) + 1

    def forward(self, states: TaskStates) -> Tensor:
        """Return scores ``[B]``."""
        return self.scores(states).squeeze(-1)

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        """Return the cross-entropies of the right choices among those of their example."""
        n = self.count(batch)
        highest = torch.full((n,), -torch.inf, device=logits.device, dtype=logits.dtype)
        highest = highest.scatter_reduce(0, batch["example"], logits.detach(), "amax")
        shifted = logits - highest[batch["example"]]
        sums = torch.zeros(n, device=logits.device, dtype=logits.dtype)
        sums = sums.index_add(0, batch["example"], shifted.exp())
        return sums.log().sum() - shifted[batch["label"] == 1].sum()


class MultipleChoice(TaskKind):
    """Which choice is right; what is said is its number."""

    metric = "accuracy"
    wanted = "context, question, choices and answer (or C3's lists)"

    def holds(self, value: Any) -> bool:
        """Return whether a row has choices."""
        nested = isinstance(value, list) and len(value) >= 2 and isinstance(value[1], list)
        return nested or (isinstance(value, dict) and {"context", "question", "choices"} <= value.keys())

    def examples(self, value: Any, answers: Mapping[str, Any]) -> Iterator[Example]:  # noqa: ARG002
        """Yield each question. Raises ``Fault`` where the answer is none of the choices."""
        if isinstance(value, list) and len(value) >= 2 and isinstance(value[1], list):
            context = "\n".join(list_in(value[0], "the text", str))
            for one in list_in(value[1], "the questions", dict):
                yield question_of(context, one, one.get("id"))
        else:
            yield question_of(text_of(value, "context"), value, value.get("id"))

    def inputs(self, part: Sequence[Example], labels: Sequence[str], encoder: TaskEncoder, *, train: bool) -> Inputs:  # noqa: ARG002
        """Return a sequence for each choice: the text, then the question with the choice."""
        counts = np.array([len(example.choices) for example in part], np.int64)
        which = np.repeat(np.arange(len(part)), counts)
        contexts = encoder.texts([example.texts[0] for example in part])
        answers = encoder.texts([f"{example.texts[1]} {choice}" for example in part for choice in example.choices])
        rows = encoder.lay_out(encoder.fitted([Segment(contexts, which), Segment(answers)]))
        right = [int(number == example.gold) for example in part for number in range(len(example.choices))]
        plain = {"label": np.array(right, np.int64), "example": which}
        return Inputs(rows.having(Rows({}, plain)), offsets_of(counts), np.arange(len(part)))

    def head(self, specs: Mapping[str, ModelConfig], task: Task, dropout: float) -> Head:  # noqa: ARG002
        """Return the head."""
        return RowChoice(specs, dropout)

    def decode(self, told: Told, inputs: Inputs, part: Sequence[Example], labels: Sequence[str]) -> list[Any]:  # noqa: ARG002
        """Return the number of the choice with the highest score."""
        return [int(told[begin:end].argmax()) for begin, end in zip(inputs.units, inputs.units[1:], strict=False)]

    def scores(self, said: Sequence[Any], part: Sequence[Example], labels: Sequence[str]) -> dict[str, float]:  # noqa: ARG002
        """Return accuracy."""
        return {"accuracy": accuracy_of(said, part)}

    def baseline(self, train: Sequence[Example], part: Sequence[Example], labels: Sequence[str]) -> list[Any]:  # noqa: ARG002
        """Return the choice that has the greatest share of its characters in the text."""
        said = []
        for example in part:
            there = set(example.texts[0])
            shares = [len(there & set(choice)) / max(len(set(choice)), 1) for choice in example.choices]
            said.append(int(np.argmax(shares)))
        return said


def question_of(context: str, value: Mapping[str, Any], number: Any) -> Example:
    """Return the example of a question. Raises ``Fault`` where the answer is none of the choices."""
    choices = value.get("choices", value.get("choice"))
    if not isinstance(choices, list) or not choices or not all(isinstance(one, str) for one in choices):
        raise Fault("the choices are no list of texts")
    answer = value.get("answer", value.get("label", ""))
    lacks = NO_LABEL if answer in ("", None) else ""
    gold = None if lacks else answer if isinstance(answer, int) else _found(choices, str(answer))
    if gold is not None and not 0 <= gold < len(choices):
        raise Fault(f"the answer {answer!r} is none of the {len(choices)} choices")
    return Example((context, text_of(value, "question")), gold, id=number, choices=tuple(choices), lacks=lacks)


def _found(choices: Sequence[str], answer: str) -> int:
    return choices.index(answer) if answer in choices else -1
