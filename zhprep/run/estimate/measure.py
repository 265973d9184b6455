"""Do the stages of a recipe on a sample, each in a process of its own, and note what each part took."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from zhprep.core.corpus import Corpus, ReadConfig, scan
from zhprep.core.corpus.sample import Sample
from zhprep.core.errors import UsageError
from zhprep.core.executors import Killed
from zhprep.core.executors.processes import map_processes
from zhprep.core.progress import Bar
from zhprep.core.report import Account, own_peak_rss
from zhprep.core.seal import json_bytes
from zhprep.core.shards import BlockJob, Folder
from zhprep.core.shards.making.maker import BlockTask, ShardMaker
from zhprep.instances.similar import SimilarConfig
from zhprep.run.instances import MakeInstances
from zhprep.run.recipe import Run, chain_of
from zhprep.run.similar_words import similar_words_of
from zhprep.run.vocabulary import CountPieces, merged_counts, write_vocabulary
from zhprep.vocab import TYPES, VocabConfig, train

_RECEIPT = 4096
"""Bytes that a receipt takes on a disk, about: a page."""

WHOLE = 1 << 62
"""A size of blocks that makes one of any sample."""


@dataclass(frozen=True)
class Took:
    """What a part of the sample took of a stage: seconds of a processor, bytes written, peak of memory until then, and
    the characters that were in it."""

    seconds: float
    written: int
    memory: int
    characters: int = 0


@dataclass(frozen=True)
class PartSize:
    """A part of the sample: the bytes of files it stands for, its text in bytes, and documents."""

    raw: float
    text: int
    documents: int


@dataclass
class StageCost:
    """A stage: how it grows, what each part took, and all parts as one block.

    ``blocks`` grows with the corpus; ``counts`` too, but for what a block writes; ``learn`` with the distinct pieces;
    ``one`` with the corpus, in one process. ``load`` is how many seconds it takes to begin a worker.
    """

    name: str
    grows: str
    parts: list[Took]
    whole: Took
    load: float = 0.0


@dataclass
class Measured:
    """What was measured: the parts, the stages, and how many bytes of a receipt and of a plan a block takes."""

    parts: list[PartSize] = field(default_factory=list)
    stages: list[StageCost] = field(default_factory=list)
    beside: int = 0


def measure(run: Run, samples: list[Sample], read: ReadConfig, folder: Path, bar: Bar) -> Measured:
    """Return what the stages of ``run`` take of ``samples``; what they make goes into ``folder``."""
    found = Measured()
    corpora = _plan(found, samples, read)
    whole = scan([sample.source for sample in samples], read, block_size=WHOLE)
    found.beside = _RECEIPT + len(json_bytes(whole.as_dict()["blocks"][0][0]))
    vocabulary = run.vocabulary or _vocabulary(run, "vocab", corpora, whole, folder, found, bar)
    config = run.instances
    if config.coarse_vocab and not Path(config.coarse_vocab).exists():
        _vocabulary(run, "coarse_vocab", corpora, whole, folder, found, bar)
    if config.similar_words and not Path(config.similar_words).exists():
        _similar_words(run, whole, Path(config.similar_words), found)
    for name, settings in dict(run.phases).items():
        table = "pinyin" if "pinyin" in run.recipe else "words"
        task = MakeInstances(chain_of(run, whole, table), settings, vocabulary, run.recipe["name"])
        found.stages.append(_in_a_process(_Blocks(name, "blocks", task, corpora, None, folder / name)))
        bar.advance(1)
    return found


def _plan(found: Measured, samples: list[Sample], read: ReadConfig) -> list[Corpus]:
    """Plan each part by itself, as a stage that is measured."""
    corpora, took = [], []
    for sample in samples:
        with _timed() as seconds:
            corpus = scan([sample.source], read, block_size=WHOLE)
        pieces = corpus.blocks[0].pieces
        text, documents = (sum(getattr(piece, name) for piece in pieces) for name in ("weight", "documents"))
        found.parts.append(PartSize(sample.raw, text, documents))
        took.append(Took(seconds(), 0, own_peak_rss()))
        corpora.append(corpus)
    found.stages.append(StageCost("plan", "blocks", took, took[-1]))
    return corpora


def _vocabulary(
    run: Run, section: str, corpora: list[Corpus], whole: Corpus, folder: Path, found: Measured, bar: Bar
) -> Path:
    """Count and learn a vocabulary of the sample; return its folder."""
    config: VocabConfig = run.config(VocabConfig, section)
    table = "words" if TYPES[config.type].by_word == "required" else "text"
    name = section.replace("_", "-")
    task = CountPieces(chain_of(run, whole, table), config)
    counting = _in_a_process(_Blocks(f"{name} (count)", "counts", task, corpora, whole, folder / f"{name}.counts"))
    learning = _in_a_process(
        _Learning(f"{name} (learn)", task, whole, folder / f"{name}.counts" / "whole", folder / name)
    )
    found.stages += [counting, learning]
    bar.advance(2)
    return folder / name


def _similar_words(run: Run, whole: Corpus, path: Path, found: Measured) -> None:
    with _timed() as seconds:
        similar_words_of(whole, chain_of(run, whole, "words"), path, SimilarConfig(), Account())
    took = Took(seconds(), path.stat().st_size, own_peak_rss())
    found.stages.append(StageCost("similar-words", "one", [], took))


@dataclass(frozen=True)
class _Blocks:
    """Does a task on each part, then on all as one block if there is a ``whole``."""

    name: str
    grows: str
    task: BlockTask
    corpora: list[Corpus]
    whole: Corpus | None
    folder: Path

    def __call__(self) -> StageCost:
        load = self._do(self.corpora[0], "load").seconds  # with what is loaded once
        took = [self._do(corpus, f"{number}") for number, corpus in enumerate(self.corpora)]
        whole = took[-1] if self.whole is None else self._do(self.whole, "whole")
        return StageCost(self.name, self.grows, took, whole, max(0.0, load - took[0].seconds))

    def _do(self, corpus: Corpus, name: str) -> Took:
        folder = Folder(self.folder / name, len(corpus.blocks))
        (folder.path / ".receipts").mkdir(parents=True)
        job = BlockJob(corpus, self.task)
        with _timed() as seconds:
            ShardMaker(job, folder, True)(0)
        characters = folder.account(0).counts["characters"]
        return Took(seconds(), folder.shard(0).stat().st_size, own_peak_rss(), characters)


@dataclass(frozen=True)
class _Learning:
    """Learns a vocabulary from the counts of the whole sample, and writes it."""

    name: str
    task: CountPieces
    corpus: Corpus
    counts: Path
    output: Path

    def __call__(self) -> StageCost:
        folder = Folder(self.counts, 1)
        job = BlockJob(self.corpus, self.task)
        plan = job.plan()
        folder.finish(self.task.table, plan, plan["facts"])
        before = Took(0.0, 0, own_peak_rss())
        with _timed() as seconds:
            counts = merged_counts(self.counts, folder.account(0), by_word=self.task.by_word)
            vocabulary = train(counts, self.task.vocab)
        write_vocabulary(vocabulary, counts, self.output, plan)
        took = Took(seconds(), sum(file.stat().st_size for file in self.output.iterdir()), own_peak_rss())
        return StageCost(self.name, "learn", [before], took)


def _in_a_process(work: Callable[[], StageCost]) -> StageCost:
    """Return what ``work`` returns, from a process of its own, whose memory is that of this work alone."""
    for result in map_processes(_call, [work], 1):
        if isinstance(result, Killed):
            raise UsageError(
                f"the sample could not be measured: its process was killed ({result.how})",
                hint="take a smaller --sample",
            )
        return result
    raise AssertionError


def _call(work: Callable[[], StageCost]) -> StageCost:
    return work()


@contextmanager
def _timed() -> Iterator[Callable[[], float]]:
    """Give a function that returns how many seconds of a processor the block took."""
    began = time.process_time()
    ended: list[float] = []
    try:
        yield lambda: (ended[0] if ended else time.process_time()) - began
    finally:
        ended.append(time.process_time())
