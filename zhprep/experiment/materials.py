"""What runs share, made once: the words of the corpus, vocabularies, instances, the text that is held out.

Several processes may be at work in the folder of an experiment, the tasks of an array. Who makes something keeps the
others waiting; where the file system has no locks two may make the same, which is then the same to the byte.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import os
import socket
from collections.abc import Iterator
from pathlib import Path

from zhprep.core.corpus import Corpus, ReadConfig, find_inputs, scan
from zhprep.core.progress import Progress
from zhprep.core.shards import BlockJob, read_manifest, run_job
from zhprep.experiment.budget import InstanceSize, lengths_of
from zhprep.experiment.grid import GridRun
from zhprep.instances import HELD_OUT
from zhprep.run.recipe import chain_of, held_out_of, make_data, make_vocabulary

_LOCKS = ".locks"


@contextlib.contextmanager
def alone(folder: Path, name: str, progress: Progress) -> Iterator[None]:
    """Inside the ``with`` block no other process is at what is called ``name`` in ``folder``; until it may begin, it
    waits."""
    file = _lock_of(folder, name)
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress.tell("note", f"another process is at {name}; waiting for it ({who_is_at(folder, name)})")
            fcntl.flock(held, fcntl.LOCK_EX)
        except OSError:
            pass  # there are no locks here
        held.truncate(0)
        held.write(f"process {os.getpid()} on {socket.gethostname()}")
        held.flush()
        yield


def who_is_at(folder: Path, name: str) -> str:
    """Return which process was the last at what is called ``name`` in ``folder``, as words."""
    try:
        return _lock_of(folder, name).read_text("utf-8")
    except OSError:
        return ""


def _lock_of(folder: Path, name: str) -> Path:
    return folder / _LOCKS / f"{name.replace('/', '-')}.lock"


class SharedMaterials:
    """Makes what cells need of ``corpus``, each thing once; what is there already is kept."""

    def __init__(self, corpus: Corpus, block_size: int | None) -> None:
        self.corpus, self._block_size = corpus, block_size
        self._words: dict[str, Corpus] = {}
        self._vocabularies: set[str] = set()
        self._held_out: list[Path | None] = []
        self._lengths: dict[Path, list[InstanceSize]] = {}

    def of(self, cell: GridRun) -> list[InstanceSize]:
        """Make the instances of ``cell`` and all before them; return how much they hold, of each phase."""
        run = cell.base
        if run.folder not in self._lengths:
            words = self._words_of(cell)
            self._make_vocabulary(cell, words)
            name = str(run.folder.relative_to(cell.site.folder))
            with alone(cell.site.folder, name, run.progress(name)):
                make_data(run, words)
            characters = read_manifest(cell.site.folder / cell.words)["account"]["counts"]["characters_out"]
            self._lengths[run.folder] = [lengths_of(run.folder / phase, characters) for phase, _ in run.phases]
        return self._lengths[run.folder]

    def held_out(self, cell: GridRun) -> Path | None:
        """Keep the text of the documents that ``cell`` holds out, as all cells do, in the folder of the experiment;
        return its folder."""
        if not self._held_out:
            run = dataclasses.replace(cell.base, folder=cell.site.folder)
            words = self._words_of(cell)
            with alone(cell.site.folder, HELD_OUT, run.progress(HELD_OUT)):
                self._held_out.append(held_out_of(run, words))
        return self._held_out[0]

    def _words_of(self, cell: GridRun) -> Corpus:
        """Return the corpus as words, those of the segmenter of ``cell``."""
        name, site = cell.words, cell.site
        if name not in self._words:
            output = dataclasses.replace(site.output, path=site.folder / name, progress=site.progress("words"))
            output.progress.tell("stage", f"clean and segment the text, for {cell.variant} and who has the same words")
            with alone(site.folder, name, output.progress):
                run_job(BlockJob(self.corpus, chain_of(cell.base, self.corpus, "words")), output)
            self._words[name] = scan(find_inputs((str(output.path),)), ReadConfig(), block_size=self._block_size)
        return self._words[name]

    def _make_vocabulary(self, cell: GridRun, words: Corpus) -> None:
        name, site = cell.vocabulary, cell.site
        if name in self._vocabularies:
            return
        progress = site.progress("vocab")
        progress.tell("stage", f"build the vocabulary, for {cell.variant} and who has the same")
        with alone(site.folder, name, progress):
            make_vocabulary(dataclasses.replace(cell.base, folder=site.folder), words, "vocab", name)
        self._vocabularies.add(name)
