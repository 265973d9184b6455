"""Sentences of which tokens are hidden, and what each hidden token costs a model.

In: sentences, and which tokens are hidden in which copy of which. Out: the loss of each hidden token in nats, and
whether the model would have said it. Every hidden token becomes ``[MASK]``; what it sounds like is hidden too, and so
is the coarse token around it, so that a model of several inputs sees no more than one of characters.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from zhprep.collate import Padding
from zhprep.collate.rows import Integers
from zhprep.core.progress import NO_PROGRESS, Progress
from zhprep.core.ragged import offsets_of, ranges, sizes_of
from zhprep.evaluate.encode import EncodedTexts, Inputs, Segment, TaskEncoder, one_each, windows
from zhprep.evaluate.sounds import word_source
from zhprep.instances import COARSE_VOCABULARY
from zhprep.models import ModelConfig
from zhprep.models.bodies.body import kind_of
from zhprep.models.checkpoints.files import load_model
from zhprep.models.objectives import OBJECTIVES
from zhprep.models.stream import Pass
from zhprep.vocab import load

TOKENS_AT_ONCE = 8192
"""Tokens of a batch, padding included."""
LONGEST = 512
"""Tokens of a window of a sentence that is longer, special ones included."""


class Answers(NamedTuple):
    """Of each hidden token what it cost in nats (float64 ``[N]``), and whether the model would have said it (bool
    ``[N]``)."""

    losses: npt.NDArray[np.float64]
    right: npt.NDArray[np.bool_]


class Copies(NamedTuple):
    """Copies of rows with hidden tokens: copy ``c`` is of row ``rows[c]`` (int64 ``[C]``) and hides its tokens at
    ``places[offsets[c]:offsets[c + 1]]``, ascending, all at once (int64 ``[N]``, ``[C + 1]``)."""

    rows: Integers
    places: Integers
    offsets: Integers


@dataclasses.dataclass(frozen=True)
class SentenceRows:
    """Sentences as a model reads them, a row for each: ``[CLS] … [SEP]``; several for one that is longer than the model
    reads.

    ``tokens`` says of each place of the rows which token of ``source`` is there (int64 ``[ΣL]``), −1 for special ones.
    """

    source: EncodedTexts
    inputs: Inputs
    tokens: Integers

    @property
    def offsets(self) -> Integers:
        """Where rows begin in ``tokens`` (int64 ``[R + 1]``)."""
        return self.inputs.rows.tokens.offsets

    @property
    def sentences(self) -> Integers:
        """The sentence that each token of the source is of (int64 ``[T]``)."""
        return np.repeat(np.arange(len(self.source.texts)), self.source.lengths)

    @property
    def bases(self) -> Integers:
        """Where sentences begin among the characters of all (int64 ``[S + 1]``)."""
        return offsets_of(np.array([len(text) for text in self.source.texts], np.int64))

    def covered(self, tokens: Integers) -> Integers:
        """Return which characters of all sentences ``tokens`` (int64 ``[N]``, of the source) stand for, one after
        another (int64), white space too."""
        encoded = self.source.encoded
        starts = self.bases[self.sentences[tokens]] + encoded.starts[tokens]
        return ranges(starts, (encoded.stops - encoded.starts)[tokens].astype(np.int64))


class HiddenTokens:
    """Asks the model in ``folder``, which :func:`hides_tokens`, for hidden tokens of sentences."""

    def __init__(self, folder: Path, device: torch.device) -> None:
        self.model = load_model(folder).to(device).eval()
        self.objective = hides_tokens(self.model.config)
        self.vocabulary, self.device = load(folder), device
        columns = self.model.columns
        coarse = load(folder / COARSE_VOCABULARY) if "coarse_input_ids" in columns else None
        longest = min(LONGEST, self.model.config.max_position_embeddings)
        self.encoder = TaskEncoder(self.vocabulary, longest, columns, coarse, word_source(folder))
        self.coarse_mask = None if coarse is None else coarse.mask
        self.padding = Padding(self.vocabulary.pad, 0 if coarse is None else coarse.pad)

    @property
    def stream(self) -> str:
        """What of the model is asked: ``main``, or ``generator`` of one that has a discriminator too."""
        return self.model.reads[self.objective]

    def read(self, sentences: list[str]) -> SentenceRows:
        """Return ``sentences`` as the model reads them, each alone."""
        source = self.encoder.texts(sentences)
        room = np.full(len(sentences), self.encoder.room(1))
        segment = Segment(source, *windows(source.lengths, room))
        rows = self.encoder.lay_out([segment])
        tokens = np.full(rows.tokens.offsets[-1], -1, np.int64)
        tokens[ranges(rows.tokens.offsets[:-1] + 1, segment.size)] = ranges(segment.begin, segment.size)
        return SentenceRows(source, one_each(rows), tokens)

    @torch.inference_mode()
    def ask(self, rows: SentenceRows, copies: Copies, progress: Progress = NO_PROGRESS) -> Answers:
        """Return what the model makes of the hidden tokens of ``copies``, in their order."""
        losses, right = np.zeros(len(copies.places)), np.zeros(len(copies.places), np.bool_)
        sizes = sizes_of(copies.offsets)
        lengths = rows.inputs.lengths[copies.rows]
        with progress.of(len(copies.rows), "rows") as bar:
            for chosen in _batches(lengths):
                hidden = ranges(copies.offsets[chosen], sizes[chosen])
                batch = rows.inputs.batch(copies.rows[chosen], self.padding)
                owner = np.repeat(np.arange(len(chosen)), sizes[chosen])
                losses[hidden], right[hidden] = self._answer(batch, owner, copies.places[hidden])
                bar.advance(len(chosen), tokens=int(lengths[chosen].sum()))
        return Answers(losses, right)

    def _answer(self, batch: dict[str, Tensor], rows: Integers, places: Integers) -> Answers:
        """Hide the tokens at ``places`` of ``rows`` (int64 ``[N]`` both, ascending) of ``batch`` and ask for them."""
        ids = batch["input_ids"]
        positions = torch.from_numpy(rows * ids.shape[1] + places)
        labels = ids.flatten()[positions]
        ids.view(-1)[positions] = self.vocabulary.mask
        if "pinyin_ids" in batch:
            batch["pinyin_ids"].view(-1)[positions] = 0
        if self.coarse_mask is not None:
            around, row = batch["coarse_of"].flatten()[positions], torch.from_numpy(rows)
            known = around >= 0
            batch["coarse_input_ids"][row[known], around[known]] = self.coarse_mask
        asked = {**batch, "masked_positions": positions, "masked_labels": labels}
        moved = {name: tensor.to(self.device) for name, tensor in asked.items()}
        stream = self.model.body.encode(self.stream, Pass(moved))
        made = self.model.parts[self.objective](stream)
        return Answers(made.losses.double().cpu().numpy(), (made.guesses == made.labels).cpu().numpy())


def hides_tokens(config: ModelConfig) -> str:
    """Return the objective of a model of ``config`` that tells hidden tokens, an empty name if none does."""
    return next((name for name in config.objectives if OBJECTIVES[kind_of(name)].text == "masked"), "")


def why_not(config: ModelConfig) -> str:
    """Return why a model of ``config`` cannot be asked for hidden tokens."""
    return f"is not asked for hidden tokens: its objectives ({', '.join(config.objectives)}) tell none"


def _batches(lengths: Integers) -> Iterator[Integers]:
    """Yield which of the copies with ``lengths`` (int64 ``[C]``) are computed together, those of about one length."""
    order = np.argsort(lengths, kind="stable")
    begin = 0
    while begin < len(order):
        end = begin + 1
        while end < len(order) and (end + 1 - begin) * lengths[order[end]] <= TOKENS_AT_ONCE:
            end += 1
        yield order[begin:end]
        begin = end
