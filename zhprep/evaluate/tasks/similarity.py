"""How alike two texts are, as a number: Spearman's correlation of ranks (and Pearson's).

Read are pairs with ``score``, or with a ``label`` that is no whole number; name the kind in ``task.toml`` where all are
whole (STS-B).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from torch import Tensor

from zhprep.collate.rows import Rows
from zhprep.evaluate.encode import Inputs, Segment, TaskEncoder, one_each
from zhprep.evaluate.heads import Head, TaskStates
from zhprep.evaluate.rows import RowHead
from zhprep.evaluate.scores import pearson, spearman
from zhprep.evaluate.task import Example, Fault, Task, TaskKind, Told, label_of
from zhprep.evaluate.tasks.classification import texts_of
from zhprep.models import ModelConfig
from zhprep.models.blocks.part import Batch


class RowNumber(RowHead):
    """A pooler and one number for each row, of every stream added up, learnt by squared error on the scale of train
    (mean 0, deviation 1)."""

    needs = ("target",)

    def __init__(self, specs: Mapping[str, ModelConfig], dropout: float) -> None:
        super().__init__(specs, 1, dropout)

    def count(self, batch: Batch) -> int:
        """Return the number of rows."""
        return len(batch["target"])

    def forward(self, states: TaskStates) -> Tensor:
        """Return numbers ``[B]``."""
        return self.scores(states).squeeze(-1)

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        """Return the squared errors."""
        return (logits - batch["target"]).square().sum()


class Similarity(TaskKind):
    """A number for a pair; what is said is on the scale of train."""

    metric = "spearman"
    wanted = "text_a, text_b (or sentence1, sentence2) and score"

    def holds(self, value: Any) -> bool:
        """Return whether a row is a pair with a number that is no class."""
        try:
            if len(texts_of(value)) != 2:
                return False
        except Fault:
            return False
        label = str(value.get("label", ""))
        return "score" in value or (is_number(label) and not label.lstrip("+-").isdigit())

    def examples(self, value: Any, answers: Mapping[str, Any]) -> Iterator[Example]:  # noqa: ARG002
        """Yield the row. Raises ``Fault`` where the score is no number or the texts are not two."""
        texts = texts_of(value)
        label, lacks = label_of(value, "score", "label")
        if len(texts) != 2 or (not lacks and not is_number(str(label))):
            raise Fault(f"the score {label!r} is no number" if len(texts) == 2 else "not a pair of texts")
        yield Example(texts, None if lacks else float(label), id=value.get("id"), lacks=lacks)

    def labels(self, train: Sequence[Example]) -> tuple[str, ...]:
        """Return the mean and the deviation of train, as texts."""
        scores = np.array([example.gold for example in train])
        return repr(float(scores.mean())), repr(float(scores.std()) or 1.0)

    def inputs(self, part: Sequence[Example], labels: Sequence[str], encoder: TaskEncoder, *, train: bool) -> Inputs:  # noqa: ARG002
        """Return a sequence for each pair."""
        segments = [Segment(encoder.texts([example.texts[n] for example in part])) for n in range(2)]
        mean, deviation = map(float, labels)
        target = np.array([((mean if one.gold is None else one.gold) - mean) / deviation for one in part], np.float32)
        return one_each(encoder.lay_out(encoder.fitted(segments)).having(Rows({}, {"target": target})))

    def head(self, specs: Mapping[str, ModelConfig], task: Task, dropout: float) -> Head:  # noqa: ARG002
        """Return the head."""
        return RowNumber(specs, dropout)

    def decode(self, told: Told, inputs: Inputs, part: Sequence[Example], labels: Sequence[str]) -> list[Any]:  # noqa: ARG002
        """Return numbers on the scale of train."""
        mean, deviation = map(float, labels)
        return [float(number) for number in told * deviation + mean]

    def scores(self, said: Sequence[Any], part: Sequence[Example], labels: Sequence[str]) -> dict[str, float]:  # noqa: ARG002
        """Return the correlations, from −1 to 1."""
        gold = np.array([example.gold for example in part], np.float64)
        return {"spearman": spearman(np.array(said), gold), "pearson": pearson(np.array(said), gold)}

    def baseline(self, train: Sequence[Example], part: Sequence[Example], labels: Sequence[str]) -> list[Any]:  # noqa: ARG002
        """Return the share of characters that both texts have (Jaccard)."""
        sets = [[set(text) for text in example.texts] for example in part]
        return [len(one & other) / max(len(one | other), 1) for one, other in sets]


def is_number(text: str) -> bool:
    """Return whether ``text`` is a finite number."""
    try:
        return bool(np.isfinite(float(text)))
    except ValueError:
        return False
