"""Make the shards of a plan that are missing: one block in, one shard and one receipt out."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Protocol

import pyarrow as pa

import zhprep
from zhprep.core.corpus import Corpus, read_block
from zhprep.core.errors import Stopped, UsageError
from zhprep.core.executors import EXECUTORS
from zhprep.core.executors.processes import may_fork
from zhprep.core.progress import Progress
from zhprep.core.registry import lookup
from zhprep.core.report import Account
from zhprep.core.seal import sealed
from zhprep.core.shards.claim import Claim
from zhprep.core.shards.commit import committed, write_json
from zhprep.core.shards.folder import Folder, dependency_versions
from zhprep.core.shards.manifest import is_trusting
from zhprep.core.stopping import Stopping

WORTH_A_WORKER = 1 << 20
"""Bytes of text for which it pays to start another process, if that is a copy of this one."""

SPAWNED = 4
"""How many times as much it must be if the process has to load everything (about half a second)."""


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
class Output:
    """Where and how a job is done."""

    path: Path
    overwrite: bool = False
    executor: str = "processes"
    workers: int = 1
    shard_index: int = 0
    num_shards: int = 1
    progress: Progress = field(default_factory=Progress)


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
        return {
            "zhprep": zhprep.__version__,
            "table": self.task.table,
            "config": self.task.config(),
            "facts": self.task.facts(),
            "dependencies": dependency_versions(),
            "corpus": self.corpus.as_dict(),
        }


def run_job(job: BlockJob, output: Output) -> tuple[Account, str]:
    """Make what is missing in ``output.path``; return the account of the whole and its content sha256.

    While other tasks of an array still have blocks to do, the account is of this task alone and the
    sha256 is empty. Raises ``Stopped`` when told to stop before the end; whatever is finished is kept.
    An error before the first shard leaves nothing behind.
    """
    if not 0 <= output.shard_index < output.num_shards:
        raise UsageError(
            f"shard index {output.shard_index} is not one of {output.num_shards}", hint="it is counted from 0"
        )
    folder = Folder(output.path, len(job.corpus.blocks))
    plan = job.plan()
    with Claim(output.path) as claim:
        begun = folder.prepare(plan, claim, overwrite=output.overwrite)
        try:
            _make_missing(job, folder, output)
        except Exception as error:
            if begun and output.num_shards == 1 and not isinstance(error, Stopped):
                folder.abandon(claim)
            raise
        beside = job.beside(output.path) if job.beside is not None else []
        if folder.pending():
            mine = range(output.shard_index, folder.n_blocks, output.num_shards)
            return Account.total(folder.account(block) for block in mine), ""
        manifest = folder.finish(job.task.table, plan, plan["facts"], beside)
    return Account.from_dict(manifest["account"]), manifest["content_sha256"]


def _make_missing(job: BlockJob, folder: Folder, output: Output) -> None:
    pending = folder.pending(index=output.shard_index, of=output.num_shards, trust=is_trusting())
    weights = [block.weight for block in job.corpus.blocks]
    work = sum(weights[block] for block in pending)
    worth = WORTH_A_WORKER * (1 if may_fork() else SPAWNED)
    workers = min(output.workers, len(pending), 1 + work // worth)
    run = lookup(EXECUTORS, output.executor, "executor")
    with Stopping() as stopping, output.progress.of(work, "bytes") as bar:
        maker = _ShardMaker(job, folder, is_trusting())
        with contextlib.closing(run(maker, stopping.until_told(pending), workers)) as results:
            for block in results:
                bar.advance(weights[block])
                if stopping.told:
                    break
        left = folder.pending(index=output.shard_index, of=output.num_shards) if stopping.told else []
        if left:
            raise Stopped(
                f"stopped with {len(left)} of {len(pending)} shards to do", hint="run the same command again to go on"
            )


@dataclass
class _ShardMaker:
    """The function that workers run; sent to each once."""

    job: BlockJob
    folder: Folder
    trust: bool

    def __call__(self, block: int) -> int:
        if self.folder.is_done(block, trust=self.trust):  # by another process of the same command, meanwhile
            return block
        self.folder.forget(block, trust=self.trust)
        account = Account()
        batches = read_block(self.job.corpus, self.job.corpus.blocks[block], account)
        with committed(self.folder.shard(block)) as file:
            sink = _Sink(file)
            rows = 0
            with pa.ipc.new_stream(sink, self.job.task.schema()) as writer:
                for batch in self.job.task.run(batches, block, account):
                    writer.write_batch(batch)
                    rows += batch.num_rows
        receipt = {"rows": rows, "bytes": sink.bytes, "sha256": sink.digest.hexdigest(), "account": account.as_dict()}
        write_json(self.folder.receipt(block), sealed(receipt))
        return block


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
