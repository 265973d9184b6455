"""What a run is made of, put together once and checked before the first step."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from zhprep.collate import Batches, Instances, Padding, View, check_labels, view_of
from zhprep.collate.rows import Integers
from zhprep.core import config as settings
from zhprep.core.errors import UsageError
from zhprep.engine.distribution import World
from zhprep.engine.feed import Feed, Phase
from zhprep.engine.loop import Trainer
from zhprep.instances import made_with
from zhprep.models import Assets, Model, load_weights, model_config
from zhprep.models.checkpoints.files import check_format
from zhprep.models.model import seeded_model
from zhprep.models.recipe import fitted
from zhprep.pretrain.config import WHEN, PretrainConfig
from zhprep.pretrain.split import split
from zhprep.vocab import Vocabulary, load


@dataclasses.dataclass(frozen=True)
class Job:
    """A run, ready to begin: ``fresh`` names the weights that ``--initial`` did not have."""

    run: Path
    config: PretrainConfig
    world: World
    trainer: Trainer
    feed: Feed
    view: View
    held_out: Integers
    vocabulary: Vocabulary
    fresh: list[str]
    plan: dict[str, Any]
    sources: dict[str, str]

    def rate(self, number: int) -> float | None:
        """Return the rate of the masks of step ``number`` if it changes from step to step."""
        return self.view.rate(number / self.config.steps)

    @property
    def model(self) -> Model:
        """The model that is trained."""
        return self.trainer.model


def set_up(
    data: Path, run: Path, recipe: Mapping[str, Any], config: PretrainConfig, vocabulary: Path | None, world: World
) -> Job:
    """Return the job of training the model of ``recipe`` on ``data``.

    Raises ``UsageError`` or ``DataError`` when parts do not fit: an unknown part or size, a column that the objectives
    need and the data lack, another vocabulary than the data were made with.
    """
    vocabulary = vocabulary or _own_vocabulary(data)
    words = load(vocabulary)
    assets = Assets(vocabulary, data)
    described = fitted(model_config(recipe, config.size, words.size), assets)
    model = seeded_model(described, config.seed)
    model.fill(assets)
    check_format(model)
    fresh = load_weights(model, Path(config.initial)) if config.initial else []
    instances, view = open_instances(data, model, words)
    rows, held_out = split(instances, config.validation)
    batches = Batches(instances, view, model.columns, _padding(model, words, config), config.seed)
    phase = Phase(batches, rows, config.batch_size, config.steps)
    feed = Feed((phase,), config.seed, world, config.accumulate)
    plan = {
        "config": {name: value for name, value in settings.as_dict(config).items() if name not in WHEN},
        "model": settings.as_dict(described),
        "data": instances.content_sha256,
        "masks": instances.manifest["config"]["instances"],
        "vocabulary": words.sha256,
    }
    sources = {"data": str(data.resolve()), "vocabulary": str(vocabulary.resolve())}
    trainer = Trainer(model, config, world)
    return Job(run, config, world, trainer, feed, view, held_out, words, fresh, plan, sources)


def open_instances(data: Path, model: Model, vocabulary: Vocabulary) -> tuple[Instances, View]:
    """Return the columns of ``data`` that ``model`` reads, and what it gets to see of them.

    Raises ``DataError`` when one is missing, ``UsageError`` when the data were made with another vocabulary or for
    other objectives.
    """
    whole = Instances(data)
    view = view_of(data, whole.manifest, whole.columns, vocabulary)
    check_labels(model.labels, view.gives, made_with(data, whole.manifest), str(data))
    theirs = whole.manifest.get("vocabulary", vocabulary.sha256)
    if theirs != vocabulary.sha256:
        raise UsageError(
            f"{data}: was made with another vocabulary ({theirs[:12]}, not {vocabulary.sha256[:12]})",
            hint="give the vocabulary that the instances were made with",
        )
    stored = [name for name in model.needs if name not in view.gives]
    return Instances(data, needs=(*stored, *view.needs, "instance_id"), takes=model.takes), view


def _own_vocabulary(data: Path) -> Path:
    if not (data / "vocab").is_dir():
        raise UsageError(f"{data}: has no folder vocab", hint="make the instances again, or name their vocabulary")
    return data / "vocab"


def _padding(model: Model, vocabulary: Vocabulary, config: PretrainConfig) -> Padding:
    multiple, slots = (64, 256) if config.compile else (1, 1)
    longest = model.config.max_position_embeddings
    return Padding(vocabulary.pad, longest=longest, multiple=multiple, slots=slots)
