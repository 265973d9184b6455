"""What tasks put on a pretrained body: heads, and a model of one body and a head for each of one task or several.

A head gets the streams that the body names for tasks (one for BERT, fine and coarse for two granularities) and the
batch. ``B`` sequences of ``L`` tokens; ``C`` characters of the text that is labelled.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import ClassVar, cast

import torch
from torch import Tensor, nn

from zhprep.collate.columns import IGNORED
from zhprep.evaluate.layers import LayerChoices
from zhprep.evaluate.pooling import row_states
from zhprep.models import Model, ModelConfig
from zhprep.models.blocks.part import Batch, Part
from zhprep.models.stream import HiddenStream, Pass

TASK = "task"
"""The column that says which task a batch is of, by its number (int64 ``[]``)."""

MOST_PLACES = 16
"""Characters of one token that are told apart; those beyond are taken for the last of these."""


@dataclasses.dataclass(frozen=True)
class TaskStates:
    """What a head reads: the streams by name, the main one first, and the batch.

    Streams of other tokens than the main one are lined up with it by the column ``NAME_of`` of the batch (int64
    ``[B, L]``: for each token of the main stream the place of the other's token that it is part of, −1 for none).
    ``pool`` says what stands for a row.
    """

    streams: Mapping[str, HiddenStream]
    batch: Batch
    pool: Callable[[HiddenStream], Tensor]

    @property
    def main(self) -> HiddenStream:
        """The main stream."""
        return next(iter(self.streams.values()))

    def rows(self) -> list[Tensor]:
        """Return the state of each row in each stream, ``[B, D]``."""
        return [self.pool(stream) for stream in self.streams.values()]

    def tokens(self) -> Tensor:
        """Return the states of the main stream's tokens, those of the other streams beside them: ``[B, L, ΣD]``."""
        aligned = [self.main.hidden_states]
        for name, stream in list(self.streams.items())[1:]:
            places = self.batch[f"{name}_of"].clamp(min=0)
            width = stream.hidden_states.shape[-1]
            aligned.append(stream.hidden_states.gather(1, places[..., None].expand(-1, -1, width)))
        return torch.cat(aligned, -1) if len(aligned) > 1 else aligned[0]


class Head(Part):
    """What a kind of task puts on the streams.

    ``loads_as`` names the objective whose head of a pretrained model this one begins as (:meth:`begins_as`). What it
    tells (:meth:`told`) is a line for each sequence, or with ``per_character`` for each real character.
    """

    loads_as: ClassVar[str] = ""
    per_character: ClassVar[bool] = False
    agreement = 1.0
    """λ of the term that draws the predictions of two streams together, where a head makes several."""

    def __init__(self, specs: Mapping[str, ModelConfig]) -> None:
        super().__init__(next(iter(specs.values())))
        self.width = sum(spec.hidden_size for spec in specs.values())

    def initialise(self) -> None:
        """Let every character of a token begin as the token itself."""
        for module in self.modules():
            if isinstance(module, CharacterReader):
                nn.init.zeros_(module.places.weight)

    def begins_as(self) -> dict[str, nn.Module]:
        """Return by the names of objectives what begins as their heads, where a pretrained model has these."""
        return {self.loads_as: self} if self.loads_as else {}

    def reads_at(self, batch: Batch, rows: Tensor) -> Tensor | None:  # noqa: ARG002
        """Return the places of its streams that it reads, None for all (:meth:`Objective.reads_at`)."""
        return None

    def count(self, batch: Batch) -> int:
        """Return how many things there are to learn in ``batch``."""
        raise NotImplementedError

    def forward(self, states: TaskStates) -> Tensor:
        """Return logits, a line for each sequence or character of ``states.batch``."""
        raise NotImplementedError

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        """Return the loss in nats, summed over what there is to learn."""
        raise NotImplementedError

    def told(self, logits: Tensor, batch: Batch) -> Tensor:  # noqa: ARG002
        """Return what decoding needs of ``logits``, ``[B or ΣC, …]``, without padding; all where there is none."""
        return logits


class CharacterReader(nn.Module):
    """The states of characters: those of the token that a character is in, and which character of it it is."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.places = nn.Embedding(MOST_PLACES, width)

    def forward(self, states: TaskStates) -> Tensor:
        """Return ``[B, C, ΣD]``."""
        tokens, batch = states.tokens(), states.batch
        at = batch["char_tokens"].clamp(min=0)
        read = tokens.gather(1, at[..., None].expand(-1, -1, tokens.shape[-1]))
        found: Tensor = read + self.places(batch["char_places"].clamp(max=MOST_PLACES - 1))
        return found


def real_characters(batch: Batch) -> Tensor:
    """Return where there are characters, bool ``[B, C]``."""
    return batch["char_tokens"] >= 0


def labelled(batch: Batch, column: str) -> int:
    """Return how many labels of ``column`` are to be learnt."""
    return int((batch[column] != IGNORED).sum())


class TaskModel(Model):
    """A body with heads for one task or several, and the choice of layers between them.

    ``heads`` are made from the configs of the body's streams for tasks; each reads its own of ``layers``, if they are
    given by its name; ``pool`` says what stands for a row. In a batch the column :data:`TASK` says by number which head
    it is for; without it, the first. With ``together`` every batch is for all heads. Where the body is ``frozen``, it
    drops nothing out. A ``teacher`` (not a part of the model) says what the logits of training should be near,
    ``distilling`` is the weight of that.
    """

    in_parts = True
    """A decoder, a generator, layers above the one that is read, the heads of other tasks."""

    def __init__(
        self,
        config: ModelConfig,
        heads: Mapping[str, Callable[[Mapping[str, ModelConfig]], Head]],
        layers: str | Mapping[str, str] = "top",
        *,
        pool: Callable[[HiddenStream], Tensor] = row_states,
        together: bool = False,
    ) -> None:
        super().__init__(config, {})
        names = self.body.task_streams or (self.body.main,)
        self.specs = {name: self.body.streams[name].config for name in names}
        chosen = {head: layers if isinstance(layers, str) else layers[head] for head in heads}
        self.choices = nn.ModuleDict({head: LayerChoices(which, self.specs) for head, which in chosen.items()})
        self.objectives = nn.ModuleDict({name: make(self.specs) for name, make in heads.items()})
        self.objectives.apply(self._initialise)
        self.all_layers = any(which != "top" for which in chosen.values())
        self.pool, self.together, self.frozen, self.distilling = pool, together, False, 0.0
        self.teacher: tuple[TaskModel, ...] = ()

    @property
    def heads(self) -> dict[str, Head]:
        """The heads by their names."""
        return {name: cast(Head, head) for name, head in self.objectives.items()}

    @property
    def wanted(self) -> list[str]:
        """The streams that tasks read and those that these are made from, in the order of the body."""
        read = {*self.specs, *(name for stream in self.specs for name in self.body.made_from.get(stream, ()))}
        return [name for name in self.body.gives if name in read]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of texts that the streams read."""
        specs = [self.body.streams[name] for name in self.wanted]
        return tuple(dict.fromkeys(column for spec in specs for column in spec.in_batch((*spec.needs, *spec.takes))))

    def train(self, mode: bool = True) -> TaskModel:
        """Set the mode; a frozen body is always asked, never taught."""
        super().train(mode)
        if self.frozen:
            self.body.eval()
        return self

    def streams_of(self, batch: Batch) -> dict[str, HiddenStream]:
        """Return the streams for tasks of ``batch``."""
        rows_alone = self.pool is row_states and not self.all_layers
        passing = Pass(batch, self.all_layers, self.read_at(batch) if rows_alone else {})
        for stream in self.wanted:
            passing.streams[stream] = self.body.encode(stream, passing)
        return {name: passing.streams[name] for name in self.specs}

    def readers(self, stream: str, batch: Batch) -> list[Head]:  # type: ignore[override]
        """Return the heads that ``batch`` is for, which read all streams for tasks."""
        return [self.heads[name] for name in self.heads_for(batch)] if stream in self.specs else []

    def logits(self, name: str, batch: Batch, streams: dict[str, HiddenStream] | None = None) -> Tensor:
        """Return the logits of the head ``name``, float32."""
        chosen: LayerChoices = cast(LayerChoices, self.choices[name])
        streams = streams or self.streams_of({**batch, TASK: torch.tensor(list(self.objectives).index(name))})
        logits: Tensor = self.heads[name](TaskStates(chosen(streams), batch, self.pool))
        return logits.float()

    def heads_for(self, batch: Batch) -> list[str]:
        """Return the names of the heads that ``batch`` is for."""
        names = list(self.objectives)
        return names if self.together else [names[int(batch[TASK]) if TASK in batch else 0]]

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Return the summed loss of each head that ``batch`` is for."""
        streams, losses = self.streams_of(batch), {}
        for name in self.heads_for(batch):
            logits, head = self.logits(name, batch, streams), self.heads[name]
            losses[name] = head.loss(logits, batch)
            for teacher in self.teacher:
                with torch.no_grad():
                    wanted = teacher.logits(name, batch)
                losses[name] = losses[name] + self.distilling * head.count(batch) * squared_distance(logits, wanted)
        return losses

    def counts(self, batch: Batch) -> dict[str, int]:
        """Return for each head how many things it will learn from ``batch``."""
        mine = self.heads_for(batch)
        return {name: head.count(batch) if name in mine else 0 for name, head in self.heads.items()}

    def weights(self, step: int, n_steps: int = 1) -> dict[str, float]:  # noqa: ARG002
        """Return the weight of each head in the loss: one."""
        return dict.fromkeys(self.objectives, 1.0)

    def layer_weights(self) -> dict[str, dict[str, object]]:
        """Return α and γ of each head and stream, nothing where one depth is read."""
        return {name: found for name, one in self.choices.items() if (found := cast(LayerChoices, one).figures())}


def squared_distance(logits: Tensor, wanted: Tensor) -> Tensor:
    """Return the mean of squared differences, leaving out what is −inf in both."""
    real = torch.isfinite(logits) & torch.isfinite(wanted)
    return (logits[real] - wanted[real]).square().mean()
