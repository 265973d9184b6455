"""Tasks that do next to nothing, for tests of what is around them; as a script, runs one, there to be killed.

python plain_tasks.py INPUT OUTPUT WORKERS SECONDS_A_BLOCK
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from zhprep.core import schema
from zhprep.core.corpus import ReadConfig, find_inputs, scan
from zhprep.core.errors import DataError, Stopped
from zhprep.core.report import Account
from zhprep.core.shards import BlockJob, Output, read_note, run_job
from zhprep.core.shards.making import job as job_module


@dataclass
class Copy:
    """Gives back what it gets."""

    option: int = 1
    seconds: float = 0.0
    table: str = "text"

    def config(self) -> dict[str, Any]:
        return {"copy": {"option": self.option, "pair": (1, 2)}}

    def facts(self) -> dict[str, Any]:
        return {"segmenter": "none 1"}

    def schema(self) -> pa.Schema:
        return schema.TEXT

    def run(self, batches: Iterator[pa.RecordBatch], block: int, account: Account) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            account.count(documents_out=batch.num_rows)
            yield batch
        time.sleep(self.seconds)


@dataclass
class Cut(Copy):
    """Leaves out the first document of each batch."""

    def run(self, batches: Iterator[pa.RecordBatch], block: int, account: Account) -> Iterator[pa.RecordBatch]:
        for batch in super().run(batches, block, account):
            yield batch.slice(1)


@dataclass
class Failing(Copy):
    """Raises ``error`` at a block."""

    at: int = 0
    error: Exception | None = None

    def run(self, batches: Iterator[pa.RecordBatch], block: int, account: Account) -> Iterator[pa.RecordBatch]:
        yield from super().run(batches, block, account)
        if block == self.at and self.error is not None:
            raise self.error


@dataclass
class Deadly(Copy):
    """Is killed at each document named in ``documents``; with ``times``, a folder, only until it holds so many files."""

    documents: tuple[str, ...] = ()
    times: tuple[str, int] = ("", 0)

    def run(self, batches: Iterator[pa.RecordBatch], block: int, account: Account) -> Iterator[pa.RecordBatch]:
        for batch in super().run(batches, block, account):
            if set(self.documents) & set(batch["doc"].to_pylist()) and self._again():
                os.kill(os.getpid(), signal.SIGKILL)
            yield batch

    def _again(self) -> bool:
        folder, number = self.times
        if not folder:
            return True
        before = len(os.listdir(folder))
        Path(folder, str(before)).touch()
        return before < number


@dataclass
class Allergic(Copy):
    """Is killed at each document that has one of ``sentences`` in it."""

    sentences: tuple[str, ...] = ()

    def run(self, batches: Iterator[pa.RecordBatch], block: int, account: Account) -> Iterator[pa.RecordBatch]:
        for batch in super().run(batches, block, account):
            if set(self.sentences) & set(batch["sentences"].flatten().to_pylist()):
                os.kill(os.getpid(), signal.SIGKILL)
            yield batch


@dataclass
class Heavy(Copy):
    """Is killed at block ``at`` where its shard is made in ``folder``, and not where it is done for nothing."""

    folder: str = ""
    at: int = 2

    def run(self, batches: Iterator[pa.RecordBatch], block: int, account: Account) -> Iterator[pa.RecordBatch]:
        for batch in super().run(batches, block, account):
            note = read_note(Path(self.folder, ".working", f"{self.at:05d}.json"))
            if block == self.at and note is not None and note.pid == os.getpid():
                os.kill(os.getpid(), signal.SIGKILL)
            yield batch


@dataclass
class Greedy(Copy):
    """Is killed by ``number`` as it comes to more than ``most`` documents in one go."""

    most: int = 0
    number: int = signal.SIGKILL

    def run(self, batches: Iterator[pa.RecordBatch], block: int, account: Account) -> Iterator[pa.RecordBatch]:
        done = 0
        for batch in super().run(batches, block, account):
            done += batch.num_rows
            if done > self.most:
                os.kill(os.getpid(), self.number)
            yield batch


@dataclass
class Barren(Deadly):
    """Is killed at block ``at`` if nothing is left of it, too."""

    at: int = 2

    def run(self, batches: Iterator[pa.RecordBatch], block: int, account: Account) -> Iterator[pa.RecordBatch]:
        done = 0
        for batch in super().run(batches, block, account):
            done += batch.num_rows
            yield batch
        if block == self.at and not done:
            os.kill(os.getpid(), signal.SIGKILL)


@dataclass
class Signalling(Copy):
    """Sends ``number`` to the process that runs the job, at a block."""

    number: int = 15
    at: int = 2
    job: int = 0

    def run(self, batches: Iterator[pa.RecordBatch], block: int, account: Account) -> Iterator[pa.RecordBatch]:
        yield from super().run(batches, block, account)
        if block == self.at:
            os.kill(self.job, self.number)


@dataclass
class Meanwhile(Copy):
    """Does something else first, at block 0."""

    do: Callable[[], None] | None = None

    def run(self, batches: Iterator[pa.RecordBatch], block: int, account: Account) -> Iterator[pa.RecordBatch]:
        if block == 0 and self.do is not None:
            self.do()
        yield from super().run(batches, block, account)


@dataclass
class Random(Copy):
    """Gives other bytes every time."""

    def run(self, batches: Iterator[pa.RecordBatch], block: int, account: Account) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            yield batch.set_column(0, schema.TEXT.field(0), pa.array([os.urandom(8).hex()] * batch.num_rows))


def make_input(path: Path, n: int = 120) -> Path:
    path.write_text(
        "".join(f"第{i}篇，一二三四五六七八九十。\n{'内容' * (i % 9)}\n\n" for i in range(n)), encoding="utf-8"
    )
    return path


def make_job(path: Path, task: Any = None, **read: Any) -> BlockJob:
    """A job of about a dozen blocks."""
    return BlockJob(
        scan(find_inputs((str(path),)), ReadConfig(**read), block_size=500), Copy() if task is None else task
    )


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def main() -> None:
    job_module.WORTH_A_WORKER = 1
    path, output, workers, seconds = sys.argv[1:]
    try:
        run_job(make_job(Path(path), Copy(seconds=float(seconds))), Output(Path(output), workers=int(workers)))
    except (DataError, Stopped) as error:
        print(error)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
