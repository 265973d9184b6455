"""Which of some candidates stands in a blank (ChID): accuracy over blanks.

Read are ChID's ``content`` and ``candidates`` with the file of answers beside it (``train_answer.json``), and
``text``, ``candidates`` and ``answer`` (one of them, or its number); a blank is written ``#idiom000378#``. It is filled
with masks and each candidate is scored by the mean log-probability of its tokens there: the head is that of masked
tokens, with the weights it was pretrained with.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from zhprep.collate.rows import Integers, Ragged, Rows
from zhprep.core.ragged import offsets_of, ranges
from zhprep.evaluate.encode import EncodedTexts, Inputs, Segment, TaskEncoder, one_each
from zhprep.evaluate.heads import Head, TaskStates, labelled
from zhprep.evaluate.task import NO_LABEL, Example, Fault, Task, TaskKind, Told, accuracy_of, list_in
from zhprep.models import ModelConfig
from zhprep.models.blocks.heads import MaskedTokenHead
from zhprep.models.blocks.part import Batch
from zhprep.vocab import Encoded

BLANK = re.compile(r"#idiom\d*#")
OTHER_BLANK = "＿＿＿＿"
"""What stands for the other blanks of a text."""


class BlankFiller(Head):
    """The masked-token head at the masks of the blank: a score for each candidate."""

    loads_as = "mlm"
    needs = ("label", "candidate_ids", "blank_begin")

    def __init__(self, specs: Mapping[str, ModelConfig], n_candidates: int) -> None:
        super().__init__(specs)
        self.n_candidates = n_candidates
        self.head = MaskedTokenHead(self.config)

    def count(self, batch: Batch) -> int:
        """Return the number of blanks with an answer."""
        return labelled(batch, "label")

    def forward(self, states: TaskStates) -> Tensor:
        """Return log-probabilities per token ``[B, candidates]``, −inf where there is no candidate."""
        batch, stream = states.batch, states.main
        ids = batch["candidate_ids"]
        ids = ids.view(len(ids), self.n_candidates, -1)
        masks = torch.arange(ids.shape[2], device=ids.device) + batch["blank_begin"][:, None]
        at = masks[..., None].expand(-1, -1, stream.hidden_states.shape[-1])
        logits = self.head(stream.hidden_states.gather(1, at), stream.token_table).float()
        shares = logits.log_softmax(-1)[:, None].expand(-1, self.n_candidates, -1, -1)
        real = ids >= 0
        found = shares.gather(3, ids.clamp(min=0)[..., None]).squeeze(-1).masked_fill(~real, 0.0)
        means: Tensor = found.sum(-1) / real.sum(-1).clamp(min=1)
        return means.masked_fill(~real.any(-1), -torch.inf)

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        """Return the cross-entropies of the right candidates."""
        return F.cross_entropy(logits, batch["label"], reduction="sum")


class Cloze(TaskKind):
    """Which candidate stands in a blank; what is said is its number."""

    metric = "accuracy"
    by_id = True
    wanted = "content (or text) with #idiom…#, and candidates"

    def holds(self, value: Any) -> bool:
        """Return whether a row has candidates."""
        return isinstance(value, dict) and "candidates" in value

    def examples(self, value: Any, answers: Mapping[str, Any]) -> Iterator[Example]:
        """Yield each blank. Raises ``Fault`` where there is none, or its answer is no candidate."""
        texts = value.get("content", value.get("text")) if isinstance(value, dict) else None
        if texts is None or not isinstance(value, dict):
            raise Fault("no content with candidates")
        texts = [texts] if isinstance(texts, str) else list_in(texts, "content", str)
        candidates = list_in(value.get("candidates"), "candidates", str)
        blanks = [(text, match) for text in texts for match in BLANK.finditer(text)]
        if not blanks:
            raise Fault("no blank #idiom…# in the text")
        for text, match in blanks:
            answer = answers.get(match[0], value.get("answer"))
            gold = candidates.index(answer) if answer in candidates else answer
            if gold is not None and not (isinstance(gold, int) and 0 <= gold < len(candidates)):
                raise Fault(f"{match[0]}: the answer {gold!r} is none of the {len(candidates)} candidates")
            lacks = NO_LABEL if gold is None else ""
            yield Example((text,), gold, id=match[0], choices=tuple(candidates), span=match.span(), lacks=lacks)

    def labels(self, train: Sequence[Example]) -> tuple[str, ...]:
        """Return numbers, as many as there are candidates at most."""
        return tuple(map(str, range(max(len(example.choices) for example in train))))

    def check(self, example: Example, labels: Sequence[str]) -> None:
        """Raise ``Fault`` where there are more candidates than in train."""
        if len(example.choices) > len(labels):
            raise Fault(f"{len(example.choices)} candidates, in train there are {len(labels)} at most")

    def inputs(self, part: Sequence[Example], labels: Sequence[str], encoder: TaskEncoder, *, train: bool) -> Inputs:  # noqa: ARG002
        """Return a sequence for each blank: as much of the text on both sides as there is room for."""
        ids = candidate_ids(part, len(labels), encoder)
        n_masks = ids.shape[2]
        segment, begins = blanked(part, n_masks, encoder)
        rows = encoder.lay_out([segment])
        offsets = np.arange(len(part) + 1) * ids[0].size
        gold = np.array([-100 if example.gold is None else example.gold for example in part], np.int64)
        plain = {"label": gold, "blank_begin": begins}
        return one_each(rows.having(Rows({"candidate_ids": Ragged(ids.reshape(-1), offsets)}, plain)))

    def head(self, specs: Mapping[str, ModelConfig], task: Task, dropout: float) -> Head:  # noqa: ARG002
        """Return the head."""
        return BlankFiller(specs, len(task.labels))

    def decode(self, told: Told, inputs: Inputs, part: Sequence[Example], labels: Sequence[str]) -> list[Any]:  # noqa: ARG002
        """Return the number of the best candidate of each blank."""
        return [int(number) for number in told.argmax(-1)]

    def scores(self, said: Sequence[Any], part: Sequence[Example], labels: Sequence[str]) -> dict[str, float]:  # noqa: ARG002
        """Return accuracy."""
        return {"accuracy": accuracy_of(said, part)}

    def baseline(self, train: Sequence[Example], part: Sequence[Example], labels: Sequence[str]) -> list[Any]:  # noqa: ARG002
        """Return the candidate that is the answer most often in train."""
        counts: dict[str, int] = {}
        for example in train:
            counts[example.choices[example.gold]] = counts.get(example.choices[example.gold], 0) + 1
        return [int(np.argmax([counts.get(choice, 0) for choice in example.choices])) for example in part]


def candidate_ids(part: Sequence[Example], n_candidates: int, encoder: TaskEncoder) -> Integers:
    """Return the tokens of all candidates, int64 ``[N, candidates, most tokens of one]``, −1 where there is none."""
    distinct = sorted({choice for example in part for choice in example.choices})
    encoded = encoder.texts(distinct)
    table = np.full((len(distinct) + 1, max(int(encoded.lengths.max()), 1)), -1, np.int64)
    table[np.repeat(np.arange(len(distinct)), encoded.lengths), ranges(0 * encoded.lengths, encoded.lengths)] = (
        encoded.encoded.ids
    )
    number = {choice: place for place, choice in enumerate(distinct)}
    chosen = np.full((len(part), n_candidates), len(distinct))
    for row, example in enumerate(part):
        chosen[row, : len(example.choices)] = [number[choice] for choice in example.choices[:n_candidates]]
    tokens: Integers = table[chosen]
    return tokens


def blanked(part: Sequence[Example], n_masks: int, encoder: TaskEncoder) -> tuple[Segment, Integers]:
    """Return the texts with ``n_masks`` masks in the blank, cut to fit, and where in their sequence these begin."""
    sides = [
        encoder.texts([BLANK.sub(OTHER_BLANK, example.texts[0][: example.span[0]]) for example in part]),
        encoder.texts([BLANK.sub(OTHER_BLANK, example.texts[0][example.span[1] :]) for example in part]),
    ]
    room = encoder.room(1) - n_masks
    left, right = (side.lengths for side in sides)
    kept_left = np.minimum(left, np.maximum(room - right, room // 2))
    kept_right = np.minimum(right, room - kept_left)
    offsets = offsets_of(kept_left + n_masks + kept_right)
    masks = ranges(offsets[:-1] + kept_left, np.full(len(part), n_masks))
    moves = [
        (ranges(sides[0].encoded.sentence_offsets[1:] - kept_left, kept_left), ranges(offsets[:-1], kept_left)),
        (ranges(sides[1].encoded.sentence_offsets[:-1], kept_right), ranges(offsets[1:] - kept_right, kept_right)),
    ]
    columns = {name: np.zeros(offsets[-1], np.int64) for name in ("ids", *encoder.readers)}
    for side, (source, target) in zip(sides, moves, strict=True):
        columns["ids"][target] = side.encoded.ids[source]
        for name in encoder.readers:
            columns[name][target] = side.columns[name][source]
    columns["ids"][masks] = encoder.vocabulary.mask
    nowhere = np.zeros(offsets[-1], np.int32)
    encoded = Encoded(columns.pop("ids"), nowhere, nowhere, offsets)
    texts = EncodedTexts([example.texts[0] for example in part], encoded, columns)
    return Segment(texts), kept_left + 1
