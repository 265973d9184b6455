"""What a body is: what turns a batch into named streams of hidden states."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import ClassVar

import torch
from torch import Tensor

from zhprep.core.errors import UsageError
from zhprep.core.registry import suggest
from zhprep.instances import InstancesConfig
from zhprep.models.blocks.attentions.attending import Seen
from zhprep.models.blocks.layer import LayerStack
from zhprep.models.blocks.part import Batch, Part
from zhprep.models.config import ModelConfig
from zhprep.models.embeddings.embedding import Embeddings
from zhprep.models.stream import HiddenStream, Pass, StreamSpec


class Body(Part):
    """Gives the streams named in ``gives``, in the order in which they are made; makes its own embeddings and stacks.

    The model asks for the streams that objectives read, so that what is not read costs nothing. Objectives read the
    ``main`` one, or what ``reads`` says for them, or what the recipe does (``mlm:coarse``). ``made_from`` says which
    earlier streams one cannot be without: they are made with it. ``task_streams`` are those that heads of tasks read,
    the main one first; the main one alone if empty. ``streams`` has what is known of each stream before there is a
    batch.
    """

    gives: ClassVar[tuple[str, ...]] = ("main",)
    main: ClassVar[str] = "main"
    causal: ClassVar[tuple[str, ...]] = ()
    """The streams whose places see only what is before them."""
    reads: ClassVar[Mapping[str, str]] = MappingProxyType({})
    made_from: ClassVar[Mapping[str, tuple[str, ...]]] = MappingProxyType({})
    task_streams: ClassVar[tuple[str, ...]] = ()

    streams: dict[str, StreamSpec]

    def check_made(self, made: InstancesConfig, where: str) -> None:
        """Raise ``UsageError`` when instances ``made`` so tell a stream what another is to predict; ``where`` says
        which they are."""

    def encode(self, name: str, passing: Pass) -> HiddenStream:
        """Return the stream ``name`` of ``passing.batch``.

        What was made before it in this pass (streams, and the predictions of the objectives that read them) is in
        ``passing``: a discriminator reads what its generator predicted, a decoder the encoder's states. A stream that
        is missing there was asked for by nobody.
        """
        raise NotImplementedError

    def row_places(self, batch: Batch) -> Tensor:
        """Return where the states that stand for rows of a stream of ``batch`` are, int64 ``[B]`` in the flattened
        ``B*L``."""
        n_rows, length = batch["input_ids"].shape
        return torch.arange(n_rows, device=batch["input_ids"].device) * length

    def lengths(self, name: str, batch: Batch) -> Tensor:
        """Return how many real tokens each sequence of the stream ``name`` has, int64 ``[S]``."""
        return Seen.of(self.streams[name].view(batch)).lengths()

    def multiply_adds(self, name: str, length: int) -> float:
        """Return the products that the stream ``name`` costs per token of rows of ``length``."""
        raise NotImplementedError

    def left_out(self, name: str) -> int:  # noqa: ARG002
        """Return how many of these each token saves whose states nobody reads (:attr:`Pass.read`), 0 where the body
        computes all."""
        return 0


def kind_of(objective: str) -> str:
    """Return which objective one of a recipe is: ``mlm`` of ``mlm:coarse``."""
    return objective.partition(":")[0]


def stream_of(objective: str, name: str, body: type[Body]) -> str:
    """Return the stream that an objective of a recipe reads from ``body``, which is called ``name``.

    Raises ``UsageError`` when the body does not give it.
    """
    kind, _, named = objective.partition(":")
    stream = named or body.reads.get(kind, body.main)
    if stream not in body.gives:
        raise UsageError(
            f"objective {objective!r} reads the stream {stream!r}, which the body {name!r} does not give",
            hint=suggest(stream, list(body.gives)),
        )
    return stream


def check_inputs(config: ModelConfig, readable: Collection[str], why: str) -> None:
    """Raise ``UsageError`` for an input of ``config`` that is not among the ``readable``, and say why a stream of its
    body cannot read it."""
    if others := [name for name in config.inputs if name not in readable]:
        raise UsageError(
            f"the body {config.body!r} cannot read {others[0]!r}: {why}",
            hint=f"leave it out of inputs: {', '.join(sorted(readable))} are what it reads",
        )


def spec_of(config: ModelConfig, embeddings: Embeddings, columns: Mapping[str, str] | None = None) -> StreamSpec:
    """Return what is known of a stream of ``config`` over ``embeddings`` that reads its ``columns`` (see there); its
    layers read where the sequences of packed rows begin."""
    return StreamSpec(config, embeddings.columns_needed, (*embeddings.columns_taken, "cu_seqlens"), columns or {})


def encoded(
    embeddings: Embeddings,
    stack: LayerStack,
    batch: Batch,
    *,
    all_layers: bool,
    causal: bool = False,
    reading: HiddenStream | None = None,
    read: Tensor | None = None,
) -> HiddenStream:
    """Return the stream of ``embeddings`` and ``stack`` over ``batch``, whose rows stand by their first state; its
    layers may attend to another one, ``reading``. Where given, only its states at the places ``read`` will be read."""
    context = stack.context_of(batch, causal=causal)
    if reading is not None:
        context = context.reading(reading.hidden_states, reading.batch)
    hidden_states, layers = stack(embeddings(batch), context, all_layers=all_layers, read=read)
    return HiddenStream(hidden_states, embeddings.token_table, batch, layers)
