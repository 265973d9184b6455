"""Do every stage of a recipe, from raw text to a report, resuming what is done.

    DIR/vocab/  DIR/data/  DIR/run/  DIR/report.html      and where documents are held out (split = "apart")
    DIR/held-out/             their text; and where masks need them and no file is named
    DIR/similar-words.tsv     and where a recipe has a second, coarse vocabulary
    DIR/coarse-vocab/         and where a recipe has phases with instances of their own
    DIR/data-1/ …             those of the phases before the last; where it goes on from another recipe's model
    DIR/initial/              that model, and where its text, tokens or instances are others than those of the recipe
    DIR/initial-vocab/ DIR/initial-data/

A recipe without a ``[model]`` describes data only, and ends with them. ``DIR/.run.json`` says with which folder a run
ends, for those who watch it. The stages are those of the separate commands: the same functions with the same settings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from zhprep.core.config import build, setting
from zhprep.core.corpus import Corpus
from zhprep.core.errors import UsageError
from zhprep.core.progress import Progress, showing
from zhprep.core.registry import require_training
from zhprep.core.report import Account, Report
from zhprep.core.shards import Output, committed, remove_leftovers
from zhprep.glyphs import GlyphsConfig
from zhprep.instances import COARSE_VOCABULARY, HELD_OUT, SIMILAR_WORDS, InstancesConfig
from zhprep.instances.similar import SimilarConfig
from zhprep.normalize import NormalizeConfig
from zhprep.pinyin import PinyinConfig
from zhprep.pretrain.config import PretrainConfig
from zhprep.pretrain.phases import configs_of, planned
from zhprep.recipes import Recipe, load_recipe
from zhprep.run.chain import Chain
from zhprep.run.check import check_initial, check_instances, check_model, check_pinyin, check_segmenter
from zhprep.run.folders import note_last
from zhprep.run.glyphs import render_glyphs
from zhprep.run.held_out import NONE_HELD_OUT, keep_held_out
from zhprep.run.instances import VOCABULARY, MakeInstances, make_instances, of_parallel_text
from zhprep.run.similar_words import similar_words_of
from zhprep.run.vocabulary import build_vocabulary
from zhprep.segment import SegmentConfig
from zhprep.vocab import TYPES, VocabConfig, load

DATA = ("normalize", "segment", "vocab", "coarse_vocab", "glyphs", "pinyin")
"""The sections, beside that of the instances, that say what data are made."""


@dataclass(frozen=True)
class Run:
    """What is run: a recipe (bases and size merged in), where, on which tasks, and with which flags put over it.

    ``model`` is the folder of its model, in ``models`` if that is given, and ``prefix`` goes before those of its
    vocabulary and instances, in ``folder``.
    """

    recipe: Recipe
    folder: Path
    output: Output
    size: str
    vocabulary: Path | None = None
    tasks: tuple[Path, ...] = ()
    flags: dict[str, dict[str, Any]] = field(default_factory=dict)
    progress: Callable[[str], Progress] = Progress
    model: str = "run"
    prefix: str = ""
    models: Path | None = None

    @property
    def model_folder(self) -> Path:
        """The folder of its model."""
        return (self.models or self.folder) / self.model

    def config(self, kind: type[Any], section: str) -> Any:
        """Return the config of a stage: the recipe's section with the flags over it."""
        return build(kind, self.config_values(section), where=f"[{section}]")

    @property
    def instances(self) -> InstancesConfig:
        """The settings of the instances, of the last phase if there are several."""
        return self.phases[-1][1]

    @property
    def phases(self) -> list[tuple[str, InstancesConfig]]:
        """The folder and the settings of the instances of each phase of the pretraining, which may share them.

        Similar words that no file is named for are those of the corpus.
        """
        stated = [phase.instances or {} for phase in configs_of(self.config(PretrainConfig, "pretrain"))]
        configs = [self._instances(settings) for settings in stated]
        last = configs[-1]
        names = ["data" if one == last else f"data-{number}" for number, one in enumerate(configs, 1)]
        return [(f"{self.prefix}{name}", one) for name, one in zip(names, configs, strict=True)]

    def makes_other_data(self, other: Run) -> bool:
        """Return whether ``other`` has another vocabulary or other instances than this run."""
        sections = any(self.config_values(name) != other.config_values(name) for name in DATA)
        return sections or [one for _, one in self.phases] != [one for _, one in other.phases]

    def config_values(self, section: str) -> dict[str, Any]:
        """Return the settings that are stated for a stage, flags over the recipe's."""
        return {**self.recipe.get(section, {}), **self.flags.get(section, {})}

    def _instances(self, phase: Mapping[str, Any]) -> InstancesConfig:
        values = {**self.recipe.get("instances", {}), **phase, **self.flags.get("instances", {})}
        if "coarse_vocab" in self.recipe and not values.get("coarse_vocab"):
            values["coarse_vocab"] = str(self.folder / f"{self.prefix}{COARSE_VOCABULARY}")
        config = build(InstancesConfig, values, where="[instances]")
        if config.replacing == "similar" and config.similar_words is None:
            return replace(config, similar_words=str(self.folder / SIMILAR_WORDS))
        return config

    def output_at(self, name: str) -> Output:
        """Return where and how a stage of documents is done."""
        return replace(self.output, path=self.folder / name, progress=self.progress(name))

    def check(self) -> None:
        """Raise ``UsageError`` or ``DataError`` for what is wrong with recipe, flags, vocabulary or tasks."""
        from zhprep.evaluate.config import EvaluateConfig

        kinds = {
            "normalize": NormalizeConfig, "vocab": VocabConfig, "coarse_vocab": VocabConfig, "glyphs": GlyphsConfig,
            "evaluate": EvaluateConfig,
        }  # fmt: skip
        for section, kind in kinds.items():
            self.config(kind, section)
        check_segmenter(self.config(SegmentConfig, "segment"))
        check_pinyin(self.config(PinyinConfig, "pinyin"))
        for _, instances in self.phases:
            check_instances(instances)
        if "model" in self.recipe:
            self._check_training()
        elif self.tasks:
            raise UsageError(f"recipe {self.recipe['name']!r} has no [model] to do tasks with", hint="leave out --task")
        if self.vocabulary:
            load(self.vocabulary)

    def _check_training(self) -> None:
        require_training(f"recipe {self.recipe['name']!r} has a [model]; training it")
        from zhprep.evaluate.tasks import read_task

        config = self.config(PretrainConfig, "pretrain")
        size = config.size
        planned(config)
        check_model(self.recipe["model"], size, self.instances, f"recipe {self.recipe['name']!r}")
        if (first := _initial(self)) is not None:
            first.check()
            names = [f"recipe {one.recipe['name']!r} at {one.size}" for one in (self, first)]
            check_initial(self.recipe["model"], size, first.recipe["model"], first.size, names)
        for task in self.tasks:
            read_task(task)

    def tell(self, stage: str, text: str) -> None:
        """Say which stage begins."""
        self.progress(stage).tell("stage", text)


def run_recipe(run: Run, corpus: Corpus) -> Report:
    """Do what is not done yet and write ``report.html``; return the report of the whole."""
    report = Report(output=str(run.folder))
    note_last(run.folder, run.model if "model" in run.recipe else f"{run.prefix}data")
    last = make_data(run, corpus)
    report.account, report.content_sha256 = last.account, last.content_sha256
    report.kept_characters = last.kept_characters
    if "model" not in run.recipe:
        return report
    held_out = held_out_of(run, corpus)
    run.tell("run", f"pretrain, size {run.size}")
    train(run, corpus)
    run.tell("evaluate", ", ".join(["held-out text", *(task.name for task in run.tasks)]))
    scores = score(run, held_out)
    if held_out is None and run.instances.split == "apart" and "masked_tokens" in scores["intrinsic"]:
        report.notes.append(NONE_HELD_OUT)
    report.scores = {**scores, "report": str(write_page(run))}
    return report


def make_data(run: Run, corpus: Corpus) -> Report:
    """Make the vocabulary, the instances and what lies beside them; return the report of the last instances."""
    run.folder.mkdir(parents=True, exist_ok=True)
    run.tell("vocab", "build the vocabulary" if run.vocabulary is None else f"take {run.vocabulary}")
    vocabulary = run.vocabulary or make_vocabulary(run, corpus, "vocab", f"{run.prefix}vocab")
    if run.instances.coarse_vocab == str(run.folder / f"{run.prefix}{COARSE_VOCABULARY}"):
        run.tell("coarse-vocab", "build the coarse vocabulary")
        make_vocabulary(run, corpus, "coarse_vocab", f"{run.prefix}{COARSE_VOCABULARY}")
    similar = run.folder / SIMILAR_WORDS
    if run.instances.similar_words == str(similar) and (run.output.overwrite or not similar.exists()):
        run.tell("similar-words", "find similar words in the corpus")
        similar_words_of(corpus, chain_of(run, corpus, "words"), similar, SimilarConfig(), Account())
    run.tell("data", "make instances")
    made = {name: _instances(run, corpus, vocabulary, name, config) for name, config in dict(run.phases).items()}
    if "glyphs" in run.recipe:
        run.tell("glyphs", "draw what the entries of the vocabulary look like")
        tokenizer = run.folder / f"{run.prefix}data" / VOCABULARY
        with showing(run.progress("glyphs")):
            render_glyphs(tokenizer, tokenizer, run.config(GlyphsConfig, "glyphs"), overwrite=True)
    return made[f"{run.prefix}data"]


def held_out_of(run: Run, corpus: Corpus) -> Path | None:
    """Keep the text of the documents that the instances of ``run`` hold out, and return its folder; None where they
    hold out none."""
    return keep_held_out(corpus, chain_of(run, corpus, "text"), run.instances, run.output_at(HELD_OUT))


def chain_of(run: Run, corpus: Corpus, table: str) -> Chain:
    """Return the text stages of ``run`` from what ``corpus`` holds to ``table``."""
    normalize, segment = run.config(NormalizeConfig, "normalize"), run.config(SegmentConfig, "segment")
    _, normalize, segment = of_parallel_text(run.config(InstancesConfig, "instances"), corpus.read, normalize, segment)
    pinyin = run.config(PinyinConfig, "pinyin")
    return Chain.over(corpus, table, normalize=normalize, segment=segment, pinyin=pinyin)


def make_vocabulary(run: Run, corpus: Corpus, section: str, name: str) -> Path:
    """Build the vocabulary that a section of the recipe describes in the folder ``name``; return its path."""
    config = run.config(VocabConfig, section)
    table = "words" if TYPES[config.type].by_word == "required" else "text"
    build_vocabulary(corpus, chain_of(run, corpus, table), config, run.output_at(name))
    return run.folder / name


def _instances(run: Run, corpus: Corpus, vocabulary: Path, name: str, config: InstancesConfig) -> Report:
    table = "pinyin" if "pinyin" in run.recipe else "words"
    task = MakeInstances(chain_of(run, corpus, table), config, vocabulary, run.recipe["name"])
    return make_instances(corpus, task, run.output_at(name))


@dataclass(frozen=True)
class InitialModel:
    """The model that a recipe goes on from: another recipe's, trained at ``size`` on the same text: on the same
    instances where both have the same, else on instances of its own."""

    recipe: str = setting("", "the recipe of the model to go on from")
    size: str = setting("", "its size; that of the run if empty")


def _initial(run: Run) -> Run | None:
    """Return the run of the model that the recipe goes on from, if it does and no other model is named."""
    stated = build(InitialModel, run.recipe.get("initial", {}), where="[initial]")
    if not stated.recipe or run.config(PretrainConfig, "pretrain").initial:
        return None
    size = stated.size or run.size
    recipe = load_recipe(stated.recipe, size=size)
    flags = {**run.flags, "pretrain": {**run.flags.get("pretrain", {}), "size": size}}
    model = f"initial{run.model.removeprefix('run')}"
    first = replace(run, recipe=recipe, size=size, flags=flags, tasks=(), model=model)
    if not run.makes_other_data(first):
        return first
    return replace(first, prefix=f"initial-{run.prefix}", vocabulary=None)


def train(run: Run, corpus: Corpus) -> None:
    """Pretrain the model of ``run`` on the data that were made for it, and before that the one it goes on from; what is
    finished is left as it is."""
    from zhprep.pretrain.run import pretrain

    config = run.config(PretrainConfig, "pretrain")
    if (first := _initial(run)) is not None:
        run.tell("initial", f"pretrain {first.recipe['name']}, size {first.size}, to go on from")
        if first.prefix != run.prefix:
            make_data(first, corpus)
        train(first, corpus)
        config = replace(config, initial=str(first.model_folder))
    data = [run.folder / name for name, _ in run.phases]
    pretrain(
        data, run.model_folder, run.recipe.get("model", {}), config,
        vocabulary=data[-1] / VOCABULARY, overwrite=run.output.overwrite, progress=run.progress("pretrain"),
    )  # fmt: skip


def score(run: Run, held_out: Path | None) -> dict[str, Any]:
    """Evaluate the model of ``run`` on held-out instances and on the sentences of ``held_out``, and on its tasks that
    have no score yet; return all scores."""
    from zhprep.evaluate.config import EvaluateConfig
    from zhprep.evaluate.run import drop_unsealed, evaluate, is_scored_on, read_scores, unscored

    config = run.config(EvaluateConfig, "evaluate")
    folder, data = run.model_folder, run.folder / f"{run.prefix}data"
    drop_unsealed(folder)
    tasks, scores = unscored(folder, run.tasks, config), read_scores(folder)
    text = None if held_out is None or is_scored_on(folder, held_out) else held_out
    if tasks or text or "intrinsic" not in scores:
        scores = evaluate(folder, config, data=data, held_out=text, tasks=tasks, progress=run.progress).scores
    return {"tasks": {}, **scores}


def write_page(run: Run) -> Path:
    """Write the report of a finished run; return its path."""
    from zhprep.compare.report import report_page

    page = run.folder / "report.html"
    remove_leftovers(run.folder, of=page.name)
    with committed(page, replace=True) as file:
        title = str(run.recipe.get("title", run.recipe["name"]))
        file.write(report_page(run.folder, title=title, size=run.size).encode())
    return page
