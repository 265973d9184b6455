"""Models of the grid as tasks of a Ray cluster: each is trained and scored in a process of its own.

The processes are told to stop by a file in the folder of the experiment, which all machines see.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import signal
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from zhprep.core.corpus import Corpus
from zhprep.core.errors import DataError, Stopped, ZhprepError
from zhprep.core.executors.ray import spread
from zhprep.core.progress import NO_PROGRESS, Bar, Progress, duration
from zhprep.core.shards import PLAN, check_versions, temporary_name, versions_here
from zhprep.core.stalls import Silence, Ticking
from zhprep.core.stopping import SIGNALS, Stopping, stopped_by
from zhprep.experiment.materials import who_is_at
from zhprep.experiment.status import is_done
from zhprep.experiment.work import ModelWork, error_of
from zhprep.pretrain.config import PretrainConfig
from zhprep.run.folders import read_plan
from zhprep.run.watching import run_status

_PATIENCE = 3
"""How many times the longest time without news so far has to pass before there is a stall."""

_SHOWN = 3


def on_ray(
    works: Sequence[ModelWork], corpus: Corpus, workers: int, progress: Progress
) -> Iterator[tuple[ModelWork, ZhprepError | None]]:
    """Do ``works``, at most ``workers`` at once; yield each as it ends, with the error that it ended with.

    Each has the CPUs that its settings state as threads, and a GPU where the cluster has any. One whose process is
    killed goes on from its checkpoint elsewhere, three times in all. When one is told to stop, or this process is, all
    are, and ``Stopped`` is raised when all that have begun have saved where they are.
    """
    if not works:
        return
    stop = temporary_name(works[0].cells[0].site.folder / "stop")
    cpus = max(1, *(work.run.config(PretrainConfig, "pretrain").threads for work in works))
    with Stopping() as stopping, progress.of(sum(_steps(work) - _step(work) for work in works), "steps") as bar:
        watch, word = _Watch(works, cpus, bar, progress), _Word(stop, stopping)

        def look() -> None:
            word.pass_on()
            watch.look()

        away = _Away(corpus, stop, versions_here())
        results = spread(away, list(map(_elsewhere, works)), workers, look, word.is_given, cpus=cpus)
        try:
            for work, result in results:
                error = None if result is None else error_of(result)
                watch.done(work, error)
                if isinstance(error, Stopped):
                    word.heard = error
                    word.pass_on()
                else:
                    yield work, error
        finally:
            results.close()
            stop.unlink(missing_ok=True)
    if word.heard is not None:
        raise word.heard
    if n_left := watch.n_left():  # these had not begun
        what = f"stopped with {n_left} of {len(works)} runs to do"
        raise Stopped(what, hint="run the same command again to go on")


@dataclasses.dataclass
class _Word:
    """The word to stop: given by ``stopping``, or by a run that has ``heard`` it elsewhere; passed on by a ``file``."""

    file: Path
    stopping: Stopping
    heard: Stopped | None = None

    def is_given(self) -> bool:
        return self.stopping.told or self.heard is not None

    def pass_on(self) -> None:
        if self.is_given():
            self.file.touch()


@dataclasses.dataclass(frozen=True)
class _Away:
    """Does a model in another process, until it is told to stop; says with what error it ended."""

    corpus: Corpus
    stop: Path
    versions: dict[str, str]

    def __call__(self, work: ModelWork) -> ZhprepError | None:
        check_versions(self.versions)
        try:
            with stopped_by(*SIGNALS), Ticking(_OnceThere(self.stop)):
                if self.stop.exists():
                    raise Stopped("stopped as told before it began", hint="run the same command again to go on")
                work.do(self.corpus)
        except Exception as error:  # is told where all of them are known
            return error_of(error)
        return None


class _OnceThere:
    """Tells this process once to stop, when a file is there: loops go on to a safe place, all else ends."""

    def __init__(self, file: Path) -> None:
        self._file, self._told = file, False

    def __call__(self) -> None:
        if not self._told and self._file.exists():
            self._told = True
            os.kill(os.getpid(), signal.SIGTERM)


class _Watch:
    """Sees how far the models are, by the folders of their runs; passes on the word to stop to those that do them."""

    def __init__(self, works: Sequence[ModelWork], cpus: int, bar: Bar, progress: Progress) -> None:
        self._left = {work.name: work for work in works}
        self._cpus, self._before = cpus, {work.name: self._who(work.name) for work in works}
        self._first = {work.name: _step(work) for work in works}
        self._bar, self._progress = bar, progress
        self._silence, self._state, self._since, self._longest = Silence(), (0, 0), time.monotonic(), 0.0

    def n_left(self) -> int:
        """Return how many have not ended."""
        return len(self._left)

    def done(self, work: ModelWork, error: ZhprepError | None) -> None:
        """Count a model that is done, or as far as it came, and tell of it."""
        del self._left[work.name]
        self._bar.advance((_step(work) if error else _steps(work)) - self._first[work.name])
        if error is None:
            self._progress.tell("note", f"{work.name} is done; {len(self._left)} of {len(self._first)} are not")

    def look(self) -> None:
        """See how far they are, and tell when that has not changed for long while any is trained."""
        if self._progress.style == "quiet":
            return
        steps = {name: _step(work) for name, work in self._left.items()}
        begun = sum(step - self._first[name] for name, step in steps.items())
        self._bar.tick(begun)
        if (state := (len(steps), begun)) != self._state:
            now = time.monotonic()
            self._longest = max(self._longest, now - self._since)
            self._state, self._since = state, now
        silent = self._silence.of(state, least=_PATIENCE * self._longest)
        trained = [name for name, step in steps.items() if 0 < step < _steps(self._left[name])]
        if silent and trained:  # what is scored has no steps to count
            where = "; ".join(f"{name} at step {steps[name]} ({self._who(name)})" for name in trained[:_SHOWN])
            self._progress.tell(
                "stall", f"no step for {duration(silent)}: {where}", seconds=round(silent), done=sum(steps.values()),
                under_way=[],
            )  # fmt: skip
        elif silent and all(self._who(name) == self._before[name] for name in self._left):
            room = f"{self._cpus} free CPU{'s' if self._cpus > 1 else ''}, and a free GPU where the cluster has any"
            waiting = f"none of the {len(self._left)} that are left has begun: each waits for a machine with {room}"
            self._progress.tell(
                "stall", f"no run for {duration(silent)}: {waiting}", seconds=round(silent), done=sum(steps.values()),
                under_way=[],
            )  # fmt: skip

    def _who(self, name: str) -> str:
        work = self._left[name]
        return who_is_at(work.cells[0].site.folder, work.run.model)


def _elsewhere(work: ModelWork) -> ModelWork:
    """Return ``work`` as it is done in another process: alone and in silence."""
    output = dataclasses.replace(work.run.output, executor="inline", workers=1, progress=NO_PROGRESS)
    return dataclasses.replace(work, run=dataclasses.replace(work.run, output=output, progress=_in_silence))


def _in_silence(_label: str) -> Progress:
    return NO_PROGRESS


def _steps(work: ModelWork) -> int:
    """Return how many steps a model is trained."""
    return int(work.run.config(PretrainConfig, "pretrain").steps)


def _step(work: ModelWork) -> int:
    """Return at which step a model is, as far as its checkpoints and its log say."""
    run, folder = work.run, work.run.model_folder
    with contextlib.suppress(OSError, DataError):  # is being written, or begun anew
        if (folder / PLAN).exists():
            return int(run_status(folder, read_plan(folder), is_done(run.models or run.folder, run.model))["step"])
    return 0
