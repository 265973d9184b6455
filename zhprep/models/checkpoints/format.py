"""What a format of model folders is: one record a family, with the names of weights and settings both ways."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor

from zhprep.models.config import ModelConfig

FLOAT32 = {"dtype": "float32", "torch_dtype": "float32"}
"""What ``config.json`` says of the weights, by its name in transformers 5 and in 4: they are always written so."""

Names = tuple[tuple[str, tuple[str, ...]], ...]


def _nothing(_: Any) -> dict[str, Any]:
    return {}


def _same(config: ModelConfig) -> ModelConfig:
    return config


def _any(config: ModelConfig, pad_id: int) -> None: ...


def _always(described: Mapping[str, Any]) -> bool:  # noqa: ARG001
    return True


@dataclasses.dataclass(frozen=True, kw_only=True)
class Format:
    """How a family of models lies in a folder: ``config.json`` and ``model.safetensors``.

    ``weights`` are rows of one of our names and what it is called there; ``{n}`` stands for the number of a layer,
    ``{p}`` for weight or bias, ``{rest}`` for anything. Where there are several names there, our weight is theirs put
    one below the other (query, key, value). None is a format of our own names. ``prefix`` is what a bare encoder's
    weights lack.

    ``absent`` gives weights that the family has and a model of ours may lack, as what changes nothing (zeros).

    ``fields`` say how our settings are called in ``config.json``; ``fixed`` is written besides, and ``required`` must
    be so when it is read. What follows in other ways is written by ``described`` and read by ``config_of`` (objectives
    from the architecture). ``matches`` says whether a model of ours can be saved so, ``architecture`` as which class.
    """

    model_type: str
    weights: Names | None
    matches: Callable[[ModelConfig], bool]
    architecture: Callable[[ModelConfig], str]
    prefix: str = ""
    fields: Mapping[str, str] = dataclasses.field(default_factory=dict)
    fixed: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    required: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    absent: Callable[[ModelConfig], dict[str, Tensor]] = _nothing
    by_name: bool = False
    """Only a model whose recipe names this format is saved so; others of these parts in the next that matches."""
    also: tuple[str, ...] = ()
    """Other values of ``model_type`` that folders of this format have."""
    mark: str = ""
    """A weight that a folder of this format alone has, whatever its ``config.json`` says."""
    code: Callable[[ModelConfig], dict[str, bytes]] = _nothing
    """Files that others load the model with, by name, where they have no class of their own for it."""
    tied: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Weights that are written twice, by their second name: theirs is one, and files of that time have both."""
    begins_as: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Weights that a file may lack, by their names there, and those that they are equal to then."""
    described: Callable[[ModelConfig], dict[str, Any]] = _nothing
    config_of: Callable[[Mapping[str, Any]], dict[str, Any]] = _nothing
    modern: Callable[[str], str] = str
    """Today's name of a weight that old files call otherwise."""
    beside: Mapping[str, Format] = dataclasses.field(default_factory=dict)
    """Formats of what lies in folders below, by their names: ELECTRA's generator beside its discriminator."""
    config_in: Callable[[ModelConfig], ModelConfig] = _same
    """The config of the part of the model that lies in this folder."""
    check: Callable[[ModelConfig, int], None] = _any
    """Raises ``UsageError`` where a vocabulary with this id of the padding makes another model of it there."""
    holds: Callable[[Mapping[str, Any]], bool] = _always
    """Whether a ``config.json`` of this ``model_type`` is of this format, where several have it."""


def has_parts(config: ModelConfig, **wanted: Any) -> bool:
    """Return whether ``config`` has the settings ``wanted``; what is not named must be as in the defaults, but for
    sizes and what does not change what the weights mean."""
    plain = {**_PLAIN, **wanted}
    return all(getattr(config, name) == value for name, value in plain.items())


_PLAIN: dict[str, Any] = {
    field.name: field.default
    for field in dataclasses.fields(ModelConfig)
    if field.name
    in {
        "embeddings", "body", "stack", "layer", "norm", "norm_position", "embedding_norm", "activation", "bias",
        "embedding_size", "output", "rotary_theta", "local_rotary_theta", "local_attention", "attention_scale",
        "cross_attention", "head_size",
    }
}  # fmt: skip
