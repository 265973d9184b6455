"""Build a vocabulary folder: count the blocks (resumable, in any number of tasks), merge, train, write.

VOCAB/.counts/         the counts of each block, a folder of shards like any other
VOCAB/tokenizer.json … the files, manifest.json last
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

import zhprep
from zhprep.core.config import as_dict
from zhprep.core.corpus import Corpus
from zhprep.core.errors import DataError, Stopped, UsageError, ZhprepError
from zhprep.core.progress import Bar, showing, work
from zhprep.core.report import Account, Report
from zhprep.core.shards import (
    MANIFEST,
    BlockJob,
    Claim,
    Output,
    committed,
    dependency_versions,
    differing_files,
    facts_of_files,
    open_shards,
    read_manifest,
    remove_leftovers,
    run_job,
    temporary_folder,
    write_manifest,
)
from zhprep.core.temporary import PREFIX, naming
from zhprep.run.chain import Chain
from zhprep.run.folders import COUNTS, finished_characters
from zhprep.vocab import TYPES, Counter, Counts, VocabConfig, Vocabulary, load, merge, train, write
from zhprep.vocab.counts import SCHEMA, TOTALS
from zhprep.vocab.patch import patch


@dataclass
class CountPieces:
    """Count the pieces of a block; a ``BlockTask``. One row per distinct piece: ``piece``, ``count``."""

    chain: Chain
    vocab: VocabConfig
    patched: str = ""
    table: str = "counts"

    @property
    def by_word(self) -> bool:
        """Whether the pieces are words of a segmenter."""
        return self.chain.table != "text" and TYPES[self.vocab.type].by_word != "no"

    def config(self) -> dict[str, Any]:
        """Return the settings of the text stages and of the vocabulary, and which one is patched, if one is."""
        old = {"patched": self.patched} if self.patched else {}
        return {**self.chain.config(), "vocab": as_dict(self.vocab), **old}

    def facts(self) -> dict[str, Any]:
        """Return what the text stages record."""
        return self.chain.facts()

    def schema(self) -> pa.Schema:
        """Return the schema of counts."""
        return SCHEMA

    def run(self, batches: Iterator[pa.RecordBatch], block: int, account: Account) -> Iterator[pa.RecordBatch]:
        """Yield the counts of the whole block, sorted by the bytes of the piece."""
        counter = Counter(self.vocab)
        for batch in self.chain.run(batches, block, account):
            counter.add(batch)
        yield from counter.counts().table.to_batches(max_chunksize=1 << 16)


def build_vocabulary(
    corpus: Corpus, chain: Chain, config: VocabConfig, output: Output, *, old: Vocabulary | None = None
) -> Report:
    """Make the vocabulary folder ``output.path`` and return the report; a finished one is left as it is.

    With ``old`` its free slots are filled with what it lacks, and all its ids stay. Of an array of tasks, the one that
    finds all counts there goes on to train. Raises ``UsageError`` when the folder holds a vocabulary made otherwise, or
    something that zhprep did not make.
    """
    report = Report(output=str(output.path))
    task = CountPieces(chain, config, old.sha256 if old else "")
    job, counts_folder = BlockJob(corpus, task), output.path / COUNTS
    with Claim(output.path) as claim:
        _make_way(output, job, claim)
        if not output.overwrite:
            report.kept_characters = finished_characters(counts_folder, output.shard_index, output.num_shards)
        report.account, sha = run_job(job, replace(output, path=counts_folder))
        if not sha:
            return report
        vocabulary = _finished(output.path, sha)
        if vocabulary is None:
            with showing(output.progress):
                counts = merged_counts(counts_folder, report.account, by_word=task.by_word)
            try:
                with showing(output.progress):
                    vocabulary = train(counts, config) if old is None else patch(old, counts, config)
            except Stopped:
                raise
            except ZhprepError:  # such as a size too small: the settings must change, and with them the counts
                if claim.is_alone():
                    shutil.rmtree(counts_folder)
                raise
            write_vocabulary(vocabulary, counts, output.path, {**job.plan(), "counts_sha256": sha, **job.task.facts()})
    report.content_sha256 = vocabulary.sha256
    report.scores = {"size": vocabulary.size, **_flat(vocabulary.report)}
    return report


def write_vocabulary(vocabulary: Vocabulary, counts: Counts | None, path: Path, facts: dict[str, Any]) -> None:
    """Put the files of a vocabulary into ``path``, each whole, the manifest last."""
    path.mkdir(parents=True, exist_ok=True)
    with naming(path), temporary_folder(path / "files") as temporary:
        files = facts_of_files(temporary, write(vocabulary, temporary, counts))
        for name in files:
            with committed(path / name, replace=True) as file:
                file.write((temporary / name).read_bytes())
    manifest = {
        "table": "vocabulary",
        "version": 1,
        "zhprep": zhprep.__version__,
        "dependencies": dependency_versions(),
        "config": facts["config"],
        "input_sha256": facts.get("counts_sha256", ""),
        "content_sha256": vocabulary.sha256,
        "files": files,
        **{name: value for name, value in facts.items() if name == "segmenter"},
    }
    write_manifest(path, manifest)


def _make_way(output: Output, job: BlockJob, claim: Claim) -> None:
    """Refuse a folder that holds something else; with ``overwrite``, what it holds no longer counts as finished."""
    path = output.path
    there = _manifest(path)
    if there is None:
        foreign = [entry for entry in path.iterdir() if not entry.name.startswith(PREFIX)]
        if foreign and not (path / COUNTS).exists():
            raise UsageError(f"{path}: is not empty and was not made by zhprep", hint="name another folder")
        remove_leftovers(path)
        return
    if there["table"] != "vocabulary":
        raise UsageError(f"{path}: holds a table of {there['table']}", hint="name another folder")
    if output.overwrite:
        claim.keep_others_out()
        (path / MANIFEST).unlink()
        claim.share()
    elif not (path / COUNTS).exists() and there["config"] != job.plan()["config"]:  # else the counts refuse it
        hint = "name another folder, or begin it again with --overwrite"
        raise UsageError(f"{path}: holds a vocabulary made with another config", hint=hint)
    remove_leftovers(path)


def _finished(path: Path, counts_sha256: str) -> Vocabulary | None:
    """Return the vocabulary that lies in ``path`` if it was learnt from these counts and is whole."""
    manifest = _manifest(path)
    if manifest is None or manifest.get("input_sha256") != counts_sha256:
        return None
    if any(differing_files(path, manifest["files"])):
        return None
    return load(path)


def _manifest(path: Path) -> dict[str, Any] | None:
    """Return the manifest of a vocabulary; None for none, or one that was changed: it is made again, of its counts."""
    try:
        return read_manifest(path)
    except DataError:
        return None


def merged_counts(folder: Path, account: Account, *, by_word: bool) -> Counts:
    """Return the sum of the counts of all blocks in ``folder``."""
    counts = account.counts
    totals = {"documents": counts["documents_out"], **{name: counts[name] for name in ("sentences", "characters")}}
    with work(len(read_manifest(folder)["shards"]), "shards of counts") as bar:
        merged = merge(_parts(folder, by_word, bar))
    return replace(merged, totals=totals, by_word=by_word)


def _parts(folder: Path, by_word: bool, bar: Bar) -> Iterator[Counts]:
    """Yield the counts of each batch of ``folder``."""
    for _, batches in open_shards(folder, "counts"):
        for batch in batches:
            yield Counts(pa.Table.from_batches([batch], SCHEMA), {}, by_word)
        bar.advance(1)


def _flat(report: dict[str, Any]) -> dict[str, Any]:
    """Return the plain values of a trainer's report, without what the command's report counts itself."""
    known = ("type", "size", *TOTALS)
    return {name: one for name, one in report.items() if isinstance(one, (int, float, str)) and name not in known}
