"""The phases of a run: so many steps on instances of one kind, then so many on others (BERT: 128 tokens, then 512).

A recipe says them in ``[[pretrain.phases]]``. Steps are counted through the whole run, and its learning rate goes over
all of it unless a phase states one of its own.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from zhprep.core import config as settings
from zhprep.core.config import renamed, setting
from zhprep.core.errors import UsageError
from zhprep.engine.config import SCHEDULE_NAMES, OptimisationConfig
from zhprep.engine.schedules import learning_rate
from zhprep.pretrain.config import PretrainConfig


@dataclasses.dataclass(frozen=True, kw_only=True)
class PhaseConfig:
    """What a phase states; what it does not is as in the run."""

    steps: int = setting(1, "steps of the phase; those of all phases are scaled to the steps of the run", minimum=1)
    batch_size: int | None = setting(None, "instances per step", minimum=1)
    learning_rate: float | None = setting(None, "highest learning rate of a schedule of its own", minimum=0)
    warmup: float | None = setting(None, "warm-up of a schedule of its own, as in the run", minimum=0)
    schedule: str | None = setting(None, "a schedule of its own", choices=SCHEDULE_NAMES)
    end_rate: float | None = setting(None, "where a schedule of its own ends, as in the run", minimum=0)
    instances: Mapping[str, Any] | None = setting(None, "settings of its instances, over [instances]")
    model: Mapping[str, Any] | None = setting(None, "settings of the model that change no weights, over [model]")


@dataclasses.dataclass(frozen=True)
class PlannedPhase:
    """A phase in its place: steps ``begin`` to ``end - 1`` of the run, with a schedule of its own if it states one."""

    config: PhaseConfig
    begin: int
    end: int
    batch_size: int
    own: OptimisationConfig | None = None

    @property
    def n_steps(self) -> int:
        """How many steps it has."""
        return self.end - self.begin


def configs_of(config: PretrainConfig) -> list[PhaseConfig]:
    """Return what the phases of a run state; a run without any is one phase that states nothing."""
    if not config.phases:
        return [PhaseConfig(steps=config.steps)]
    return [settings.build(PhaseConfig, values, where="[[pretrain.phases]]") for values in config.phases]


def planned(config: PretrainConfig) -> list[PlannedPhase]:
    """Return the phases of a run, their steps scaled to ``config.steps``.

    Raises ``UsageError`` for a setting that phases have not, and when a phase would have no step.
    """
    stated = configs_of(config)
    done = list(itertools.accumulate(phase.steps for phase in stated))
    borders = [0, *(round(config.steps * steps / done[-1]) for steps in done)]
    if any(end <= begin for begin, end in itertools.pairwise(borders)):
        raise UsageError(
            f"{config.steps} steps are too few for {len(stated)} phases", hint="give more --steps, so that each has one"
        )
    places = zip(stated, itertools.pairwise(borders), strict=True)
    return [_planned(phase, begin, end, config) for phase, (begin, end) in places]


def _planned(phase: PhaseConfig, begin: int, end: int, config: PretrainConfig) -> PlannedPhase:
    names = ("learning_rate", "warmup", "schedule", "end_rate")
    own = {name: value for name in names if (value := getattr(phase, name)) is not None}
    schedule = OptimisationConfig.of(config, **own, steps=end - begin) if own else None
    return PlannedPhase(phase, begin, end, phase.batch_size or config.batch_size, schedule)


@dataclasses.dataclass(frozen=True)
class PhasedRate:
    """The learning rate of each step of a run: that of the run, or of the phase that has its own."""

    config: OptimisationConfig
    phases: tuple[PlannedPhase, ...]

    def __call__(self, step: int) -> float:
        """Return the learning rate of ``step`` (from 0)."""
        phase = next(phase for phase in reversed(self.phases) if step >= phase.begin)
        return learning_rate(self.config, step) if phase.own is None else learning_rate(phase.own, step - phase.begin)


def folders_of(data: Sequence[Path], phases: Sequence[PlannedPhase]) -> list[Path]:
    """Return the folder of instances of each phase: one for each, or one for all.

    Raises ``UsageError`` when there are more or fewer.
    """
    if len(data) not in (1, len(phases)):
        raise UsageError(
            f"{len(data)} folders of instances for {len(phases)} phases",
            hint="name one folder for each [[pretrain.phases]] of the recipe, in their order, or one for all",
        )
    return list(data) if len(data) == len(phases) else [data[0]] * len(phases)


def taken_before(phases: Sequence[PlannedPhase], contents: Sequence[str]) -> list[int]:
    """Return how many instances earlier phases take of the data of each, which are the same where ``contents`` are: the
    share that is held out is that of the run, and so the rows are too."""
    taken: Counter[str] = Counter()
    found = []
    for phase, content in zip(phases, contents, strict=True):
        found.append(taken[content])
        taken[content] += phase.n_steps * phase.batch_size
    return found


def check_made_for(phase: PlannedPhase, made: dict[str, Any], data: Path) -> None:
    """Raise ``UsageError`` when the instances in ``data`` were ``made`` with other settings than ``phase`` states."""
    made = renamed(made)
    for name, value in renamed(phase.config.instances or {}).items():
        if made.get(name) != value:
            flag = f"--{name.replace('_', '-')} {value}"
            raise UsageError(
                f"{data}: was made with {name} {made.get(name)!r}; the phase from step {phase.begin} has {value!r}",
                hint=f"make instances with {flag} for it, and name the folders of all phases in their order",
            )
