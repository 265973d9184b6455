"""What tasks put on a pretrained body: heads, and a model of one body and a head for each of one task or several.

A head gets the streams that the body names for tasks (one for BERT, fine and coarse for two granularities), each after
the choice of layers, and the batch. ``B`` sequences of ``L`` tokens; ``C`` characters of the text that is labelled.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import ClassVar, cast

import torch
from torch import Tensor, nn

from zhprep.collate.columns import IGNORED
from zhprep.evaluate.layers import LayerChoice
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
    """

    streams: Mapping[str, HiddenStream]
    batch: Batch

    @property
    def main(self) -> HiddenStream:
        """The main stream."""
        return next(iter(self.streams.values()))

    def rows(self) -> list[Tensor]:
        """Return the state of each row in each stream, ``[B, D]``."""
        return [stream.row_states for stream in self.streams.values()]

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

    ``loads_as`` names the objective whose head of a pretrained model this one begins as, if that has it. What it tells
    (:meth:`told`) is a line for each sequence, or with ``per_character`` for each real character.
    """

    loads_as: ClassVar[str] = ""
    per_character: ClassVar[bool] = False

    def __init__(self, specs: Mapping[str, ModelConfig]) -> None:
        super().__init__(next(iter(specs.values())))
        self.width = sum(spec.hidden_size for spec in specs.values())

    def initialise(self) -> None:
        """Let every character of a token begin as the token itself."""
        for module in self.modules():
            if isinstance(module, CharacterReader):
                nn.init.zeros_(module.places.weight)

    def count(self, batch: Batch) -> int:
        """Return how many things there are to learn in ``batch``."""
        raise NotImplementedError

    def forward(self, states: TaskStates) -> Tensor:
        """Return logits, a line for each sequence or character of ``states.batch``."""
        raise NotImplementedError

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        """Return the loss in nats, summed over what there is to learn."""
        raise NotImplementedError

    def told(self, logits: Tensor, batch: Batch) -> Tensor:
        """Return what decoding needs of ``logits``, ``[B or ΣC, …]``; padding is left out."""
        raise NotImplementedError


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
    """A body with a head for each task, and the choice of layers between them.

    ``heads`` are made from the configs of the body's streams for tasks. In a batch the column :data:`TASK` says which
    head it is for; without it, it is for the first.
    """

    def __init__(
        self, config: ModelConfig, heads: Mapping[str, Callable[[Mapping[str, ModelConfig]], Head]], layers: str = "top"
    ) -> None:
        super().__init__(config, {})
        names = self.body.task_streams or (self.body.main,)
        self.specs = {name: self.body.streams[name].config for name in names}
        self.choices = nn.ModuleDict(
            {name: LayerChoice(layers, spec.num_hidden_layers) for name, spec in self.specs.items()}
        )
        self.objectives = nn.ModuleDict({name: make(self.specs) for name, make in heads.items()})
        self.objectives.apply(self._initialise)
        self.all_layers = layers != "top"

    @property
    def heads(self) -> dict[str, Head]:
        """The heads by the name of their task."""
        return {name: cast(Head, head) for name, head in self.objectives.items()}

    @property
    def wanted(self) -> list[str]:
        """The streams that tasks read and those that these are made from, in the order of the body."""
        read = {*self.specs, *(name for stream in self.specs for name in self.body.made_from.get(stream, ()))}
        return [name for name in self.body.gives if name in read]

    def states(self, batch: Batch) -> TaskStates:
        """Return what heads read of ``batch``."""
        passing = Pass(batch, self.all_layers)
        for stream in self.wanted:
            passing.streams[stream] = self.body.encode(stream, passing)
        return TaskStates({name: self._chosen(name, passing.streams[name]) for name in self.specs}, batch)

    def _chosen(self, name: str, stream: HiddenStream) -> HiddenStream:
        if not self.all_layers:
            return stream
        mixed: Tensor = self.choices[name](stream.layers)
        return dataclasses.replace(stream, hidden_states=mixed, row_states=mixed[:, 0])

    def layer_weights(self) -> dict[str, dict[str, object]]:
        """Return α and γ of each stream, nothing where one depth is read."""
        return {name: cast(LayerChoice, choice).figures() for name, choice in self.choices.items()}

    def head_of(self, batch: Batch) -> str:
        """Return the name of the head that ``batch`` is for."""
        return list(self.objectives)[int(batch[TASK]) if TASK in batch else 0]

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Return the summed loss of the head that ``batch`` is for."""
        name = self.head_of(batch)
        head = self.heads[name]
        return {name: head.loss(head(self.states(batch)).float(), batch)}

    def counts(self, batch: Batch) -> dict[str, int]:
        """Return for each head how many things it will learn from ``batch``."""
        mine = self.head_of(batch)
        return {name: head.count(batch) if name == mine else 0 for name, head in self.heads.items()}

    def weights(self, step: int, n_steps: int = 1) -> dict[str, float]:  # noqa: ARG002
        """Return the weight of each head in the loss: one."""
        return dict.fromkeys(self.objectives, 1.0)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of texts that the streams read."""
        specs = [self.body.streams[name] for name in self.wanted]
        return tuple(dict.fromkeys(column for spec in specs for column in spec.in_batch((*spec.needs, *spec.takes))))


def columns_read(config: ModelConfig) -> tuple[str, ...]:
    """Return the columns of texts that a model of ``config`` reads for tasks; nothing is computed."""
    with torch.device("meta"):
        return TaskModel(config, {}).columns
