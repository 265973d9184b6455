"""``zhprep parts``."""

from __future__ import annotations

import importlib
import json
from typing import Any

import click

from zhprep.cli.shared import shared_options, split_shared
from zhprep.core.errors import UsageError
from zhprep.core.registry import lookup, require_training

FAMILIES = {
    "step": "zhprep.normalize.steps:STEPS",
    "segmenter": "zhprep.segment.engines:ENGINES",
    "pinyin engine": "zhprep.pinyin.engines:ENGINES",
    "vocabulary type": "zhprep.vocab.types:TYPES",
    "format": "zhprep.instances.layout:FORMATS",
    "mask strategy": "zhprep.instances.masks:STRATEGIES",
    "replacement": "zhprep.instances.masks:REPLACEMENTS",
    "corruption": "zhprep.instances.corruptions:CORRUPTIONS",
    "budget rule": "zhprep.instances.masks:BUDGETS",
    "model input": "zhprep.models.embeddings.inputs:INPUTS",
    "embeddings": "zhprep.models.embeddings:EMBEDDINGS",
    "layer": "zhprep.models.blocks.layers:LAYERS",
    "layer stack": "zhprep.models.blocks.stacks:STACKS",
    "attention": "zhprep.models.blocks.attentions:ATTENTIONS",
    "output": "zhprep.models.blocks.outputs:OUTPUTS",
    "model body": "zhprep.models.bodies:BODIES",
    "objective": "zhprep.models.objectives:OBJECTIVES",
    "model format": "zhprep.models.checkpoints:FORMATS",
    "optimiser": "zhprep.engine.optimisers:OPTIMISERS",
    "schedule": "zhprep.engine.schedules:SCHEDULES",
    "task kind": "zhprep.evaluate.tasks:KINDS",
    "way of transfer": "zhprep.evaluate.tuning:TUNINGS",
    "export format": "zhprep.export:EXPORTS",
    "executor": "zhprep.core.executors:EXECUTORS",
}
"""Every family of parts and where its dict is."""

_TRAINING = ("zhprep.models.", "zhprep.engine.", "zhprep.evaluate.")
"""Families whose parts are torch modules and functions."""


@click.command()
@click.argument("family", required=False)
@shared_options()
def command(family: str | None, **options: Any) -> None:
    """List the parts of every family.

    Parts are what recipes and flags name; adding one is one file and one line in its family's dict.
    """
    shared, _ = split_shared(options)
    wanted = {family: lookup(FAMILIES, family, "family")} if family else FAMILIES
    training = [name for name, path in wanted.items() if path.startswith(_TRAINING)]
    if training:
        try:
            require_training(f"the list of {', '.join(training)}")
        except UsageError as error:
            if family:
                raise
            shared.progress("parts").tell("note", f"left out: {error} / hint: {error.hint}")
            wanted = {name: path for name, path in wanted.items() if name not in training}
    found = {name: list(_family(path)) for name, path in wanted.items()}
    if shared.json:
        print(json.dumps(found, ensure_ascii=False))
        return
    for name, parts in found.items():
        print(f"{name:<18}{', '.join(parts)}")


def _family(path: str) -> dict[str, Any]:
    module, _, attribute = path.partition(":")
    family: dict[str, Any] = getattr(importlib.import_module(module), attribute)
    return family
