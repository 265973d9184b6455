"""Spans of characters of a kind: entities, or words. F1 of spans, lenient and strict (see :mod:`..spans`), and by kind.

Read are ``text`` with ``entities`` (``start``, ``stop`` or ``end`` (not of it), ``type``), CLUENER's own ``label``
(kinds, texts, places with their last character), ``tokens`` with ``tags`` (BIO, BIOES, BMES, BIOS), and ``words``: word
segmentation is a task. What is tagged is characters, so that models of any tokens are judged by the same spans.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch.nn.functional as F
from torch import Tensor, nn

from zhprep.collate.columns import IGNORED
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
from zhprep.evaluate.heads import CharacterReader, Head, TaskStates, labelled, real_characters
from zhprep.evaluate.spans import WORD, Span, beyond_tags, lenient, span_scores, strict, tags_of, word_tags
from zhprep.evaluate.task import NO_COLUMN, Example, Fault, Task, TaskKind, Told, list_in, place_of, text_of
from zhprep.models import ModelConfig
from zhprep.models.blocks.part import Batch

WORD_TAGS = ("B", "M", "E", "S")


class CharacterTagger(Head):
    """A linear classifier of every character."""

    needs = ("char_labels",)
    per_character = True

    def __init__(self, specs: Mapping[str, ModelConfig], n_tags: int, dropout: float) -> None:
        super().__init__(specs)
        self.characters = CharacterReader(self.width)
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(self.width, n_tags)

    def count(self, batch: Batch) -> int:
        """Return the number of characters with a tag."""
        return labelled(batch, "char_labels")

    def forward(self, states: TaskStates) -> Tensor:
        """Return logits ``[B, C, tags]``."""
        logits: Tensor = self.classifier(self.dropout(self.characters(states)))
        return logits

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        """Return the cross-entropies."""
        return F.cross_entropy(logits.flatten(0, 1), batch["char_labels"].flatten(), reduction="sum")

    def told(self, logits: Tensor, batch: Batch) -> Tensor:
        """Return the logits of real characters, ``[ΣC, tags]``."""
        return logits[real_characters(batch)]


class Tagging(TaskKind):
    """Which spans a text has. What is said of a text is its tags' characters and their tags."""

    metric = "f1"
    has_classes = True
    wanted = "text and entities (start, end, type), tokens and tags, or words"

    def holds(self, value: Any) -> bool:
        """Return whether a row has spans."""
        if not isinstance(value, dict):
            return False
        marked = isinstance(value.get("entities"), list) or isinstance(value.get("label"), dict)
        return marked or "words" in value or ("tokens" in value and "tags" in value)

    def examples(self, value: Any, answers: Mapping[str, Any]) -> Iterator[Example]:  # noqa: ARG002
        """Yield the row. Raises ``Fault`` for a span that is empty or outside its text, or says what does not stand
        there."""
        if not isinstance(value, dict):
            raise Fault("not an object with a text")
        if isinstance(value.get("words"), list):
            words = _filled(value["words"], "words")
            ends = np.cumsum([len(word) for word in words]).tolist()
            spans = [Span(begin, end, WORD) for begin, end in zip([0, *ends], ends, strict=False)]
            yield Example(("".join(words),), spans)
        elif "tokens" in value and "tags" in value:
            text, spans = joined(_filled(value["tokens"], "tokens"), list_in(value["tags"], "tags", str))
            yield Example((text,), spans, id=value.get("id"))
        else:
            text = text_of(value, "text")
            spans = list(written_spans(value))
            _check_places(spans, len(text))
            lacks = "" if "entities" in value or "label" in value else NO_COLUMN
            yield Example((text,), None if lacks else spans, id=value.get("id"), lacks=lacks)

    def labels(self, train: Sequence[Example]) -> tuple[str, ...]:
        """Return the tags: B, M, E, S for words, else O, and B and I of each kind."""
        kinds = sorted({span.kind for example in train for span in example.gold})
        if kinds == [WORD]:
            return WORD_TAGS
        return ("O", *(f"{letter}-{kind}" for kind in kinds for letter in "BI"))

    def check(self, example: Example, labels: Sequence[str]) -> None:
        """Raise ``Fault`` for a kind that train has not."""
        known = {tag[2:] or WORD for tag in labels if tag != "O"}
        if unknown := {span.kind for span in example.gold} - known:
            raise Fault(f"a {min(unknown)!r} is not in train ({', '.join(sorted(known)[:10])})")

    def unreachable(self, part: Sequence[Example]) -> int:
        """Return how many spans overlap another: a character has one tag."""
        return sum(beyond_tags(example.gold or ()) for example in part)

    def inputs(self, part: Sequence[Example], labels: Sequence[str], encoder: TaskEncoder, *, train: bool) -> Inputs:  # noqa: ARG002
        """Return a sequence for each text, several for one that is too long."""
        source = encoder.texts([example.texts[0] for example in part])
        room = np.full(len(part), encoder.room(1))
        which, first, size = windows(source.lengths, room)
        segment = Segment(source, which, first, size)
        characters = characters_of(segment, begins_of([segment])[0])
        known = {tag: number for number, tag in enumerate(labels)}
        gold = [[known.get(tag, IGNORED) for tag in gold_tags(example, labels)] for example in part]
        offsets = np.cumsum([0, *map(len, gold)])
        owner = np.repeat(which, np.diff(characters.points.offsets))
        flat = np.array([number for tags in gold for number in tags], np.int64)
        tags = flat[offsets[owner] + characters.points.values] if len(flat) else np.zeros(0, np.int64)
        return one_each(with_characters(encoder.lay_out([segment]), characters, tags), which, characters)

    def head(self, specs: Mapping[str, ModelConfig], task: Task, dropout: float) -> Head:
        """Return the tagger."""
        return CharacterTagger(specs, len(task.labels), dropout)

    def decode(self, told: Told, inputs: Inputs, part: Sequence[Example], labels: Sequence[str]) -> list[Any]:
        """Return for each text the characters that were tagged, and their tags."""
        assert inputs.characters is not None
        points, names = inputs.characters.points, told.argmax(-1) if len(told) else np.zeros(0, np.int64)
        said: list[tuple[list[int], list[str]]] = [([], []) for _ in part]
        for sequence, example in enumerate(inputs.examples):
            begin, end = points.offsets[sequence], points.offsets[sequence + 1]
            said[example][0].extend(points.values[begin:end].tolist())
            said[example][1].extend(labels[number] for number in names[begin:end])
        return said

    def scores(self, said: Sequence[Any], part: Sequence[Example], labels: Sequence[str]) -> dict[str, float]:
        """Return precision, recall and F1 of spans (lenient), strict F1, and lenient F1 of each kind."""
        closed = tuple(labels) == WORD_TAGS
        gold = [set(example.gold) for example in part]
        loose = [spans_said(one, example, closed) for one, example in zip(said, part, strict=True)]
        whole = [spans_said(one, example, closed, exactly=True) for one, example in zip(said, part, strict=True)]
        precision, recall, f1 = span_scores(loose, gold)
        found = {"f1": f1, "precision": precision, "recall": recall, "strict_f1": span_scores(whole, gold)[2]}
        kinds = sorted({span.kind for spans in gold for span in spans})
        return found | {f"f1_{kind}": _of_kind(kind, loose, gold) for kind in kinds if len(kinds) > 1}

    def baseline(self, train: Sequence[Example], part: Sequence[Example], labels: Sequence[str]) -> list[Any]:
        """Return for each character the tag that it has most often in train."""
        counts: dict[str, Counter[str]] = {}
        for example in train:
            for character, tag in zip(example.texts[0], gold_tags(example, labels), strict=True):
                counts.setdefault(character, Counter())[tag] += 1
        usual = {character: tags.most_common(1)[0][0] for character, tags in counts.items()}
        other = "S" if "S" in labels else "O"
        texts = [example.texts[0] for example in part]
        return [(list(range(len(text))), [usual.get(character, other) for character in text]) for text in texts]

    def submission(self, said: Sequence[Any], part: Sequence[Example]) -> Any:
        """Return a line for each text: CLUENER's ``label``, places with their last character."""
        lines = []
        for one, example in zip(said, part, strict=True):
            places: dict[str, dict[str, list[list[int]]]] = {}
            for span in sorted(spans_said(one, example, closed=False)):
                text = example.texts[0][span.start : span.stop]
                places.setdefault(span.kind, {}).setdefault(text, []).append([span.start, span.stop - 1])
            lines.append({"id": example.id, "label": places})
        return lines


def _of_kind(kind: str, said: Sequence[set[Span]], gold: Sequence[set[Span]]) -> float:
    return span_scores(*([{span for span in spans if span.kind == kind} for spans in side] for side in (said, gold)))[2]


def spans_said(said: Any, example: Example, closed: bool, *, exactly: bool = False) -> set[Span]:
    """Return the spans of the text that tags of some of its characters say."""
    points, tags = said
    found = strict(tags, closed=closed) if exactly else lenient(tags)
    spans = {Span(points[start], points[stop - 1] + 1, kind) for start, stop, kind in found}
    if closed and not exactly:  # words cover the text, what has no token too
        ends = sorted({span.stop for span in spans} | {len(example.texts[0])})
        spans = {Span(begin, end, WORD) for begin, end in zip([0, *ends], ends, strict=False) if begin < end}
    return spans


def gold_tags(example: Example, labels: Sequence[str]) -> list[str]:
    """Return the tags of the characters of an example, O where it has no gold spans."""
    spans, length = example.gold or [], len(example.texts[0])
    return word_tags([span.stop for span in spans]) if tuple(labels) == WORD_TAGS and spans else tags_of(spans, length)


def written_spans(value: Mapping[str, Any]) -> Iterator[Span]:
    """Yield the spans of a row. Raises ``Fault`` where one is none, or its text is another."""
    text = str(value["text"])
    if isinstance(value.get("label"), dict):
        yield from _clue_spans(value["label"], text)
        return
    for entity in list_in(value.get("entities", []), "entities"):
        found = entity if isinstance(entity, dict) else {}
        kind = found.get("type", found.get("label"))
        places = [found.get("start"), found.get("end", found.get("stop"))]
        if not isinstance(kind, str) or not all(isinstance(place, int) for place in places):
            raise Fault(f"an entity is {entity!r}, not start, end and type")
        start, stop = (place_of(place, f"a place of {kind}") for place in places)
        span = Span(start, stop, kind)
        written, there = entity.get("text"), text[span.start : span.stop]
        if written is not None and written != there and span.stop <= len(text):
            raise Fault(f"entity {span.start}-{span.stop} is {there!r}, not {written!r}")
        yield span


def _check_places(spans: Sequence[Span], length: int) -> None:
    """Raise ``Fault`` for a span that is empty or reversed, or outside a text of ``length`` characters."""
    for kind, start, stop in ((span.kind, span.start, span.stop) for span in spans):
        if not 0 <= start <= length or not 0 <= stop <= length:
            raise Fault(f"{kind} {start}-{stop} is outside a text of {length} characters")
        if start >= stop:
            raise Fault(f"{kind} {start}-{stop} is {'empty' if start == stop else 'reversed'}; end is not of it")


def _clue_spans(label: Mapping[str, Any], whole: str) -> Iterator[Span]:
    """Yield the spans of CLUENER's ``label``: kinds, their texts, the first and last character of each in ``whole``."""
    for kind, texts in label.items():
        if not isinstance(texts, dict):
            raise Fault(f"{kind}: {str(texts)[:40]!r} is no object of texts with their places")
        for text, places in texts.items():
            for pair in list_in(places, f"{kind} {text}", list):
                if len(pair) != 2:
                    raise Fault(f"{kind} {text}: {pair!r} is no first and last character")
                start, last = (place_of(place, f"a place of {kind} {text}") for place in pair)
                if 0 <= start <= last < len(whole) and whole[start : last + 1] != text:
                    raise Fault(f"{kind} {start}-{last} is {whole[start : last + 1]!r}, not {text!r}")
                yield Span(start, last + 1, str(kind))


def _filled(value: Any, what: str) -> list[str]:
    """Return a list of texts none of which is empty."""
    texts = list_in(value, what, str)
    if "" in texts:
        raise Fault(f"{what}: one is empty")
    return texts


def joined(tokens: Sequence[str], tags: Sequence[str]) -> tuple[str, list[Span]]:
    """Return the text of ``tokens`` and the spans of their ``tags``; between two words of Latin letters a space stands.

    Raises ``Fault`` where there are not as many of both.
    """
    if len(tokens) != len(tags):
        raise Fault(f"{len(tokens)} tokens with {len(tags)} tags")
    text, begins = "", []
    for token in tokens:
        if text and len(token) > 1 and token[0].isascii() and token[0].isalnum() and text[-1].isascii():
            text += " " if text[-1].isalnum() else ""
        begins.append(len(text))
        text += token
    ends = [begin + len(token) for begin, token in zip(begins, tokens, strict=True)]
    return text, [Span(begins[start], ends[stop - 1], kind) for start, stop, kind in lenient(tags)]
