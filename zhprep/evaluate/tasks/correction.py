"""Spelling correction, character for character (CSC): detection and correction, of characters and of sentences.

Read are pairs ``source`` and ``corrected`` (or ``target``, ``correct_text`` with ``original_text``). Pairs of other
lengths are left out and counted. The head is that of masked tokens, with the weights it was pretrained with, and says
for each character which should stand there.

Of characters: a hit of detection is a changed character that is wrong, one of correction is also changed to the right
one. Of sentences: among those that are wrong, one whose wrong places are all found and no others, or that comes out
right; precision is over sentences that were changed, recall over those that are wrong (as in SpellGCN,
arXiv:2004.14166 §4).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch.nn.functional as F
from torch import Tensor, nn

from zhprep.collate.columns import IGNORED
from zhprep.collate.rows import Integers
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
from zhprep.evaluate.scores import f1_of
from zhprep.evaluate.task import NO_COLUMN, Example, Task, TaskKind, Told, text_of
from zhprep.models import ModelConfig
from zhprep.models.blocks.heads import MaskedTokenHead
from zhprep.models.blocks.part import Batch

OTHER_LENGTH = "source and target of other lengths"
SOURCE, TARGET = ("source", "original_text"), ("corrected", "target", "correct_text")


class CharacterCorrector(Head):
    """The masked-token head at every character."""

    loads_as = "mlm"
    needs = ("char_labels",)
    per_character = True

    def __init__(self, specs: Mapping[str, ModelConfig], dropout: float) -> None:
        super().__init__(specs)
        self.characters = CharacterReader(self.width)
        self.dropout = nn.Dropout(dropout)
        narrow = self.width != self.config.hidden_size
        self.projection = nn.Linear(self.width, self.config.hidden_size) if narrow else nn.Identity()
        self.head = MaskedTokenHead(self.config)

    def count(self, batch: Batch) -> int:
        """Return the number of characters whose right one is known."""
        return labelled(batch, "char_labels")

    def forward(self, states: TaskStates) -> Tensor:
        """Return logits of real characters, ``[ΣC, V]``."""
        read = self.characters(states)[real_characters(states.batch)]
        logits: Tensor = self.head(self.projection(self.dropout(read)), states.main.token_table)
        return logits

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        """Return the cross-entropies."""
        labels = batch["char_labels"][real_characters(batch)]
        return F.cross_entropy(logits, labels, reduction="sum", ignore_index=IGNORED)

    def told(self, logits: Tensor, batch: Batch) -> Tensor:  # noqa: ARG002
        """Return the token that should stand at each character, ``[ΣC]``."""
        return logits.argmax(-1)


class Correction(TaskKind):
    """What a sentence should be; what is said is a text of the same length."""

    metric = "correction_f1"
    wanted = "source and corrected"

    def holds(self, value: Any) -> bool:
        """Return whether a row has a source and what it should be."""
        return isinstance(value, dict) and any(name in value for name in SOURCE)

    def examples(self, value: Any, answers: Mapping[str, Any]) -> Iterator[Example]:  # noqa: ARG002
        """Yield the pair."""
        source = text_of(value, *SOURCE)
        if not any(name in value for name in TARGET):
            yield Example((source,), None, id=value.get("id"), lacks=NO_COLUMN)
            return
        target = text_of(value, *TARGET)
        lacks = "" if len(source) == len(target) else OTHER_LENGTH
        yield Example((source,), target, id=value.get("id"), lacks=lacks)

    def inputs(self, part: Sequence[Example], labels: Sequence[str], encoder: TaskEncoder, *, train: bool) -> Inputs:  # noqa: ARG002
        """Return a sequence for each sentence, several for one that is too long."""
        source = encoder.texts([example.texts[0] for example in part])
        which, first, size = windows(source.lengths, np.full(len(part), encoder.room(1)))
        segment = Segment(source, which, first, size)
        characters = characters_of(segment, begins_of([segment])[0])
        targets = [example.texts[0] if example.gold is None else example.gold for example in part]
        wanted = [
            targets[number][point]
            for window, number in enumerate(which)
            for point in characters.points.row(window).tolist()
        ]
        rows = with_characters(encoder.lay_out([segment]), characters, tokens_of(wanted, encoder))
        return one_each(rows, which, characters, encoder.vocabulary.tokens)

    def head(self, specs: Mapping[str, ModelConfig], task: Task, dropout: float) -> Head:  # noqa: ARG002
        """Return the head."""
        return CharacterCorrector(specs, dropout)

    def decode(self, told: Told, inputs: Inputs, part: Sequence[Example], labels: Sequence[str]) -> list[Any]:  # noqa: ARG002
        """Return each text with what should stand at its characters; what is no single character changes nothing."""
        assert inputs.characters is not None
        points = inputs.characters.points
        texts = [list(example.texts[0]) for example in part]
        said = [inputs.tokens[token].removeprefix("##") for token in told]
        for window, number in enumerate(inputs.examples):
            begin = points.offsets[window]
            for place, point in enumerate(points.row(window)):
                if len(said[begin + place]) == 1 and texts[number][point].lower() != said[begin + place]:
                    texts[number][point] = said[begin + place]
        return ["".join(text) for text in texts]

    def scores(self, said: Sequence[Any], part: Sequence[Example], labels: Sequence[str]) -> dict[str, float]:  # noqa: ARG002
        """Return precision, recall and F1 of detection and correction, of sentences and of characters."""
        counts: Counter[str] = Counter()
        for one, example in zip(said, part, strict=True):
            counts.update(correction_counts(example.texts[0], example.gold, one))
        found = {}
        for level in ("", "character_"):
            for name in ("detection", "correction"):
                hits, changed, wrong = (counts[f"{level}{what}"] for what in (name, "changed", "wrong"))
                scores = f1_of(hits, changed, wrong)
                for what, score in zip(("precision", "recall", "f1"), scores, strict=True):
                    found[f"{level}{name}_{what}"] = score
        right = [one == example.gold for one, example in zip(said, part, strict=True)]
        return {**found, "sentence_accuracy": float(np.mean(right))}

    def baseline(self, train: Sequence[Example], part: Sequence[Example], labels: Sequence[str]) -> list[Any]:  # noqa: ARG002
        """Return each text with the character that stands in train most often for each of its characters."""
        counts: dict[str, Counter[str]] = {}
        for example in train:
            for one, other in zip(example.texts[0], example.gold, strict=True):
                counts.setdefault(one, Counter())[other] += 1
        usual = {one: others.most_common(1)[0][0] for one, others in counts.items()}
        return ["".join(usual.get(one, one) for one in example.texts[0]) for example in part]

    def submission(self, said: Sequence[Any], part: Sequence[Example]) -> Any:
        """Return a line for each sentence: its source and what it should be."""
        texts = zip(said, part, strict=True)
        return [{"id": example.id, "source": example.texts[0], "corrected": one} for one, example in texts]


def tokens_of(characters: Sequence[str], encoder: TaskEncoder) -> Integers:
    """Return the token of each of ``characters``, −100 where it is none or several or not known (int64)."""
    distinct = sorted(set(characters))
    encoded = encoder.texts(distinct)
    single = encoded.lengths == 1
    ids = np.full(len(distinct), IGNORED, np.int64)
    ids[single] = encoded.encoded.ids[encoded.encoded.sentence_offsets[:-1][single]]
    ids[ids == encoder.vocabulary.unk] = IGNORED
    number = {character: place for place, character in enumerate(distinct)}
    return ids[np.array([number[character] for character in characters], np.int64)]


def correction_counts(source: str, gold: str, said: str) -> dict[str, int]:
    """Return what one sentence adds to the counts of :meth:`Correction.scores`."""
    wrong = {place for place, pair in enumerate(zip(source, gold, strict=True)) if pair[0] != pair[1]}
    changed = {place for place, pair in enumerate(zip(source, said, strict=True)) if pair[0] != pair[1]}
    return {
        "wrong": int(bool(wrong)), "changed": int(bool(changed)),
        "detection": int(bool(wrong) and wrong == changed), "correction": int(bool(wrong) and said == gold),
        "character_wrong": len(wrong), "character_changed": len(changed), "character_detection": len(wrong & changed),
        "character_correction": sum(said[place] == gold[place] for place in wrong & changed),
    }  # fmt: skip
