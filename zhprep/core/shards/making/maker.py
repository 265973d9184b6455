"""One block in, one shard and one receipt out: what workers do, wherever they are."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any, Protocol

import pyarrow as pa

import zhprep
from zhprep.core.corpus import Corpus, read_block
from zhprep.core.report import Account
from zhprep.core.seal import sealed
from zhprep.core.shards.commit import committed, write_json
from zhprep.core.shards.folder import Folder
from zhprep.core.shards.making.origin import origin_of
from zhprep.core.shards.making.place import Place
from zhprep.core.shards.versions import check_versions, dependency_versions, versions_here


class BlockTask(Protocol):
    """What is done to a block. Picklable; what is heavy is loaded when first used, once per process."""

    @property
    def table(self) -> str:
        """The name of the table that is made."""

    def config(self) -> dict[str, Any]:
        """Return every setting the result depends on, as plain values."""

    def facts(self) -> dict[str, Any]:
        """Return what the manifest records beside the config: vocabulary, segmenter, recipe."""

    def schema(self) -> pa.Schema:
        """Return the schema of the batches that :meth:`run` yields."""

    def run(self, batches: Iterator[pa.RecordBatch], block: int, account: Account) -> Iterator[pa.RecordBatch]:
        """Yield the batches of one shard from the batches of one block."""


@dataclass(frozen=True)
class BlockJob:
    """A corpus and what is made of it; ``beside`` puts into the folder what belongs beside its shards.

    It returns the names of all files beside the shards that are read later, by their paths in the folder.
    """

    corpus: Corpus
    task: BlockTask
    beside: Callable[[Path], list[str]] | None = None

    def plan(self) -> dict[str, Any]:
        """Return ``plan.json``: all that the bytes of the result depend on."""
        config = self.task.config()
        return {
            "zhprep": zhprep.__version__,
            "table": self.task.table,
            "config": config,
            "origin": origin_of(self.corpus, config),
            "facts": self.task.facts(),
            "dependencies": dependency_versions(),
            "corpus": self.corpus.as_dict(),
        }


@dataclass(frozen=True)
class ShardMaker:
    """The function that workers run; sent to each once.

    ``without`` are documents that are left out, and counted as ``documents.killed``: their blocks, and their places
    in them, as names need not be of one document alone.
    """

    job: BlockJob
    folder: Folder
    trust: bool
    without: frozenset[tuple[int, int]] = frozenset()
    versions: dict[str, str] = field(default_factory=versions_here)

    def __call__(self, block: int) -> int:
        """Make the shard of ``block``, unless another process has; return its number.

        Raises ``UsageError`` on a machine that has other versions than the one that planned.
        """
        check_versions(self.versions)
        if self.folder.is_done(block, trust=self.trust):  # by another process of the same command, meanwhile
            return block
        self.folder.forget(block, trust=self.trust)
        account = Account()
        with Place(self.folder, block) as place, committed(self.folder.shard(block)) as file:
            sink = _Sink(file)
            rows = 0
            with pa.ipc.new_stream(sink, self.job.task.schema()) as writer:
                for batch in self.job.task.run(place.noting(self._batches(block, account)), block, account):
                    writer.write_batch(batch)
                    rows += batch.num_rows
            receipt = {
                "plan": self.folder.plan, "rows": rows, "bytes": sink.bytes, "sha256": sink.digest.hexdigest(),
                "account": account.as_dict(),
            }  # fmt: skip
        if not self.without:  # what killed its makers once is in it now; before it counts as done, lest that be told
            self.folder.quarantine(block).unlink(missing_ok=True)
        write_json(self.folder.receipt(block), sealed(receipt))
        return block

    def leaving_out(self, block: int, place: int) -> ShardMaker:
        """Return one that leaves out the document at ``place`` of ``block`` too, all counted."""
        return replace(self, without=self.without | {(block, place)})

    def try_some(self, block: int, first: int, stop: int) -> None:
        """Do the documents ``[first, stop)`` of a block, for nothing."""
        for _ in self.job.task.run(self._some(block, first, stop), block, Account()):
            pass

    def _some(self, block: int, first: int, stop: int) -> Iterator[pa.RecordBatch]:
        at = 0
        for batch in self._batches(block, Account()):
            begin, end = max(first - at, 0), min(stop - at, batch.num_rows)
            at += batch.num_rows
            if begin < end:
                yield batch.slice(begin, end - begin)
            if at >= stop:
                return

    def documents(self, block: int) -> list[tuple[int, str]]:
        """Return the places and names of the documents of a block, without those that are left out."""
        corpus = self.job.corpus
        batches = read_block(corpus, corpus.blocks[block], Account())
        names = [name for batch in batches for name in batch["doc"].to_pylist()]
        return [(place, name) for place, name in enumerate(names) if (block, place) not in self.without]

    def _batches(self, block: int, account: Account) -> Iterator[pa.RecordBatch]:
        at = 0
        for batch in read_block(self.job.corpus, self.job.corpus.blocks[block], account):
            if not self.without:
                yield batch
                continue
            places = range(at, at + batch.num_rows)
            at += batch.num_rows
            kept = batch.filter(pa.array([(block, place) not in self.without for place in places], pa.bool_()))
            account.drop("documents.killed", batch.num_rows - kept.num_rows)
            yield kept


class _Sink:
    """A file that hashes and counts what is written to it."""

    closed = False

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = hashlib.sha256()
        self.bytes = 0

    def write(self, data: Any) -> int:
        view = memoryview(data)
        self.digest.update(view)
        self.bytes += view.nbytes
        return self._file.write(view)

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        """Leave the file open: it is committed by whoever opened it."""
