"""A model: a body and the objectives that read its streams, put together from a config."""

from __future__ import annotations

import contextlib
import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from zhprep.core.registry import lookup
from zhprep.models.assets import Assets
from zhprep.models.blocks.attentions import check_attention
from zhprep.models.blocks.attentions.attending import Setting
from zhprep.models.blocks.layer import LayerStack
from zhprep.models.blocks.part import FED, Batch, Part
from zhprep.models.bodies import BODIES
from zhprep.models.bodies.body import kind_of, stream_of
from zhprep.models.config import ModelConfig
from zhprep.models.objectives import OBJECTIVES
from zhprep.models.objectives.objective import Objective
from zhprep.models.prediction import Prediction
from zhprep.models.stream import HiddenStream, Pass, StreamSpec

Makers = Mapping[str, Callable[[ModelConfig], Objective]]
"""Objectives by name, to be made from the config of the stream that each reads."""


class Model(nn.Module):
    """The model that ``config`` describes, with fresh weights drawn from torch's generator.

    ``objectives`` may be handed in, by name, in place of those that the config names (for fine-tuning). Raises
    ``UsageError`` for an unknown part, or an objective of a stream that the body does not give.
    """

    in_parts = False
    """Whether what it learns may leave some of its weights out."""

    def __init__(self, config: ModelConfig, objectives: Makers | None = None) -> None:
        super().__init__()
        self.config = config
        body = lookup(BODIES, config.body, "body")
        if (makers := objectives) is None:
            makers = {name: lookup(OBJECTIVES, kind_of(name), "objective") for name in config.objectives}
        self.reads = {name: stream_of(name, config.body, body) for name in makers}
        self.body = body(config)
        made = {name: make(self.body.streams[self.reads[name]].config) for name, make in makers.items()}
        self.objectives = nn.ModuleDict(made)
        self.apply(self._initialise)

    @property
    def parts(self) -> dict[str, Objective]:
        """The objectives by name."""
        return {name: cast(Objective, part) for name, part in self.objectives.items()}

    @property
    def wanted(self) -> list[str]:
        """The streams that objectives read and those that these are made from, in the order of the body."""
        read = set(self.reads.values())
        read |= {name for stream in read for name in self.body.made_from.get(stream, ())}
        return [name for name in self.body.gives if name in read]

    @property
    def needs(self) -> tuple[str, ...]:
        """The columns that the data must have, in a fixed order."""
        return tuple(name for name in self._read("needs") if name not in FED)

    @property
    def takes(self) -> tuple[str, ...]:
        """The columns of the data that are read if they are there."""
        return self._read("takes")

    @property
    def labels(self) -> dict[str, tuple[str, ...]]:
        """For each objective the columns, made with a batch, that it learns."""
        return {name: self._spec_of(name).in_batch(part.labels) for name, part in self.parts.items()}

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns that are read, of the data and of the feed."""
        return tuple(dict.fromkeys((*self._read("needs"), *self.takes)))

    @property
    def group(self) -> int:
        """How many rows that follow one another must lie in one part of a step (:attr:`Objective.group`)."""
        return math.lcm(*(part.group for part in self.parts.values()))

    def encode(self, batch: Batch, stream: str = "", *, all_layers: bool = False) -> HiddenStream:
        """Return a stream of ``batch``, the main one if none is named; no objective is asked."""
        return self.body.encode(stream or self.body.main, Pass(batch, all_layers))

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Return each objective's loss, summed over what it predicts in the batch."""
        return {name: found.loss_sum for name, found in self.predictions(batch).items()}

    def predictions(self, batch: Batch) -> dict[str, Prediction]:
        """Return what each objective predicts in the batch."""
        passing = Pass(batch, read={} if torch.compiler.is_compiling() else self.read_at(batch))
        for stream in self.wanted:
            passing.streams[stream] = self.body.encode(stream, passing)
            for name, part in self.objectives.items():
                if self.reads[name] == stream:
                    passing.predictions[name] = made = part(passing.streams[stream])
                    passing.streams[stream] = passing.streams[stream].having(made.found)
        return {name: passing.predictions[name] for name in self.objectives}

    def readers(self, stream: str, batch: Batch) -> list[Objective]:  # noqa: ARG002
        """Return the objectives that read ``stream`` of ``batch``."""
        return [part for name, part in self.parts.items() if self.reads[name] == stream]

    def read_at(self, batch: Batch) -> dict[str, Tensor]:
        """Return of streams that are not read everywhere the places where they are (:attr:`Pass.read`)."""
        whole = {name for stream in self.wanted for name in self.body.made_from.get(stream, ())}
        found: dict[str, Tensor] = {}
        for stream in [name for name in self.wanted if name not in whole and self.body.left_out(name)]:
            view = self.body.streams[stream].view(batch)
            rows = self.body.row_places(view)
            read = [part.reads_at(view, rows) for part in self.readers(stream, batch)]
            if (places := together(view, read)) is not None:
                found[stream] = places
        return found

    def counts(self, batch: Batch) -> dict[str, int]:
        """Return how many things each objective will predict in the batch, before anything is computed."""
        return {name: part.count(self._spec_of(name).view(batch)) for name, part in self.parts.items()}

    def weights(self, step: int, n_steps: int = 0) -> dict[str, float]:
        """Return the weight of each objective in the loss of ``step`` (from 0) of a run of ``n_steps``."""
        weights = {}
        for name in self.objectives:
            rise = self.config.rise.get(name, 0.0)
            rise *= n_steps if rise < 1 else 1
            weights[name] = self.config.weights.get(name, 1.0) * (min(step / rise, 1.0) if rise else 1.0)
        return weights

    def attend_by(self, name: str, setting: Setting) -> None:
        """Let all layers compute attention by the part ``name``, or choose for themselves (``auto``).

        Raises ``UsageError`` for one that there is not, or that cannot train this model in ``setting``.
        """
        for module in self.modules():
            if isinstance(module, LayerStack):
                check_attention(name, module.config, setting)
                module.attention = name

    def fill(self, assets: Assets) -> None:
        """Put what the parts know beforehand into the fresh weights."""
        for module in self.modules():
            if isinstance(module, Part):
                module.fill(assets)

    def _read(self, which: str) -> tuple[str, ...]:
        """Return the columns that the streams and objectives say they read under ``which``."""
        read = [(spec := self.body.streams[name], getattr(spec, which)) for name in self.wanted]
        read += [(self._spec_of(name), getattr(part, which)) for name, part in self.parts.items()]
        return tuple(dict.fromkeys(column for spec, names in read for column in spec.in_batch(names)))

    def _spec_of(self, objective: str) -> StreamSpec:
        return self.body.streams[self.reads[objective]]

    def _initialise(self, module: nn.Module) -> None:
        if isinstance(module, (nn.Linear, nn.Embedding)):
            unit = module.in_features**-0.5 if isinstance(module, nn.Linear) else 1.0
            nn.init.normal_(module.weight, std=self.config.initializer_range or unit)
        if isinstance(module, nn.Linear) and module.bias is not None:
            nn.init.zeros_(module.bias)
        if isinstance(module, Part):
            module.initialise()


def together(batch: Batch, read: Sequence[Tensor | None]) -> Tensor | None:
    """Return the places of real tokens of ``batch`` that are in any of ``read``, ascending; None where one is None."""
    some = [places for places in read if places is not None]
    if len(some) < len(read) or not read:
        return None
    mask = torch.zeros(batch["input_ids"].numel(), dtype=torch.bool, device=batch["input_ids"].device)
    for places in some:
        mask[places] = True
    if (real := batch.get("attention_mask")) is not None:
        mask &= real.flatten()
    return mask.nonzero().squeeze(-1)


def n_parameters(*modules: nn.Module) -> int:
    """Return the number of weights in ``modules``."""
    return sum(weight.numel() for module in modules for weight in module.parameters())


def n_weights(config: ModelConfig) -> int:
    """Return the number of weights of the model that ``config`` describes; none are made."""
    with shapes_alone():
        return n_parameters(Model(config))


@contextlib.contextmanager
def shapes_alone() -> Iterator[None]:
    """Within, models have weights of a shape and a dtype and no numbers; none are drawn, which takes most of the time
    even where there are none."""
    with torch.device("meta"), _Undrawn():
        yield


class _Undrawn(TorchFunctionMode):
    """Leaves tensors as they are where ``torch.nn.init`` is to fill them."""

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if getattr(function, "__module__", "") == nn.init.__name__:
            return kwargs["tensor"] if "tensor" in kwargs else args[0]
        return function(*args, **kwargs)


def flops_per_token(model: Model, stream: str, length: int, masked_share: float) -> float:
    """Return the floating-point operations of one training step per token of a stream, 6 for each product.

    Products are those with the weights that every token passes through, and those of attention; a masked-token head is
    counted for the masked share only.
    """
    heads = [part for name, part in model.parts.items() if model.reads[name] == stream]
    products = model.body.multiply_adds(stream, length) + sum(part.multiply_adds(masked_share) for part in heads)
    return 6.0 * products


def flops_of(model: Model, batch: Batch) -> float:
    """Return the floating-point operations of a training step on ``batch``: those of the real tokens of each stream,
    each attending to its own sequence, of the last layer where states are read, and of the head for what is to be
    predicted. Padding, whatever it may cost, is none of the model's work."""
    read = model.read_at(batch)
    return math.fsum(_flops_of_stream(model, name, batch, read.get(name)) for name in model.wanted)


def _flops_of_stream(model: Model, name: str, batch: Batch, read: Tensor | None) -> float:
    """Return those of one stream, whose states are read at the places ``read`` (int64, ``[N]``), or (None) at all."""
    view = model.body.streams[name].view(batch)
    lengths = model.body.lengths(name, batch)
    n_tokens = int(lengths.sum())
    chosen = [int((view[column] >= 0).sum()) for column in ("masked_labels", "masked_places") if column in view]
    share = max(chosen, default=0) / max(n_tokens, 1)
    alike: Counter[int] = Counter(lengths[lengths > 0].tolist())
    whole = math.fsum(count * length * flops_per_token(model, name, length, share) for length, count in alike.items())
    n_unread = 0 if read is None else n_tokens - len(read)
    return whole - 6.0 * model.body.left_out(name) * n_unread


def seeded_model(config: ModelConfig, seed: int, objectives: Makers | None = None) -> Model:
    """Return a fresh model whose weights are a function of ``seed`` alone; torch's generator is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Model(config, objectives)
