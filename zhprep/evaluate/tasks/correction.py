"""Spelling correction, character for character (CSC): detection and correction, of characters and of sentences.

Read are pairs ``source`` and ``corrected`` (or ``target``, ``correct_text`` with ``original_text``). Pairs of other
lengths are left out and counted. The head is that of masked tokens, with the weights it was pretrained with, and says
for each character which should stand there: a token that is one character, or the unknown one, which changes nothing
(what is right and has no token of its own, as most characters of a word model, is learnt so).

Of characters: a hit of detection is a changed character that is wrong, one of correction is also changed to the right
one. Of sentences: among those that are wrong, one whose wrong places are all found and no others, or that comes out
right; precision is over sentences that were changed, recall over those that are wrong (as in SpellGCN,
arXiv:2004.14166 §4).
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch.nn.functional as F
from torch import Tensor, nn

from zhprep.collate.columns import IGNORED
from zhprep.collate.rows import Integers, Ragged
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
from zhprep.evaluate.task import NO_COLUMN, Example, Task, TaskKind, Told
from zhprep.evaluate.task import text_of as text_in
from zhprep.models import ModelConfig
from zhprep.models.blocks.heads import MaskedTokenHead
from zhprep.models.blocks.part import Batch
from zhprep.vocab import Vocabulary, text_of

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

    def initialise(self) -> None:
        """Let the states of several streams begin as those of the main one, which the head was pretrained on."""
        super().initialise()
        if isinstance(self.projection, nn.Linear):
            nn.init.eye_(self.projection.weight)
            nn.init.zeros_(self.projection.bias)

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
        source = text_in(value, *SOURCE)
        if not any(name in value for name in TARGET):
            yield Example((source,), None, id=value.get("id"), lacks=NO_COLUMN)
            return
        target = text_in(value, *TARGET)
        lacks = "" if len(source) == len(target) else OTHER_LENGTH
        yield Example((source,), target, id=value.get("id"), lacks=lacks)

    def inputs(self, part: Sequence[Example], labels: Sequence[str], encoder: TaskEncoder, *, train: bool) -> Inputs:  # noqa: ARG002
        """Return a sequence for each sentence, several for one that is too long."""
        source = encoder.texts([example.texts[0] for example in part])
        which, first, size = windows(source.lengths, np.full(len(part), encoder.room(1)))
        segment = Segment(source, which, first, size)
        characters = characters_of(segment, begins_of([segment])[0])
        written = [example.texts[0] for example in part]
        right = [example.texts[0] if example.gold is None else example.gold for example in part]
        before, after = (at_places(texts, which, characters.points) for texts in (written, right))
        own, wanted = tokens_of(before, encoder), tokens_of(after, encoder)
        said = np.where((wanted < 0) & (before == after), encoder.vocabulary.unk, wanted)
        made = one_each(with_characters(encoder.lay_out([segment]), characters, said), which, characters)
        return dataclasses.replace(made, tokens=texts_of_tokens(encoder.vocabulary), own=own)

    def head(self, specs: Mapping[str, ModelConfig], task: Task, dropout: float) -> Head:  # noqa: ARG002
        """Return the head."""
        return CharacterCorrector(specs, dropout)

    def decode(self, told: Told, inputs: Inputs, part: Sequence[Example], labels: Sequence[str]) -> list[Any]:  # noqa: ARG002
        """Return each text with what should stand at its characters; what is no single character changes nothing."""
        assert inputs.characters is not None
        assert inputs.own is not None
        points = inputs.characters.points
        texts = [list(example.texts[0]) for example in part]
        for place in np.flatnonzero(told != inputs.own):
            character = inputs.tokens[told[place]]
            if len(character) == 1:
                window = int(np.searchsorted(points.offsets, place, "right")) - 1
                texts[inputs.examples[window]][points.values[place]] = character
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


def at_places(texts: Sequence[str], which: Integers, points: Ragged) -> npt.NDArray[np.str_]:
    """Return the characters of ``texts`` at ``points``, rows of which are of text ``which`` (``[ΣC]``)."""
    rows = enumerate(which.tolist())
    return np.array([texts[text][point] for row, text in rows for point in points.row(row).tolist()], np.str_)


def texts_of_tokens(vocabulary: Vocabulary) -> list[str]:
    """Return what each token is in a text; nothing for one that is a part of characters."""
    if vocabulary.kind == "bbpe":
        return [text_of(token) or "" for token in vocabulary.tokens]
    return [token.removeprefix("##").removeprefix("▁") for token in vocabulary.tokens]


def tokens_of(characters: npt.NDArray[np.str_], encoder: TaskEncoder) -> Integers:
    """Return the token of each of ``characters``, −100 where it is none or several or not known (int64)."""
    distinct = sorted(set(characters.tolist()))
    encoded = encoder.texts(distinct)
    single = encoded.lengths == 1
    ids = np.full(len(distinct), IGNORED, np.int64)
    ids[single] = encoded.encoded.ids[encoded.encoded.sentence_offsets[:-1][single]]
    ids[ids == encoder.vocabulary.unk] = IGNORED
    number = {character: place for place, character in enumerate(distinct)}
    return ids[np.array([number[character] for character in characters.tolist()], np.int64)]


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
