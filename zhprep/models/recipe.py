"""From a recipe's ``[model]`` section to the config of a model, checked part by part.

A table in the section, ``[model.NAME]``, has the settings of the part NAME; only that part knows them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from zhprep.core import config as settings
from zhprep.core.errors import UsageError
from zhprep.core.registry import lookup, suggest
from zhprep.models.assets import Assets
from zhprep.models.blocks.feedforward import activation_of
from zhprep.models.blocks.layers import LAYERS
from zhprep.models.blocks.norms import NORMS
from zhprep.models.blocks.outputs import OUTPUTS
from zhprep.models.blocks.part import Part
from zhprep.models.blocks.stacks import STACKS
from zhprep.models.bodies import BODIES
from zhprep.models.bodies.body import kind_of, stream_of
from zhprep.models.config import SIZES, ModelConfig
from zhprep.models.embeddings import EMBEDDINGS
from zhprep.models.embeddings.inputs import INPUTS
from zhprep.models.objectives import OBJECTIVES

RENAMED = {
    "encoder": "stack",
    "vocabulary_size": "vocab_size",
    "n_layers": "num_hidden_layers",
    "width": "hidden_size",
    "n_heads": "num_attention_heads",
    "feedforward_width": "intermediate_size",
    "n_positions": "max_position_embeddings",
    "n_segments": "type_vocab_size",
    "dropout": "hidden_dropout",
    "norm_epsilon": "layer_norm_eps",
    "initial_std": "initializer_range",
}
"""What settings were called before they had the names of transformers; ``stacked`` was the stack ``separate``."""


def model_config(recipe: Mapping[str, Any], size: str, vocab_size: int) -> ModelConfig:
    """Return the config of the model that a recipe's ``[model]`` section describes, at ``size``.

    The section may hold any setting of :class:`ModelConfig`, a table ``sizes`` of sizes of its own, which go before
    :data:`SIZES`, and a table for each part that has settings. Raises ``UsageError`` for an unknown size, setting,
    part or stream.
    """
    section = dict(recipe)
    sizes = {**SIZES, **section.pop("sizes", {})}
    values = {**lookup(sizes, size, "size"), **section, "vocab_size": vocab_size}
    if old := [name for name in values if name in RENAMED]:
        raise UsageError(
            f"unknown setting {old[0]!r} in [model]", hint=f"it is called {RENAMED[old[0]]} now, as in transformers"
        )
    tables = {name: value for name, value in values.items() if isinstance(value, dict) and name != "parts"}
    plain = {name: value for name, value in values.items() if name not in tables}
    config = settings.build(ModelConfig, {"parts": tables, **plain}, where="[model]")
    check(config)
    return config


def parts_of(config: ModelConfig) -> dict[str, type[Part]]:
    """Return the parts that ``config`` names, by name.

    Raises ``UsageError`` for one that there is not.
    """
    return {
        config.body: lookup(BODIES, config.body, "body"),
        config.embeddings: lookup(EMBEDDINGS, config.embeddings, "embeddings"),
        config.stack: lookup(STACKS, config.stack, "stack"),
        config.layer: lookup(LAYERS, config.layer, "layer"),
        config.output: lookup(OUTPUTS, config.output, "output"),
        **{name: lookup(INPUTS, name, "input") for name in config.inputs},
        **{kind: lookup(OBJECTIVES, kind, "objective") for kind in map(kind_of, config.objectives)},
    }


def check(config: ModelConfig) -> None:
    """Raise ``UsageError`` for a part, a setting of a part or a stream that there is not."""
    for name in ("inputs", "objectives"):
        if not getattr(config, name):
            raise UsageError(f"{name} is empty in [model]", hint=f"name one at least: `zhprep parts` lists the {name}")
    parts = parts_of(config)
    lookup(NORMS, config.norm, "norm")
    activation_of(config)
    known = {name: part.Settings for name, part in parts.items() if part.Settings is not None}
    for name in config.parts:
        if name not in known:
            raise UsageError(f"[model.{name}] is of no part of this model", hint=suggest(name, list(known)))
        config.settings_of(name, known[name])
    if config.sampled_tokens and config.output != "table":
        raise UsageError("sampled_tokens is of the output table", hint=f'leave one out: output = "{config.output}"')
    for number, objective in enumerate(config.objectives):
        stream, kind = stream_of(objective, config.body, BODIES[config.body]), OBJECTIVES[kind_of(objective)]
        if kind.causal and stream not in BODIES[config.body].causal:
            raise UsageError(
                f"objective {objective!r} predicts what comes next, which each place of the stream {stream!r} sees",
                hint='give [model] body = "causal"',
            )
        behind = kind.behind
        if behind and behind not in map(kind_of, config.objectives[:number]):
            hint = f'name "{behind}" in objectives, and before it'
            raise UsageError(f"objective {objective!r} reads what {behind!r} finds on its way", hint=hint)


def learns(config: ModelConfig) -> dict[str, tuple[str, ...]]:
    """Return for each objective the columns that it learns, under the names that its stream has for them."""
    return {name: OBJECTIVES[kind_of(name)].labels for name in config.objectives}


def reads(config: ModelConfig) -> dict[str, tuple[str, ...]]:
    """Return for each objective the columns of the data that it needs, under the names that its stream has for them."""
    return {name: OBJECTIVES[kind_of(name)].needs for name in config.objectives}


def fitted(config: ModelConfig, assets: Assets) -> ModelConfig:
    """Return ``config`` with the sizes that its parts take from ``assets``.

    Raises ``UsageError`` with the command to run when one is missing.
    """
    for part in parts_of(config).values():
        config = part.fitted(config, assets)
    return config


def modernised(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings that an earlier version wrote into a ``config.json``, under their names of today."""
    renamed = {RENAMED.get(name, name): value for name, value in values.items()}
    if renamed.get("stack") == "stacked":
        renamed["stack"] = "separate"
    known = {field.name for field in dataclasses.fields(ModelConfig)}
    return {name: value for name, value in renamed.items() if name in known}
