"""A generator and a discriminator in one model, saved as the discriminator, ``ElectraForPreTraining``.

The generator, ``ElectraForMaskedLM``, lies in the folder ``generator`` beside it; the table that they share is in both.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zhprep.models.bodies.generator_discriminator import generator_config
from zhprep.models.checkpoints.electra import (
    COMMON,
    DISCRIMINATOR,
    MASKED,
    PROJECTED,
    TABLES,
    architecture,
    plain,
    stack_rows,
)
from zhprep.models.checkpoints.format import Format, Names
from zhprep.models.config import ModelConfig

BODY = "generator-discriminator"
_GENERATOR: Names = (
    *TABLES, *stack_rows("body.generator_stack"), ("body.generator_embeddings.projection.{p}", PROJECTED), *MASKED,
)  # fmt: skip


def matches(config: ModelConfig) -> bool:
    """Return whether the model is a generator and a discriminator."""
    return plain(config, body=BODY) and set(config.parts) <= {BODY} and set(config.objectives) <= {"mlm", "rtd"}


def _generator(config: ModelConfig) -> str:  # noqa: ARG001
    return "ElectraForMaskedLM"


def _tells_pair(described: Mapping[str, Any]) -> bool:
    return bool(described.get("zhprep", {}).get("body") == BODY)


GENERATOR = Format(weights=_GENERATOR, matches=matches, architecture=_generator, config_in=generator_config, **COMMON)
FORMAT = Format(
    weights=DISCRIMINATOR, matches=matches, architecture=architecture, holds=_tells_pair,
    beside={"generator": GENERATOR}, **COMMON,
)  # fmt: skip
