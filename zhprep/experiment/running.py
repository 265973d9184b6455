"""Do the runs of an experiment that are not done yet, one after another or over a Ray cluster; one that fails does not
end the others."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from zhprep.core.config import as_dict
from zhprep.core.corpus import Corpus
from zhprep.core.errors import DataError, Stopped, UsageError, ZhprepError
from zhprep.core.report import Report
from zhprep.core.seal import read_sealed, sealed
from zhprep.core.shards import remove_leftovers, write_json
from zhprep.experiment.budget import TrainingBudget, budget_for
from zhprep.experiment.grid import GridRun, Site, cells_of
from zhprep.experiment.materials import SharedMaterials, alone
from zhprep.experiment.plan import BudgetConfig, ExperimentPlan
from zhprep.experiment.spread import on_ray
from zhprep.experiment.status import EXPERIMENT, FAILED, SHAPE
from zhprep.experiment.summary import notes_of, summary
from zhprep.experiment.work import ModelWork, error_of

_ERRORS = {kind.exit_code: kind for kind in (UsageError, DataError)}


@dataclasses.dataclass(frozen=True)
class Experiment:
    """A plan, where it is run, with which sizes, seeds and (if they are not the plan's) steps; which of its runs are
    this task's of an array, and when it has to stop (seconds since 1970)."""

    plan: ExperimentPlan
    site: Site
    sizes: Sequence[str]
    seeds: Sequence[int]
    steps: int | None = None
    index: int = 0
    number: int = 1
    deadline: float | None = None
    block_size: int | None = None

    @cached_property
    def cells(self) -> list[GridRun]:
        """All runs of the grid."""
        return cells_of(self.plan, self.site, self.sizes, self.seeds)

    @cached_property
    def groups(self) -> list[list[GridRun]]:
        """The runs that have one model, which differ in what is done with it after the pretraining."""
        found: dict[str, list[GridRun]] = {}
        for cell in self.cells:
            found.setdefault(cell.model_key, []).append(cell)
        return list(found.values())

    def budget(self, size: str) -> BudgetConfig:
        """Return how long the models of a size are trained."""
        budget = self.plan.budget(size)
        return budget if self.steps is None else dataclasses.replace(budget, steps=self.steps)

    def check(self) -> None:
        """Raise ``UsageError`` or ``DataError`` for what is wrong with plan, recipes or tasks."""
        for cell in self.cells:
            if cell.seed == self.seeds[0]:
                self.budget(cell.size)
                dataclasses.replace(cell.base, vocabulary=None).check()

    def describe(self, corpus: Corpus) -> dict[str, Any]:
        """Return what ``experiment.json`` says: what must stay as it is, and the runs."""
        from zhprep.evaluate.tasks import read_task

        inputs = [{name: one[name] for name in ("name", "sha256")} for one in corpus.as_dict()["inputs"]]
        tasks = {task.name: task.sha256 for task in map(read_task, self.site.tasks)}
        runs = [
            {"name": cell.name, "task": number, "variant": cell.variant, "size": cell.size, "seed": cell.seed,
             "folder": str(group[0].base.model), "data": str(cell.base.folder.relative_to(self.site.folder))}
            for number, group in enumerate(self.groups) for cell in group
        ]  # fmt: skip
        budgets = {size: as_dict(self.budget(size)) for size in self.sizes}
        return {"plan": self.plan.title, "inputs": inputs, "tasks": tasks, "budgets": budgets, "runs": runs}


def run_experiment(experiment: Experiment, corpus: Corpus) -> Report:
    """Do what is missing of the runs that are this task's; return the report of all that are done.

    Raises ``Stopped`` when told to stop before the end, and an error of the first kind met when a run failed, after the
    others.
    """
    site = experiment.site
    _begin(experiment, corpus)
    materials, failures = SharedMaterials(corpus, experiment.block_size), dict[str, ZhprepError]()
    mine, works = experiment.groups[experiment.index :: experiment.number], list[ModelWork]()
    for group in mine:  # all data first: what is wrong with them is told before hours of training
        with _kept(group[0], failures):
            works.append(_prepared(experiment, group, materials))
    if site.output.executor == "ray":
        for work, error in on_ray(works, corpus, site.output.workers, site.progress("experiment")):
            with _kept(work.cells[0], failures):
                if error is not None:
                    raise error
    else:
        for number, work in enumerate(works, 1):
            site.progress("experiment").tell("stage", f"{work.name}, {number} of {len(works)}")
            with _kept(work.cells[0], failures):
                work.do(corpus)
    report = Report(output=str(site.folder))
    report.scores = summary(experiment.cells, experiment.groups)
    report.notes = notes_of(experiment.cells)
    if failures:
        raise _failed(failures, len(mine))
    if report.scores["runs_done"] == len(experiment.cells):
        report.scores["report"] = str(_compare(experiment))
    return report


def _compare(experiment: Experiment) -> Path:
    """Write ``report.html``, ``results.json`` and ``results.csv`` of all runs; return the page.

    Variants that differ in the fine-tuning are compared as they are: that is what their plan asks.
    """
    from zhprep.compare.comparison import compare
    from zhprep.compare.runs import Entrant
    from zhprep.compare.write import write_comparison
    from zhprep.evaluate.config import EvaluateConfig
    from zhprep.evaluate.run import setting_of

    models = {cell.name: group[0].base.model_folder for group in experiment.groups for cell in group}
    entrants, settings = [], set()
    for cell in experiment.cells:
        config = cell.base.config(EvaluateConfig, "evaluate")
        entrants.append(Entrant(models[cell.name], f"{cell.variant} {cell.size}", setting_of(config)))
        settings.add(config)
    page = experiment.site.folder / "report.html"
    write_comparison(compare(entrants, allow=["tasks"] if len(settings) > 1 else []), page)
    return page


def _begin(experiment: Experiment, corpus: Corpus) -> None:
    """Write what is run; raises ``UsageError`` in the folder of an experiment on another corpus, budget or tasks."""
    file, now = experiment.site.folder / EXPERIMENT, experiment.describe(corpus)
    file.parent.mkdir(parents=True, exist_ok=True)
    with alone(experiment.site.folder, "experiment", experiment.site.progress("experiment")):
        remove_leftovers(file.parent)
        if file.exists() and not experiment.site.output.overwrite:
            before = read_sealed(file, SHAPE)
            budgets = {size: before["budgets"].get(size, now["budgets"][size]) for size in now["budgets"]}
            for name, was in {**before, "budgets": budgets}.items():
                if name in ("inputs", "tasks", "budgets") and was != now[name]:
                    raise UsageError(
                        f"{file.parent}: was begun with other {name}: {was!r}, now {now[name]!r}",
                        hint="name another folder, or begin it again with --overwrite",
                    )
            now["budgets"] = {**before["budgets"], **now["budgets"]}
        write_json(file, sealed(now), replace=True)


@contextlib.contextmanager
def _kept(cell: GridRun, failures: dict[str, ZhprepError]) -> Iterator[None]:
    """Inside the ``with`` block something is done for a run; its error is kept, told and written down."""
    file = cell.site.folder / FAILED / f"{cell.name}.json"
    try:
        yield
        file.unlink(missing_ok=True)
    except Stopped:
        raise
    except Exception as raised:
        failures[cell.name] = error = error_of(raised)
        cell.site.progress("experiment").tell("note", f"{cell.name} failed: {error}")
        file.parent.mkdir(exist_ok=True)
        write_json(file, {"run": cell.name, "error": str(error), "hint": error.hint}, replace=True)


def _prepared(experiment: Experiment, group: list[GridRun], materials: SharedMaterials) -> ModelWork:
    """Make the data of the model of ``group``; return what is left to do."""
    materials.of(group[0])
    run = _budget(experiment, group[0], materials).flags(group[0].base)
    return ModelWork(group, run, materials.held_out(experiment.cells[0]), experiment.deadline)


def _budget(experiment: Experiment, cell: GridRun, materials: SharedMaterials) -> TrainingBudget:
    """Return how long the model of ``cell`` is trained."""
    plan = experiment.budget(cell.size)
    reference = next(one for one in experiment.cells if one.size == cell.size)
    first = budget_for(reference.base, materials.of(reference), plan, None)
    if cell.variant == reference.variant:
        return first
    return budget_for(cell.base, materials.of(cell), plan, first)


def _failed(failures: dict[str, ZhprepError], n_runs: int) -> ZhprepError:
    """Return the error that says which runs failed, and how the first did; it is of the kind of that one."""
    name, first = next(iter(failures.items()))
    others = f" (also {', '.join(list(failures)[1:])})" if len(failures) > 1 else ""
    message = f"{len(failures)} of {n_runs} runs failed: {name}: {first}{others}"
    hint = "; ".join(filter(None, (first.hint, "the others are kept: mend it and run the same again")))
    return _ERRORS.get(first.exit_code, ZhprepError)(message, hint=hint)
