"""The runs of an experiment, what each of them needs, and whether their comparison is fair."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from zhprep.core.config import as_dict
from zhprep.core.errors import UsageError
from zhprep.core.progress import Progress
from zhprep.core.seal import json_bytes
from zhprep.core.shards import Output
from zhprep.experiment.plan import ExperimentPlan
from zhprep.instances import InstancesConfig
from zhprep.normalize import NormalizeConfig
from zhprep.run.recipe import DATA, Run
from zhprep.segment import SegmentConfig

RUNS = "runs"


@dataclasses.dataclass(frozen=True)
class Site:
    """Where and how the runs are done: the folder of the experiment, the tasks, and what is told."""

    output: Output
    tasks: tuple[Path, ...]
    progress: Callable[[str], Progress]

    @property
    def folder(self) -> Path:
        """The folder of the experiment."""
        return self.output.path


@dataclasses.dataclass(frozen=True)
class GridRun:
    """A run of the grid: a variant at a size with a seed."""

    plan: ExperimentPlan
    site: Site
    variant: str
    size: str
    seed: int

    @property
    def name(self) -> str:
        """What it is called."""
        return f"{self.variant}-{self.size}-seed{self.seed}"

    @cached_property
    def base(self) -> Run:
        """The run without its budget: recipe, settings, and where its data and its model lie."""
        return dataclasses.replace(
            self._stated, folder=self.site.folder / "data" / _data_key(self._stated), models=self.site.folder,
            model=f"{RUNS}/{self.name}", vocabulary=self.site.folder / self.vocabulary,
        )  # fmt: skip

    @property
    def words(self) -> str:
        """The folder of the words of its corpus, in that of the experiment."""
        return f"words/{_words_key(self._stated)}"

    @property
    def vocabulary(self) -> str:
        """The folder of its vocabulary, in that of the experiment."""
        return f"vocab/{_vocabulary_key(self._stated)}"

    @cached_property
    def _stated(self) -> Run:
        """What plan and recipe state, as if it were a run in the folder of the experiment."""
        recipe, site = self.plan.recipe(self.variant, self.size), self.site
        flags: dict[str, dict[str, Any]] = {"pretrain": {"size": self.size, "seed": self.seed}}
        return Run(recipe, site.folder, site.output, self.size, None, site.tasks, flags, site.progress)

    @cached_property
    def model_key(self) -> str:
        """The hash of all that its weights depend on, but for the budget: cells that differ in what is done with the
        model share it."""
        run = self.base
        values = [run.folder.name, run.recipe.get("model"), run.config_values("pretrain")]
        return _hash(values)


def cells_of(plan: ExperimentPlan, site: Site, sizes: Sequence[str], seeds: Sequence[int]) -> list[GridRun]:
    """Return the runs of the grid: all variants with the first seed at the first size, then with the next.

    Raises ``UsageError`` for variants whose comparison would not be fair, or which have no model.
    """
    grid = [GridRun(plan, site, variant, size, seed) for size in sizes for seed in seeds for variant in plan.variants]
    for size in sizes:
        _check_fair([cell for cell in grid if cell.size == size and cell.seed == seeds[0]])
    return grid


def _check_fair(cells: Sequence[GridRun]) -> None:
    """Raise ``UsageError`` unless all of ``cells`` hold out the same documents, which are apart from the others, and
    begin with the same model."""
    first = _what_is_equal(cells[0].base)
    for cell in cells:
        if "model" not in cell.base.recipe:
            raise UsageError(f"variant {cell.variant!r} has no [model] to train", hint="name another base")
        same = _what_is_equal(cell.base)
        if same["split"] != "apart":
            raise UsageError(
                f"variant {cell.variant!r} holds out instances, not documents (split is {same['split']!r})",
                hint='write split = "apart" in [common.instances], so that all are scored on the same text',
            )
        if differing := next((name for name in same if same[name] != first[name]), None):
            raise UsageError(
                f"variants {cells[0].variant!r} and {cell.variant!r} cannot be compared fairly: {differing} is "
                f"{first[differing]!r} and {same[differing]!r}",
                hint="state it in [common], for all",
            )


def _what_is_equal(run: Run) -> dict[str, Any]:
    """Return what all variants must have in common: what says which documents are held out, and the first weights."""
    instances: InstancesConfig = run.instances
    held_out = {name: getattr(instances, name) for name in ("split", "validation_fraction")}
    begin = {"[initial]": run.recipe.get("initial"), "initial": run.config_values("pretrain").get("initial")}
    return {**{f"normalize {name}": value for name, value in _text(run).items()}, **held_out, **begin}


def _text(run: Run) -> dict[str, Any]:
    return as_dict(run.config(NormalizeConfig, "normalize"))


def _words_key(run: Run) -> str:
    return _hash([_text(run), as_dict(run.config(SegmentConfig, "segment"))])


def _vocabulary_key(run: Run) -> str:
    return _hash([_words_key(run), run.config_values("vocab")])


def _data_key(run: Run) -> str:
    """Return the hash of all that the instances of ``run`` depend on, and those of the model that it goes on from."""
    sections = {name: run.config_values(name) for name in (*DATA, "instances")}
    phases = run.config_values("pretrain").get("phases")
    goes_on = [run.recipe["initial"], run.size] if "initial" in run.recipe else None
    return _hash([run.recipe["name"], sections, phases, goes_on])


def _hash(values: Any) -> str:
    return hashlib.sha256(json_bytes(values)).hexdigest()[:12]
