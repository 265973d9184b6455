"""Do every stage of a recipe, from raw text to a report, resuming what is done.

    DIR/vocab/  DIR/data/  DIR/run/  DIR/report.html

The stages are those of the separate commands: the same functions with the same settings.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from zhprep.core.config import build
from zhprep.core.corpus import Corpus
from zhprep.core.progress import Progress
from zhprep.core.report import Report
from zhprep.core.shards import Output
from zhprep.instances import InstancesConfig
from zhprep.normalize import NormalizeConfig
from zhprep.recipes import Recipe
from zhprep.run.chain import ORDER, Chain
from zhprep.run.instances import VOCABULARY, MakeInstances, make_instances
from zhprep.run.vocabulary import build_vocabulary
from zhprep.segment import SegmentConfig
from zhprep.vocab import TYPES, VocabConfig


@dataclass(frozen=True)
class Run:
    """What is run: a recipe (bases and size merged in), where, on which tasks, and with which flags put over it."""

    recipe: Recipe
    folder: Path
    output: Output
    size: str
    vocabulary: Path | None = None
    tasks: tuple[Path, ...] = ()
    flags: dict[str, dict[str, Any]] = field(default_factory=dict)
    progress: Callable[[str], Progress] = Progress

    def config(self, kind: type[Any], section: str) -> Any:
        """Return the config of a stage: the recipe's section with the flags over it."""
        values = {**self.recipe.get(section, {}), **self.flags.get(section, {})}
        return build(kind, values, where=f"[{section}]")

    def output_at(self, name: str) -> Output:
        """Return where and how a stage of documents is done."""
        return replace(self.output, path=self.folder / name, progress=self.progress(name))


def run_recipe(run: Run, corpus: Corpus) -> Report:
    """Do what is not done yet and write ``report.html``; return the report of the whole."""
    vocabulary = run.vocabulary or _vocabulary(run, corpus)
    made = _instances(run, corpus, vocabulary)
    _pretrain(run)
    scores = _evaluate(run)
    page = write_page(run)
    return Report(made.account, str(page), made.content_sha256, scores)


def _chain(run: Run, corpus: Corpus, table: str) -> Chain:
    table = max(table, corpus.table, key=ORDER.index)
    lines = corpus.inputs[0].format in ("text", "jsonl")
    return Chain(
        table, corpus.table, lines, run.config(NormalizeConfig, "normalize"), run.config(SegmentConfig, "segment")
    )


def _vocabulary(run: Run, corpus: Corpus) -> Path:
    config = run.config(VocabConfig, "vocab")
    table = "words" if TYPES[config.type].by_word == "required" else "text"
    build_vocabulary(corpus, _chain(run, corpus, table), config, run.output_at("vocab"))
    return run.folder / "vocab"


def _instances(run: Run, corpus: Corpus, vocabulary: Path) -> Report:
    config = run.config(InstancesConfig, "instances")
    task = MakeInstances(_chain(run, corpus, "words"), config, vocabulary, run.recipe["name"])
    return make_instances(corpus, task, run.output_at("data"))


def _pretrain(run: Run) -> None:
    from zhprep.pretrain.config import PretrainConfig
    from zhprep.pretrain.run import pretrain

    config = run.config(PretrainConfig, "pretrain")
    data = run.folder / "data"
    pretrain(
        data, run.folder / "run", run.recipe.get("model", {}), config,
        vocabulary=data / VOCABULARY, overwrite=run.output.overwrite, progress=run.progress("pretrain"),
    )  # fmt: skip


def _evaluate(run: Run) -> dict[str, Any]:
    from zhprep.evaluate.config import EvaluateConfig
    from zhprep.evaluate.run import evaluate

    scores = evaluate(
        run.folder / "run", run.config(EvaluateConfig, "evaluate"), data=run.folder / "data", tasks=run.tasks
    ).scores
    return {"intrinsic": scores["intrinsic"], "tasks": scores.get("tasks", {})}


def write_page(run: Run) -> Path:
    """Write the report of a finished run; return its path."""
    from zhprep.compare.report import report_page

    page = run.folder / "report.html"
    page.write_text(report_page(run.folder, title=run.recipe.get("title", run.recipe["name"]), size=run.size), "utf-8")
    return page
