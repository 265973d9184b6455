"""Which of some candidates stands in a blank (ChID): accuracy over blanks.

Read are ChID's ``content`` and ``candidates`` with the file of answers beside it (``train_answer.json``), and
``text``, ``candidates`` and ``answer`` (one of them, or its number); a blank is written ``#idiom000378#``. It is filled
with masks and each candidate is scored by the mean log-probability of its tokens there: the head is that of masked
tokens, with the weights it was pretrained with. A model of two granularities has masks in both, and adds up.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from zhprep.collate.rows import Integers, Ragged, Rows
from zhprep.core.ragged import ranges, sizes_of
from zhprep.evaluate.blanks import around, coarse_around
from zhprep.evaluate.encode import EncodedTexts, Inputs, Segment, TaskEncoder, one_each
from zhprep.evaluate.granularities import CoarseTexts
from zhprep.evaluate.heads import Head, TaskStates, labelled
from zhprep.evaluate.task import NO_LABEL, Example, Fault, Task, TaskKind, Told, accuracy_of, list_in
from zhprep.models import ModelConfig
from zhprep.models.blocks.heads import MaskedTokenHead
from zhprep.models.blocks.part import Batch
from zhprep.models.stream import HiddenStream

BLANK = re.compile(r"#idiom\d*#")
OTHER_BLANK = "＿＿＿＿"
"""What stands for the other blanks of a text."""


class StreamFiller(nn.Module):
    """The masked-token head of one stream at the masks of the blank; its columns begin with ``prefix``."""

    def __init__(self, config: ModelConfig, n_candidates: int, prefix: str) -> None:
        super().__init__()
        self.n_candidates, self.prefix = n_candidates, prefix
        self.head = MaskedTokenHead(config)

    def forward(self, stream: HiddenStream, batch: Batch) -> Tensor:
        """Return log-probabilities per token ``[B, candidates]``, −inf where there is no candidate."""
        ids = batch[f"{self.prefix}candidate_ids"]
        ids = ids.view(len(ids), self.n_candidates, -1)
        masks = torch.arange(ids.shape[2], device=ids.device) + batch[f"{self.prefix}blank_begin"][:, None]
        at = masks[..., None].expand(-1, -1, stream.hidden_states.shape[-1])
        logits = self.head(stream.hidden_states.gather(1, at), stream.token_table).float()
        shares = logits.log_softmax(-1)[:, None].expand(-1, self.n_candidates, -1, -1)
        real = ids >= 0
        found = shares.gather(3, ids.clamp(min=0)[..., None]).squeeze(-1).masked_fill(~real, 0.0)
        means: Tensor = found.sum(-1) / real.sum(-1).clamp(min=1)
        return means.masked_fill(~real.any(-1), -torch.inf)


class BlankFiller(Head):
    """A score for each candidate: those of all streams added up, as in pretraining their losses are (AMBERT §3.2)."""

    needs = ("label", "candidate_ids", "blank_begin")

    def __init__(self, specs: Mapping[str, ModelConfig], n_candidates: int) -> None:
        super().__init__(specs)
        prefixes = ["", *(f"{name}_" for name in list(specs)[1:])]
        made = zip(specs.items(), prefixes, strict=True)
        self.fillers = nn.ModuleDict({name: StreamFiller(spec, n_candidates, prefix) for (name, spec), prefix in made})

    def begins_as(self) -> dict[str, nn.Module]:
        """Return the heads of masked tokens of every stream."""
        main, *others = self.fillers.items()
        return {"mlm": main[1], **{f"mlm:{name}": filler for name, filler in others}}

    def count(self, batch: Batch) -> int:
        """Return the number of blanks with an answer."""
        return labelled(batch, "label")

    def forward(self, states: TaskStates) -> Tensor:
        """Return scores ``[B, candidates]``, −inf where there is no candidate."""
        made = [self.fillers[name](stream, states.batch) for name, stream in states.streams.items()]
        scores: Tensor = torch.stack(made).sum(0)
        return scores

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
        segment, begins = blanked(part, [table.shape[2] for table in ids], encoder)
        gold = np.array([-100 if example.gold is None else example.gold for example in part], np.int64)
        lists, plain = {}, {"label": gold}
        for prefix, table, begin in zip(("", "coarse_"), ids, begins, strict=False):
            offsets = np.arange(len(part) + 1) * table[0].size
            lists[f"{prefix}candidate_ids"] = Ragged(table.reshape(-1), offsets)
            plain[f"{prefix}blank_begin"] = begin
        return one_each(encoder.lay_out([segment]).having(Rows(lists, plain)))

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


def candidate_ids(part: Sequence[Example], n_candidates: int, encoder: TaskEncoder) -> list[Integers]:
    """Return the tokens of all candidates, int64 ``[N, candidates, most tokens of one]``, −1 where there is none; and
    their coarse tokens, for a model that reads these."""
    distinct = sorted({choice for example in part for choice in example.choices})
    number = {choice: place for place, choice in enumerate(distinct)}
    chosen = np.full((len(part), n_candidates), len(distinct))
    for row, example in enumerate(part):
        chosen[row, : len(example.choices)] = [number[choice] for choice in example.choices[:n_candidates]]
    texts = encoder.texts(distinct)
    found = []
    for encoded in [texts.encoded, *([] if texts.coarse is None else [texts.coarse.encoded])]:
        lengths = sizes_of(encoded.sentence_offsets)
        table = np.full((len(distinct) + 1, max(int(lengths.max()), 1)), -1, np.int64)
        table[np.repeat(np.arange(len(distinct)), lengths), ranges(0 * lengths, lengths)] = encoded.ids
        found.append(table[chosen])
    return found


def blanked(part: Sequence[Example], n_masks: Sequence[int], encoder: TaskEncoder) -> tuple[Segment, list[Integers]]:
    """Return the texts with masks in the blank, cut to fit, and where in their sequence these begin (int64 ``[N]``):
    ``n_masks`` of fine tokens, and of coarse ones for a model that reads these."""
    sides = [
        encoder.texts([BLANK.sub(OTHER_BLANK, example.texts[0][: example.span[0]]) for example in part]),
        encoder.texts([BLANK.sub(OTHER_BLANK, example.texts[0][example.span[1] :]) for example in part]),
    ]
    room, encoded = encoder.room(1), [side.encoded for side in sides]
    fine = around(encoded, n_masks[0], room)
    columns = {name: fine.filled([side.columns[name] for side in sides], 0) for name in encoder.readers}
    made = fine.encoded(encoded, encoder.vocabulary.mask)
    texts = EncodedTexts([example.texts[0] for example in part], made, columns)
    if encoder.coarse is None:
        return Segment(texts), [fine.kept[0] + 1]
    words = [side.coarse for side in sides if side.coarse is not None]
    coarse, of = coarse_around(fine, encoded, words, n_masks[1], room)
    tokens = coarse.encoded([side.encoded for side in words], encoder.coarse.vocabulary.mask)
    both = dataclasses.replace(texts, coarse=CoarseTexts(tokens, of))
    return Segment(both), [fine.kept[0] + 1, coarse.kept[0] + 1]
