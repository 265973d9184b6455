"""What there is to do for one model of the grid once its data are there: train it, and score it in every way asked."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from pathlib import Path

from zhprep.core.corpus import Corpus
from zhprep.core.errors import NoMemory, Stopped, ZhprepError
from zhprep.core.executors import ATTEMPTS, Killed
from zhprep.experiment.grid import GridRun
from zhprep.experiment.materials import alone
from zhprep.experiment.status import is_done
from zhprep.run.recipe import Run, score, train


@dataclasses.dataclass(frozen=True)
class ModelWork:
    """The model of some ``cells``: ``run`` with its budget, whose data are made; the folder of the text that is
    ``held_out``, if any is, and when to stop (seconds since 1970)."""

    cells: Sequence[GridRun]
    run: Run
    held_out: Path | None
    deadline: float | None

    @property
    def name(self) -> str:
        """The name of the first of its cells."""
        return self.cells[0].name

    def do(self, corpus: Corpus) -> None:
        """Train the model, unless that is done, and score it; raises ``Stopped`` when told to stop before the end."""
        run, site = self.run, self.cells[0].site
        with alone(site.folder, run.model, run.progress(self.name)):
            limit = {} if self.deadline is None else {"time_limit": f"{left(self.deadline)}s"}
            flags = {**run.flags, "pretrain": {**run.flags["pretrain"], **limit}}
            if not is_done(site.folder, run.model) or run.output.overwrite:
                train(dataclasses.replace(run, flags=flags), corpus)
            for cell in self.cells:
                if self.deadline is not None:
                    left(self.deadline)
                same = dataclasses.replace(cell.base, model=run.model, output=run.output, progress=run.progress)
                score(same, self.held_out)


def left(deadline: float) -> int:
    """Return the whole seconds until ``deadline``; raises ``Stopped`` when it has come."""
    seconds = int(deadline - time.time())
    if seconds <= 0:
        raise Stopped("stopped as told: the time is over", hint="run the same command again to go on")
    return seconds


def error_of(result: Exception | Killed) -> ZhprepError:
    """Return what a run ended with as an error that says what to do, and comes whole from another process."""
    if isinstance(result, Killed):
        return NoMemory(
            f"{ATTEMPTS} processes died at it, one after another ({result.how})",
            hint="give it more memory, or a smaller batch_size; what killed them stands in the logs of Ray",
        )
    if isinstance(result, ZhprepError):
        return result
    return ZhprepError(f"{type(result).__name__}: {result}")
