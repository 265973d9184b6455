"""What a run is made of, put together once and checked before the first step."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from zhprep.collate import Batches, Instances, Padding, View, check_labels, coarse_pad, view_of
from zhprep.collate.readings import with_readings
from zhprep.collate.rows import Integers
from zhprep.core import config as settings
from zhprep.core.errors import UsageError
from zhprep.engine.distribution import World
from zhprep.engine.feed import Feed, Phase, check_shares
from zhprep.engine.loop import Trainer
from zhprep.instances import instances_config
from zhprep.models import Assets, Model, ModelConfig, model_config
from zhprep.models.checkpoints.files import check_format
from zhprep.models.model import seeded_model, shapes_alone
from zhprep.models.recipe import fitted
from zhprep.pretrain.config import OF_EACH, WHEN, PretrainConfig
from zhprep.pretrain.folder import TAKEN, difference
from zhprep.pretrain.frequencies import begin_with_frequencies
from zhprep.pretrain.initial import Initial, begin_with
from zhprep.pretrain.phases import PhasedRate, PlannedPhase, check_made_for, folders_of, planned, taken_before
from zhprep.pretrain.split import split
from zhprep.vocab import Vocabulary, load

COARSE = "coarse_input_ids"
"""The column that data of two granularities have."""


@dataclasses.dataclass(frozen=True)
class Stage:
    """What a phase of a run is made of: its batches, the rows of them that are held out, the model it trains, and the
    rows that it trains on."""

    batches: Batches
    held_out: Integers
    model: ModelConfig
    rows: npt.NDArray[np.integer]


@dataclasses.dataclass(frozen=True)
class Job:
    """A run, ready to begin, with a stage for each phase; ``initial`` says what of ``--initial`` it began with."""

    run: Path
    config: PretrainConfig
    world: World
    trainer: Trainer
    feed: Feed
    stages: list[Stage]
    vocabulary: Vocabulary
    initial: Initial | None
    plan: dict[str, Any]
    sources: dict[str, Any]

    def stage_at(self, number: int) -> Stage:
        """Return the stage of step ``number``."""
        return self.stages[self.feed.index_at(number)]

    def rate(self, number: int) -> float | None:
        """Return the rate of the masks of step ``number`` if it changes from step to step."""
        return self.stage_at(number).batches.view.rate(number / self.config.steps)

    @property
    def model(self) -> Model:
        """The model that is trained."""
        return self.trainer.model


def set_up(
    data: Sequence[Path],
    run: Path,
    recipe: Mapping[str, Any],
    config: PretrainConfig,
    vocabulary: Path | None,
    world: World,
) -> Job:
    """Return the job of training the model of ``recipe`` on ``data``, a folder for each phase or one for all.

    Raises ``UsageError`` or ``DataError`` when parts do not fit: an unknown part or size, a column that the objectives
    need and the data lack, another vocabulary than the data were made with, other data or settings than the first
    process has; ``ZhprepError`` when another process has such.
    """
    phases = planned(config)
    folders = folders_of(data, phases)
    vocabulary = vocabulary or _own_vocabulary(folders[-1])
    words = load(vocabulary)
    assets = Assets(vocabulary, folders[-1])
    described = fitted(model_config(recipe, config.size, words.size), assets)
    model = seeded_model(described, config.seed)
    model.fill(assets)
    check_format(model, words.pad)
    first = Path(config.initial)
    others = {name: load(folders[-1] / name) for name in other_vocabularies(model)}
    initial = begin_with(model, first, words, config.initial_positions, others) if config.initial else None
    stages = [_stage(phase, folder, model, words, config) for phase, folder in zip(phases, folders, strict=True)]
    if config.unigram_bias and initial is None:
        begin_with_frequencies(model, stages[0].batches.instances, stages[0].rows, words)
    feed = _feed(phases, stages, config, world)
    check_shares(feed, model.group, alike=config.fsdp)
    plan = _plan(config, described, stages, words, [phase.taken for phase in feed.phases])
    _check_alike(plan, config, world)  # before the weights are put over the processes, which goes by their shapes
    trainer = Trainer(model, config, world, PhasedRate(config, tuple(phases)), config.way)
    sources = _sources(folders, vocabulary, stages[-1])
    return Job(run, config, world, trainer, feed, stages, words, initial, plan, sources)


def _feed(phases: Sequence[PlannedPhase], stages: Sequence[Stage], config: PretrainConfig, world: World) -> Feed:
    """Return the batches of all phases; those on the same instances go on in them."""
    taken = taken_before(phases, [stage.batches.instances.content_sha256 for stage in stages])
    made = (
        Phase(stage.batches, stage.rows, phase.batch_size, phase.n_steps, before)
        for phase, stage, before in zip(phases, stages, taken, strict=True)
    )
    return Feed(tuple(made), config.seed, world, config.accumulate)


def _sources(folders: Sequence[Path], vocabulary: Path, last: Stage) -> dict[str, Any]:
    """Return where data and vocabulary are and what found the words of the data, as the report says it."""
    phases = {"phases": [str(folder.resolve()) for folder in folders]} if len(folders) > 1 else {}
    manifest = last.batches.instances.manifest
    segment = manifest["config"].get("segment", manifest.get("segment"))
    said = {"segmenter": manifest["segmenter"]} if "segmenter" in manifest else {}
    words = {} if segment is None else {"segment": segment, **said}
    return {"data": str(folders[-1].resolve()), "vocabulary": str(vocabulary.resolve()), **phases, **words}


def _stage(phase: PlannedPhase, data: Path, model: Model, vocabulary: Vocabulary, config: PretrainConfig) -> Stage:
    """Return what ``phase`` is made of; raises ``UsageError`` where its settings of the model would change weights."""
    instances, view = open_instances(data, model, vocabulary)
    check_made_for(phase, instances.manifest["config"]["instances"], data)
    rows, held_out = split(instances, config.validation)
    batches = Batches(instances, view, model.columns, _padding(model, vocabulary, config, data), config.seed)
    changed = settings.build(
        ModelConfig, {**settings.as_dict(model.config), **(phase.config.model or {})}, where="[[pretrain.phases]] model"
    )
    if changed != model.config:
        shapes = [
            {name: tensor.shape for name, tensor in one.state_dict().items()}
            for one in (model, seeded_model(changed, config.seed))
        ]
        if shapes[0] != shapes[1]:
            raise UsageError(
                f"the phase from step {phase.begin} changes {', '.join(phase.config.model or {})}, and with it weights",
                hint="state in [model] what is as large in all phases",
            )
    return Stage(batches, held_out, changed, rows)


def _plan(
    config: PretrainConfig, model: ModelConfig, stages: list[Stage], vocabulary: Vocabulary, taken: list[int]
) -> dict[str, Any]:
    """Return what a run is made of; with several phases, data and masks are those of each, and where they share data
    how many instances were taken before: a run that began each at the first row is none to go on with."""
    data = [stage.batches.instances.content_sha256 for stage in stages]
    masks = [stage.batches.instances.manifest["config"]["instances"] for stage in stages]
    return {
        "config": {name: value for name, value in settings.as_dict(config).items() if name not in WHEN},
        "model": settings.as_dict(model),
        "data": data[0] if len(stages) == 1 else data,
        "masks": masks[0] if len(stages) == 1 else masks,
        "vocabulary": vocabulary.sha256,
        **({TAKEN: taken} if any(taken) else {}),
    }


def _check_alike(plan: dict[str, Any], config: PretrainConfig, world: World) -> None:
    """Raise ``UsageError`` when this process has other data or settings than the first, ``ZhprepError`` when another
    has."""
    of_all = {name: value for name, value in settings.as_dict(config).items() if name not in OF_EACH}
    asked, error = {**plan, "config": of_all}, None
    if found := difference(world.of_first(asked), asked):
        what, first, here = found
        error = UsageError(
            f"process {world.rank} of {world.size}: was started with {what}: {here!r}, the first process: {first!r}",
            hint="give all the same command and, where each machine has a copy of DATA, copies of the same",
        )
    world.agree(error)


def open_instances(data: Path, model: Model, vocabulary: Vocabulary) -> tuple[Instances, View]:
    """Return the columns of ``data`` that ``model`` reads, and what it gets to see of them.

    Raises ``DataError`` when one is missing, ``UsageError`` when the data were made with another vocabulary or for
    other objectives.
    """
    whole = Instances(data)
    config, asked = instances_config(data, whole.manifest), any(model.labels.values())
    view = view_of(data, whole.manifest, whole.columns, vocabulary)
    check_labels(model.labels, view.gives, config, str(data))
    view = with_readings(view, model.needs, config, vocabulary, asked=asked)
    check_granularities(whole.columns, model.columns, data)
    model.body.check_made(config, str(data))
    theirs = whole.manifest.get("vocabulary", vocabulary.sha256)
    if theirs != vocabulary.sha256:
        raise UsageError(
            f"{data}: was made with another vocabulary ({theirs[:12]}, not {vocabulary.sha256[:12]})",
            hint="give the vocabulary that the instances were made with",
        )
    stored = [name for name in model.needs if name not in view.gives]
    return Instances(data, needs=(*stored, *view.needs, "instance_id"), takes=model.takes), view


def view_for(data: Path, section: Mapping[str, Any]) -> View:
    """Return what the model of a recipe's ``[model]`` section gets to see of ``data``; no weights are made.

    Raises ``DataError`` or ``UsageError`` where it cannot be trained on them.
    """
    vocabulary = load(_own_vocabulary(data))
    described = fitted(model_config(section, "base", vocabulary.size), Assets(data / "vocab", data))
    with shapes_alone():
        model = Model(described)
    return open_instances(data, model, vocabulary)[1]


def other_vocabularies(model: Model) -> set[str]:
    """Return the folders, beside the vocabulary of the main stream, of those of streams of other tokens."""
    return {spec.config.vocabulary for spec in model.body.streams.values()} - {""}


def check_granularities(there: Sequence[str], read: Sequence[str], data: Path) -> None:
    """Raise ``UsageError`` when ``data`` have the columns ``there`` of two granularities and the model reads one: masks
    were drawn over the coarse tokens, which it would never see."""
    if COARSE in there and COARSE not in read:
        raise UsageError(
            f"{data}: has fine and coarse tokens, and the model reads fine ones alone",
            hint='make instances without --coarse-vocab, or give [model] body = "two-granularities" '
            "(zhprep recipes lists who has it)",
        )


def _own_vocabulary(data: Path) -> Path:
    if not (data / "vocab").is_dir():
        raise UsageError(f"{data}: has no folder vocab", hint="make the instances again, or name their vocabulary")
    return data / "vocab"


def _padding(model: Model, vocabulary: Vocabulary, config: PretrainConfig, data: Path) -> Padding:
    multiple, slots = (64, 256) if config.compile else (1, 1)
    longest = model.config.max_position_embeddings
    return Padding(vocabulary.pad, coarse_pad(data), longest=longest, multiple=multiple, slots=slots)
