"""Do the stages of a recipe on a sample, each in a process of its own, and note what each part took."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from zhprep.core.corpus import Corpus, ReadConfig, scan
from zhprep.core.corpus.inputs import Input
from zhprep.core.corpus.sample import Sample
from zhprep.core.errors import UsageError
from zhprep.core.executors import Killed
from zhprep.core.executors.processes import map_processes
from zhprep.core.progress import Bar
from zhprep.core.report import Account, own_peak_rss
from zhprep.core.seal import json_bytes, sealed
from zhprep.core.shards import PLAN, BlockJob, Folder, write_json
from zhprep.core.shards.making.maker import BlockTask, ShardMaker
from zhprep.instances.similar import SimilarConfig
from zhprep.run.instances import MakeInstances
from zhprep.run.recipe import Run, chain_of
from zhprep.run.similar_words import similar_words_of
from zhprep.run.vocabulary import CountPieces, merged_counts, write_vocabulary
from zhprep.vocab import TYPES, Counts, VocabConfig, Vocabulary, train

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
    ``one`` with the corpus, in one process. ``load`` is how many seconds of a processor are taken once, by what is
    loaded when it is first used; ``beside`` and ``beside_bytes`` are the files there are once, whatever the corpus.
    ``half`` is what every other part took, as one block, of ``counts``.
    """

    name: str
    grows: str
    parts: list[Took]
    whole: Took
    load: float = 0.0
    beside: int = 0
    beside_bytes: int = 0
    half: Took | None = None

    @property
    def per_block(self) -> float:
        """Seconds of a processor that each block takes, however small: what the parts took more than all in one."""
        if self.grows not in ("blocks", "counts") or len(self.parts) < 2:
            return 0.0
        apart = sum(took.seconds for took in self.parts)
        return max(0.0, apart - self.whole.seconds) / (len(self.parts) - 1)


@dataclass(frozen=True)
class Planned:
    """What planning the whole corpus tells: its text in bytes, documents, blocks, and the seconds that it took."""

    text: int
    documents: int
    blocks: int
    seconds: float


@dataclass
class Measured:
    """What was measured: the parts, the stages, how many bytes of a receipt and of a plan a block takes, and how many
    seconds of a processor each command takes to begin."""

    parts: list[PartSize] = field(default_factory=list)
    stages: list[StageCost] = field(default_factory=list)
    beside: int = 0
    start: float = 0.0


def plan_whole(sources: list[Input], read: ReadConfig, block_size: int | None) -> Planned:
    """Plan the corpus as a command does. How many blocks there are, no sample tells: a block ends with a document."""
    with _timed() as seconds:
        corpus = scan(sources, read, block_size=block_size)
    pieces = [piece for block in corpus.blocks for piece in block.pieces]
    text, documents = (sum(getattr(piece, name) for piece in pieces) for name in ("weight", "documents"))
    return Planned(text, documents, len(corpus.blocks), seconds())


def measure(run: Run, samples: list[Sample], read: ReadConfig, folder: Path, bar: Bar) -> Measured:
    """Return what the stages of ``run`` take of ``samples``; what they make goes into ``folder``."""
    found = Measured(start=_start())
    corpora, whole = _plan(found, samples, read)
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
        blocks = _Blocks(name, "blocks", task, corpora, whole, folder / name, task.put_beside)
        found.stages.append(_in_a_process(blocks))
        bar.advance(1)
    return found


def _start() -> float:
    """Return how many seconds of a processor a command takes until it begins: Python and the libraries."""
    before = os.times()
    subprocess.run([sys.executable, "-c", "import zhprep.run.recipe"], check=True)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def _plan(found: Measured, samples: list[Sample], read: ReadConfig) -> tuple[list[Corpus], Corpus]:
    """Plan each part by itself and all as one block, as a stage that is measured."""
    corpora, took = [], []
    for sample in samples:
        with _timed() as seconds:
            corpus = scan([sample.source], read, block_size=WHOLE)
        pieces = corpus.blocks[0].pieces
        text, documents = (sum(getattr(piece, name) for piece in pieces) for name in ("weight", "documents"))
        found.parts.append(PartSize(sample.raw, text, documents))
        took.append(Took(seconds(), 0, own_peak_rss()))
        corpora.append(corpus)
    with _timed() as seconds:
        whole = scan([sample.source for sample in samples], read, block_size=WHOLE)
    found.stages.append(StageCost("plan", "blocks", took, Took(seconds(), 0, own_peak_rss())))
    return corpora, whole


def _vocabulary(
    run: Run, section: str, corpora: list[Corpus], whole: Corpus, folder: Path, found: Measured, bar: Bar
) -> Path:
    """Count and learn a vocabulary of the sample; return its folder."""
    config: VocabConfig = run.config(VocabConfig, section)
    table = "words" if TYPES[config.type].by_word == "required" else "text"
    name = section.replace("_", "-")
    task = CountPieces(chain_of(run, whole, table), config)
    half = scan([source for corpus in corpora[::2] for source in corpus.inputs], whole.read, block_size=WHOLE)
    blocks = _Blocks(f"{name} (count)", "counts", task, corpora, whole, folder / f"{name}.counts", half=half)
    counting = _in_a_process(blocks)
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
    """Does a task on each part, then on all as one block, and finishes the folder of that."""

    name: str
    grows: str
    task: BlockTask
    corpora: list[Corpus]
    whole: Corpus
    folder: Path
    beside: Callable[[Path], list[str]] | None = None
    half: Corpus | None = None

    def __call__(self) -> StageCost:
        load = self._do(self.corpora[0], "load").seconds  # with what is loaded once
        took = [self._do(corpus, f"{number}") for number, corpus in enumerate(self.corpora)]
        whole = self._do(self.whole, "whole")
        made = Folder(self.folder / "whole", 1)
        self._finish(made)
        beside = set(_files_of(made.path)) - {made.shard(0), made.receipt(0)}
        size = sum(file.stat().st_size for file in beside)
        half = self._do(self.half, "half") if self.half else None
        return StageCost(self.name, self.grows, took, whole, max(0.0, load - took[0].seconds), len(beside), size, half)

    def _finish(self, made: Folder) -> None:
        job = BlockJob(self.whole, self.task, self.beside)
        plan = job.plan()
        write_json(made.path / PLAN, sealed(plan))
        made.finish(self.task.table, plan, plan["facts"], self.beside(made.path) if self.beside else ())

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
    """Learns a vocabulary from the counts of the whole sample twice, and writes it.

    What is loaded once is not in the seconds: a command has loaded it when it counted.
    """

    name: str
    task: CountPieces
    corpus: Corpus
    counts: Path
    output: Path

    def __call__(self) -> StageCost:
        plan = BlockJob(self.corpus, self.task).plan()
        before = Took(0.0, 0, own_peak_rss())
        self._learn()
        with _timed() as seconds:
            vocabulary, counts = self._learn()
            write_vocabulary(vocabulary, counts, self.output, plan)
        files = _files_of(self.output)
        took = Took(seconds(), sum(file.stat().st_size for file in files), own_peak_rss())
        return StageCost(self.name, "learn", [before], took, beside=len(files))

    def _learn(self) -> tuple[Vocabulary, Counts]:
        counts = merged_counts(self.counts, Folder(self.counts, 1).account(0), by_word=self.task.by_word)
        return train(counts, self.task.vocab), counts


def _files_of(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


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
