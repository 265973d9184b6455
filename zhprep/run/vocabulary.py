"""Build a vocabulary folder: count the blocks (resumable, in any number of tasks), merge, train, write.

VOCAB/.counts/         the counts of each block, a folder of shards like any other
VOCAB/tokenizer.json … the files, manifest.json last
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

import zhprep
from zhprep.core.config import as_dict
from zhprep.core.corpus import Corpus
from zhprep.core.errors import UsageError
from zhprep.core.report import Account, Report
from zhprep.core.shards import Job, Output, open_batches, read_manifest, run_job
from zhprep.core.shards.commit import PREFIX, write_json
from zhprep.core.shards.folder import dependency_versions
from zhprep.run.chain import Chain
from zhprep.vocab import TYPES, Counter, Counts, VocabConfig, Vocabulary, load, merge, train, write
from zhprep.vocab.counts import SCHEMA

COUNTS = ".counts"


@dataclass
class CountPieces:
    """Count the pieces of a block; a ``Task``. One row per distinct piece: ``piece``, ``count``."""

    chain: Chain
    vocab: VocabConfig
    table: str = "counts"

    def config(self) -> dict[str, Any]:
        """Return the settings of the text stages and of the vocabulary."""
        return {**self.chain.config(), "vocab": as_dict(self.vocab)}

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


def build_vocabulary(corpus: Corpus, chain: Chain, config: VocabConfig, output: Output) -> Report:
    """Make the vocabulary folder ``output.path`` and return the report.

    Of an array of tasks, the one that finds all counts there goes on to train. Raises ``UsageError``
    when the folder holds a vocabulary made otherwise.
    """
    report = Report(output=str(output.path))
    job = Job(corpus, CountPieces(chain, config))
    _refuse_other(output, job)
    counts_folder = output.path / COUNTS
    report.account, sha = run_job(job, replace(output, path=counts_folder))
    if not sha:
        return report
    by_word = TYPES[config.type].by_word != "no" and chain.table != "text"
    counts = _merged(counts_folder, report.account, by_word)
    vocabulary = train(counts, config)
    report.content_sha256 = vocabulary.sha256
    write_vocabulary(vocabulary, counts, output.path, {**job.plan(), "counts_sha256": sha, **job.task.facts()})
    report.scores = {"size": vocabulary.size, **_flat(vocabulary.report)}
    return report


def write_vocabulary(vocabulary: Vocabulary, counts: Counts | None, path: Path, facts: dict[str, Any]) -> None:
    """Put the files of a vocabulary into ``path``, each whole, the manifest last."""
    path.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path, prefix=PREFIX) as temporary:
        for name in write(vocabulary, temporary, counts):
            os.replace(Path(temporary) / name, path / name)
    manifest = {
        "table": "vocabulary",
        "version": 1,
        "zhprep": zhprep.__version__,
        "dependencies": dependency_versions(),
        "config": facts["config"],
        "input_sha256": facts.get("counts_sha256", ""),
        "vocabulary_sha256": vocabulary.sha256,
        **{name: value for name, value in facts.items() if name == "segmenter"},
    }
    write_json(path / "manifest.json", manifest, replace=True)


def load_vocabulary(path: str | Path) -> Vocabulary:
    """Return the vocabulary in a folder; raises ``DataError`` when there is none."""
    return load(path)


def _refuse_other(output: Output, job: Job) -> None:
    if output.overwrite or not (output.path / "manifest.json").exists():
        return
    if read_manifest(output.path)["config"] != job.plan()["config"]:
        raise UsageError(
            f"{output.path}: holds a vocabulary made with another config",
            hint="name another folder, or use --overwrite",
        )


def _merged(folder: Path, account: Account, by_word: bool) -> Counts:
    totals = {
        "documents": account.counts["documents_out"],
        "sentences": account.counts["sentences"],
        "characters": account.counts["characters"],
    }
    parts = (Counts(pa.Table.from_batches([batch], SCHEMA), {}) for batch in open_batches(folder, "counts"))
    return replace(merge(parts), totals=totals, by_word=by_word)


def _flat(report: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value
        for name, value in report.items()
        if isinstance(value, (int, float, str)) and name not in ("type", "size")
    }
