"""Streams of hidden states: what a body gives and what an objective reads."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping

from torch import Tensor

from zhprep.models.blocks.part import Batch
from zhprep.models.config import ModelConfig
from zhprep.models.prediction import Prediction


@dataclasses.dataclass(frozen=True)
class HiddenStream:
    """Hidden states ``[B, L, D]`` and what goes with them.

    ``token_table`` ``[V, E]`` is the table that a masked-token head shares; ``batch`` the batch as this stream read it;
    ``layers`` the states of the embeddings and of every layer, each ``[B, L, D]``, where they were asked for;
    ``row_places`` (int64 ``[B]``, in the flattened ``B*L``) say where the state is that stands for a row, None its
    first; ``found`` what the body, and objectives of the stream, computed on the way for later objectives to read, by
    name (which tokens were replaced, say).
    """

    hidden_states: Tensor
    token_table: Tensor
    batch: Batch
    layers: tuple[Tensor, ...] = ()
    row_places: Tensor | None = None
    found: Mapping[str, Tensor] = dataclasses.field(default_factory=dict)

    @property
    def row_states(self) -> Tensor:
        """The states ``[B, D]`` that stand for rows: those of ``[CLS]``, or of the last tokens of a causal stream."""
        return self.hidden_states[:, 0] if self.row_places is None else self.at(self.row_places)

    def having(self, found: Mapping[str, Tensor]) -> HiddenStream:
        """Return this stream with ``found`` beside what was found before."""
        return dataclasses.replace(self, found={**self.found, **found}) if found else self

    def at(self, positions: Tensor) -> Tensor:
        """Return the states ``[N, D]`` at ``positions``, indices into the flattened ``B*L``."""
        return self.hidden_states.flatten(0, 1).index_select(0, positions)


@dataclasses.dataclass(frozen=True)
class StreamSpec:
    """What is known of a stream before there is a batch.

    ``config`` has its sizes: objectives that read the stream are made from it. ``needs`` and ``takes`` are the columns
    it reads. ``columns`` says which column of the batch its parts read under which name: ``{"input_ids":
    "coarse_input_ids"}`` lets them read coarse tokens without knowing of it; a name that stands for nothing (``""``) is
    hidden from them.
    """

    config: ModelConfig
    needs: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    columns: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def view(self, batch: Batch) -> Batch:
        """Return ``batch`` as the parts of this stream see it."""
        if not self.columns:
            return batch
        kept = {name: tensor for name, tensor in batch.items() if name not in self.columns}
        return kept | {name: batch[column] for name, column in self.columns.items() if column in batch}

    def in_batch(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return what the columns that parts of this stream call ``names`` are called in the batch."""
        return tuple(column for name in names if (column := self.columns.get(name, name)))


@dataclasses.dataclass
class Pass:
    """One batch on its way through a model: what has been made of it so far, in the order of the body's streams.

    ``read`` has the places (int64 ``[W]``, ascending, in the flattened ``B*L``) of those streams of which no other
    states are read: what is computed last need not be computed elsewhere, and states there may be zeros.
    """

    batch: Batch
    all_layers: bool = False
    read: Mapping[str, Tensor] = dataclasses.field(default_factory=dict)
    streams: dict[str, HiddenStream] = dataclasses.field(default_factory=dict)
    predictions: dict[str, Prediction] = dataclasses.field(default_factory=dict)
