"""Answers in a text: exact match and F1 by the definition of CMRC 2018 (DRCD is scored so too).

Read are ``context``, ``question`` and ``answers`` (texts, or ``text`` and ``answer_start``), SQuAD's nesting of them,
and CMRC's own (``context_text``, ``query_text``). Long texts are read in windows that overlap; the best span of all is
said.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from zhprep.collate.rows import Integers, Ragged, Rows
from zhprep.evaluate.encode import (
    Inputs,
    Segment,
    TaskEncoder,
    begins_of,
    characters_of,
    one_each,
    windows,
    with_characters,
)  # fmt: skip
from zhprep.evaluate.heads import CharacterReader, Head, TaskStates, real_characters
from zhprep.evaluate.scores import exact_match, overlap_f1
from zhprep.evaluate.task import NO_LABEL, Example, Fault, Task, TaskKind, Told, list_in, place_of, text_of
from zhprep.models import ModelConfig
from zhprep.models.blocks.part import Batch

LONGEST = 50
"""Characters that an answer has at most."""
NOT_THERE = "answer not in its text"
_BEGIN = "where an answer begins"
_SENTENCE = re.compile(r"[^。！？!?\n]+")

Floats = npt.NDArray[np.floating[Any]]


class SpanReader(Head):
    """Where an answer begins and ends: two scores for each character, and for there being none in this window."""

    needs = ("answer_start", "answer_end")
    per_character = True

    def __init__(self, specs: Mapping[str, ModelConfig], dropout: float) -> None:
        super().__init__(specs)
        self.characters = CharacterReader(self.width)
        self.dropout = nn.Dropout(dropout)
        self.ends = nn.Linear(self.width, 2)

    def count(self, batch: Batch) -> int:
        """Return the number of windows."""
        return len(batch["answer_start"])

    def forward(self, states: TaskStates) -> Tensor:
        """Return logits ``[B, 1 + C, 2]``: of no answer, then of each character, −inf where there is none."""
        read = self.characters(states)
        none = torch.cat(states.rows(), -1)[:, None]
        logits = self.ends(self.dropout(torch.cat([none, read], 1)))
        real = F.pad(real_characters(states.batch), (1, 0), value=True)
        masked: Tensor = logits.float().masked_fill(~real[..., None], -torch.inf)
        return masked

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        """Return the mean of the cross-entropies of both ends."""
        begin, end = (batch[name] for name in self.needs)
        both = F.cross_entropy(logits[..., 0], begin, reduction="sum") + F.cross_entropy(
            logits[..., 1], end, reduction="sum"
        )
        return both / 2

    def told(self, logits: Tensor, batch: Batch) -> Tensor:
        """Return the logits of real characters over those of no answer, ``[ΣC, 2]``."""
        return (logits[:, 1:] - logits[:, :1])[real_characters(batch)]


class Reading(TaskKind):
    """What the text answers; what is said is a text. ``gold`` has the texts of the answers and where they begin."""

    metric = "em"
    by_id = True
    wanted = "context, question and answers (or SQuAD's paragraphs, CMRC's context_text)"

    def holds(self, value: Any) -> bool:
        """Return whether a row has a text with a question, and no choices."""
        if not isinstance(value, dict) or "choices" in value:
            return False
        return "paragraphs" in value or "qas" in value or {"context", "question"} <= value.keys()

    def examples(self, value: Any, answers: Mapping[str, Any]) -> Iterator[Example]:
        """Yield each question. Raises ``Fault`` for an answer that begins outside of its text."""
        if isinstance(value, dict) and "paragraphs" in value:
            for paragraph in list_in(value["paragraphs"], "paragraphs", dict):
                yield from self.examples(paragraph, answers)
        elif isinstance(value, dict) and isinstance(value.get("qas"), list):
            context = text_of(value, "context", "context_text")
            for one in list_in(value["qas"], "qas", dict):
                yield question_of(context, one)
        else:
            yield question_of(text_of(value, "context"), value)

    def inputs(self, part: Sequence[Example], labels: Sequence[str], encoder: TaskEncoder, *, train: bool) -> Inputs:  # noqa: ARG002
        """Return windows of the text, each after the question, beginning half a window after the one before."""
        questions = encoder.texts([example.texts[1] for example in part])
        contexts = encoder.texts([example.texts[0] for example in part])
        asked = np.minimum(questions.lengths, encoder.room(2) // 3)
        room = encoder.room(2) - asked
        which, first, size = windows(contexts.lengths, room, np.maximum(room // 2, 1))
        segments = [
            Segment(questions, which, np.zeros(len(which), np.int64), asked[which]),
            Segment(contexts, which, first, size),
        ]
        characters = characters_of(segments[1], begins_of(segments)[1])
        begin, end = answers_in(characters.points, [part[number].gold for number in which])
        rows = with_characters(encoder.lay_out(segments), characters)
        rows = rows.having(Rows({}, {"answer_start": begin, "answer_end": end}))
        return one_each(rows, which, characters)

    def head(self, specs: Mapping[str, ModelConfig], task: Task, dropout: float) -> Head:  # noqa: ARG002
        """Return the head."""
        return SpanReader(specs, dropout)

    def decode(self, told: Told, inputs: Inputs, part: Sequence[Example], labels: Sequence[str]) -> list[Any]:  # noqa: ARG002
        """Return the best span of all windows of each text."""
        assert inputs.characters is not None
        points = inputs.characters.points
        best: list[tuple[float, str]] = [(-np.inf, "")] * len(part)
        for window, number in enumerate(inputs.examples):
            row = points.row(window)
            found = best_span(told[points.offsets[window] : points.offsets[window + 1]])
            if found[0] > best[number][0]:
                text = part[number].texts[0][row[found[1]] : row[found[2]] + 1]
                best[number] = found[0], text
        return [text for _, text in best]

    def scores(self, said: Sequence[Any], part: Sequence[Example], labels: Sequence[str]) -> dict[str, float]:  # noqa: ARG002
        """Return exact match and F1."""
        answers = [[text for text, _ in example.gold] for example in part]
        pairs = list(zip(answers, said, strict=True))
        return {
            "em": float(np.mean([exact_match(*pair) for pair in pairs])),
            "f1": float(np.mean([overlap_f1(*pair) for pair in pairs])),
        }

    def baseline(self, train: Sequence[Example], part: Sequence[Example], labels: Sequence[str]) -> list[Any]:  # noqa: ARG002
        """Return the sentence of the text that has most characters of the question."""
        said = []
        for example in part:
            asked = set(example.texts[1])
            said.append(max(_SENTENCE.findall(example.texts[0]), key=lambda text: len(asked & set(text)), default=""))
        return said


def question_of(context: str, value: Mapping[str, Any]) -> Example:
    """Return the example of a question. Raises ``Fault`` for an answer that begins outside of ``context``."""
    asked = text_of(value, "question", "query_text")
    found = value.get("answers", value.get("answer", []))
    if isinstance(found, dict):  # Hugging Face's columns
        texts, places = (list_in(found.get(name), f"answers.{name}") for name in ("text", "answer_start"))
        found = [{"text": text, "answer_start": at} for text, at in zip(texts, places, strict=False)]
    found = [found] if isinstance(found, str) else list_in(found or [], "answers", str, dict)
    gold = [_answer(context, one) for one in found]
    lacks = "" if gold else NO_LABEL
    if gold and all(start < 0 for _, start in gold):
        lacks = NOT_THERE
    number = value.get("id", value.get("query_id"))
    return Example((context, asked), gold or None, id=number, lacks=lacks)


def _answer(context: str, written: Any) -> tuple[str, int]:
    """Return the text of an answer and where it begins: near where it is said to, −1 where it is nowhere (as an
    empty one)."""
    text = written if isinstance(written, str) else text_of(written, "text")
    said = -1 if isinstance(written, str) else place_of(written.get("answer_start", written.get("start", -1)), _BEGIN)
    if said >= 0 and said + len(text) > len(context):
        raise Fault(f"the answer {text!r} at {said} is outside a text of {len(context)} characters")
    if text and said >= 0 and context[said : said + len(text)] == text:
        return text, said
    places = [match.start() for match in re.finditer(re.escape(text), context)] if text else []
    return text, min(places, key=lambda place: abs(place - said), default=-1)


def answers_in(points: Ragged, gold: Sequence[Any]) -> tuple[Integers, Integers]:
    """Return where the first answer begins and ends among the characters of each window (``points``), counted from 1;
    0 where it is not wholly in it (int64 ``[S]`` each)."""
    found = np.zeros((2, len(gold)), np.int64)
    for window, answers in enumerate(gold):
        text, start = next((one for one in answers or [] if one[1] >= 0), ("", -1))
        row = points.row(window)
        inside = np.flatnonzero((row >= start) & (row < start + len(text)))
        if start >= 0 and len(inside) and row[0] <= start and row[-1] >= start + len(text.rstrip()) - 1:
            found[:, window] = inside[0] + 1, inside[-1] + 1
    return found[0], found[1]


def best_span(told: Floats) -> tuple[float, int, int]:
    """Return the highest sum of the scores of a begin and an end (``told[C, 2]``) of a span of at most
    :data:`LONGEST` characters, and both; −inf where there is none."""
    best = (-np.inf, 0, 0)
    for length in range(min(LONGEST, len(told))):
        sums = told[: len(told) - length, 0] + told[length:, 1]
        at = int(sums.argmax())
        if sums[at] > best[0]:
            best = (float(sums[at]), at, at + length)
    return best
