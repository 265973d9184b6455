"""Make the shards of a plan that are missing: one block in, one shard and one receipt out."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from zhprep.core.errors import Stopped, UsageError
from zhprep.core.executors import EXECUTORS, Killed, Map
from zhprep.core.progress import Progress
from zhprep.core.registry import lookup
from zhprep.core.report import Account
from zhprep.core.shards.claim import Claim
from zhprep.core.shards.folder import Folder
from zhprep.core.shards.making.maker import BlockJob, ShardMaker
from zhprep.core.shards.making.quarantine import examine, fatal_error
from zhprep.core.shards.making.watch import Watch
from zhprep.core.shards.manifest import is_trusting
from zhprep.core.stopping import Stopping

WORTH_A_WORKER = 1 << 20
"""Bytes of text for which it pays to start another process, if that is a copy of this one."""

SPAWNED = 4
"""How many times as much it must be if the process has to load everything (about half a second)."""


@dataclass(frozen=True)
class Output:
    """Where and how a job is done.

    ``keep`` is called, in this process, with each block that is done, once and however the job ends. With ``trust``
    (or inside ``trusting()``) the shards that are there already are taken for what their size says.
    """

    path: Path
    overwrite: bool = False
    executor: str = "processes"
    workers: int = 1
    shard_index: int = 0
    num_shards: int = 1
    on_kill: str = "fail"
    progress: Progress = field(default_factory=Progress)
    keep: Callable[[Folder, int], None] | None = None
    trust: bool = False


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
    plan = job.plan()
    with Claim(output.path) as claim:
        new = Folder(output.path, len(job.corpus.blocks))
        folder, begun = new.prepare(plan, claim, overwrite=output.overwrite)
        try:
            _make_missing(job, folder, output)
        except Exception as error:
            if begun and output.num_shards == 1 and not isinstance(error, Stopped):
                folder.abandon(claim)
            raise
        beside = job.beside(output.path) if job.beside is not None else []
        folder.check_plan()
        if folder.pending():
            mine = range(output.shard_index, folder.n_blocks, output.num_shards)
            return Account.total(folder.account(block) for block in mine), ""
        manifest = folder.finish(job.task.table, plan, plan["facts"], beside)
    return Account.from_dict(manifest["account"]), manifest["content_sha256"]


def _make_missing(job: BlockJob, folder: Folder, output: Output) -> None:
    trust = output.trust or is_trusting()
    pending = folder.pending(index=output.shard_index, of=output.num_shards, trust=trust)
    weights = [block.weight for block in job.corpus.blocks]
    work = sum(weights[block] for block in pending)
    workers = _n_workers(min(output.workers, len(pending)), work)
    run = _engine(output.executor, workers, folder, pending)
    maker = ShardMaker(job, folder, trust)
    killed: list[Killed] = []
    with Stopping() as stopping, output.progress.of(work, "bytes", shards=len(pending)) as bar:
        watch = Watch(folder, dict(zip(pending, map(weights.__getitem__, pending), strict=True)), bar, output.progress)
        with _keeping(folder, pending, output.keep) as keep:
            with contextlib.closing(run(maker, pending, workers, watch.look, lambda: stopping.told)) as results:
                for result in results:
                    if isinstance(result, Killed):
                        killed.append(result)
                    else:
                        watch.done(result)
                        keep(result)
            left = folder.pending(index=output.shard_index, of=output.num_shards) if stopping.told else []
            found = [] if left else [examine(maker, one, output.on_kill, output.progress) for one in killed]
        if left:
            raise Stopped(
                f"stopped with {len(left)} of {len(pending)} shards to do", hint="run the same command again to go on"
            )
    if fatal := [one for one in found if one is not None]:
        raise fatal_error(output.path, fatal, len(pending))


@contextlib.contextmanager
def _keeping(
    folder: Folder, pending: list[int], keep: Callable[[Folder, int], None] | None
) -> Iterator[Callable[[int], None]]:
    """Give what calls ``keep`` with a block that is done; in the end it is called with the others that are done too.

    Engines give results in order: whoever stops, or fails at one block, has never seen those that were done after it.
    """
    left = dict.fromkeys(pending if keep is not None else ())

    def keep_one(block: int) -> None:
        if keep is not None:
            del left[block]
            keep(folder, block)

    def keep_rest() -> None:
        for block in [block for block in left if folder.is_done(block)]:
            keep_one(block)

    try:
        yield keep_one
    except BaseException as first:
        try:
            keep_rest()
        except Stopped:
            raise
        except Exception as second:  # what is told is the first error
            first.add_note(f"after that, what was done could not all be handed on: {second}")
        raise
    keep_rest()


def _n_workers(most: int, work: int) -> int:
    """Return how many processes so much ``work`` (bytes of text) pays for, of ``most``."""
    if most < 2:
        return 1
    from zhprep.core.workers.pool import may_fork  # for those who have several

    return max(1, min(most, 1 + work // (WORTH_A_WORKER * (1 if may_fork() else SPAWNED))))


def _engine(name: str, workers: int, folder: Folder, pending: list[int]) -> Map:
    """Return the engine of that ``name``; for one worker this process, unless one like it was killed at a block."""
    suspect = any(folder.place(block).exists() or folder.quarantine(block).exists() for block in pending)
    return lookup(EXECUTORS, "inline" if name == "processes" and workers == 1 and not suspect else name, "executor")
