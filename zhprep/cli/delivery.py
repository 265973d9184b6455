"""Commands whose folders may lie in an object store: what is read is brought here, what ``-o`` names is made in a
folder of this machine and put there.

That folder lies where temporary files do (``TMPDIR``) and is gone afterwards, however the command ends. Shards are put
as they are done and then let go of here, so that it stays small, and what was done is kept when the command is run
again. Manifests are put last.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from zhprep.cli.options import ExistingAnywhere
from zhprep.cli.shared import WAITING, Shared, split_shared
from zhprep.core.corpus.inputs import STDIN, check_writable, exists, file_sha256, is_remote, stored_in
from zhprep.core.errors import UsageError
from zhprep.core.progress import Progress
from zhprep.core.shards import MANIFEST, PLAN, Folder, open_folder
from zhprep.run.bucket import bring_outline, fetched, hollow, naming_address, put_same, staging, upload
from zhprep.run.folders import COUNTS, shards_of

_DELIVERY = "zhprep.delivery"


class Fetching(click.Command):
    """A command that reads finished folders (of type ``ExistingAnywhere``), which may lie in an object store."""

    def invoke(self, ctx: click.Context) -> Any:
        """Do the command with the folders of this machine to which those of addresses were brought."""
        progress = split_shared(ctx.params)[0].progress("fetch")
        for param in self.params:
            if isinstance(param.type, ExistingAnywhere) and param.name is not None:
                ctx.params[param.name] = _brought(ctx.params[param.name], progress)
        return super().invoke(ctx)


class Delivering(Fetching):
    """A command whose ``-o`` may be an address of an object store too."""

    def invoke(self, ctx: click.Context) -> Any:
        """Do the command; where ``-o`` is an address, in a folder of this machine, and put there what it makes."""
        address = str(ctx.params.get("output"))
        if not is_remote(address):
            return super().invoke(ctx)
        shared, _ = split_shared(ctx.params)
        _check_flags(address, ctx.params.get("inputs", ()), shared)
        with staging() as folder:
            delivery = Delivery(address.rstrip("/"), folder)
            with naming_address(delivery.path, delivery.address):
                self._deliver(ctx, delivery, shared)
        return None

    def _deliver(self, ctx: click.Context, delivery: Delivery, shared: Shared) -> None:
        array = shared.num_shards is not None
        delivery.begin(again=array)
        shows = ctx.meta[WAITING] = []
        ctx.meta[_DELIVERY], ctx.params["output"] = delivery, str(delivery.path)
        super().invoke(ctx)
        delivery.put(shared.progress("upload"))
        inputs = ctx.params.get("inputs", ())
        if array and inputs and STDIN not in inputs and delivery.is_ripe():
            delivery.look()  # all tasks are done: finish the folder, as the last of them does on a disk
            super().invoke(ctx)
            delivery.put(shared.progress("upload"))
        for show in shows:
            show(delivery.address)


class Delivery:
    """What is made at ``path``, a file or folder in ``staging``, and goes to ``address``."""

    def __init__(self, address: str, staging: Path) -> None:
        self.address = address
        self.path = staging / address.rpartition("/")[2]
        self._there: set[str] = set()

    def begin(self, *, again: bool) -> None:
        """Look at what is there, and go on with it if it is unfinished.

        Raises ``UsageError`` where nothing can be put, and where something is there: a file, a finished folder (unless
        ``again``: a task of an array may come late), somebody else's folder.
        """
        check_writable(self.address)
        there = stored_in(self.address)
        if (not there and exists(self.address)) or (MANIFEST in there and not again):
            raise UsageError(f"{self.address}: is there already", hint="name another address, or remove it there")
        if there and PLAN not in there and f"{COUNTS}/{PLAN}" not in there:
            raise UsageError(f"{self.address}: is not empty and was not made by zhprep", hint="name another address")
        if there:
            self.look()

    def look(self) -> None:
        """Bring here what is there and is not here yet, shards in outline."""
        self.path.mkdir(exist_ok=True)
        self._there |= bring_outline(self.address, self.path)

    def keep(self, folder: Folder, block: int) -> None:
        """Put a block that is done, the receipt after the shard, and let go of the shard unless it is read again."""
        for file in (folder.path / PLAN, folder.shard(block), folder.receipt(block)):
            name = file.relative_to(self.path).as_posix()
            if name not in self._there:
                put_same(file, f"{self.address}/{name}")
                self._there.add(name)
        if folder.path == self.path:
            hollow(folder.shard(block))

    def put(self, progress: Progress) -> None:
        """Put what was made and is not there yet; raises ``UsageError`` where other bytes are there."""
        if self.path.is_dir():
            upload(self.path, self.address, progress, without=self._there - {MANIFEST, f"{COUNTS}/{MANIFEST}"})
        elif self.path.exists():
            with progress.of(self.path.stat().st_size, "bytes"):
                put_same(self.path, self.address)

    def sha256(self, file: Path) -> str:
        """Return the sha256 of a file that is here in outline, of its bytes there."""
        return file_sha256(f"{self.address}/{file.relative_to(self.path).as_posix()}")

    def is_ripe(self) -> bool:
        """Whether all blocks are there, of this task and of the others, and this one has not finished the folder."""
        if (self.path / MANIFEST).exists():
            return False
        folder, _ = open_folder(shards_of(self.path))
        wanted = [name(block) for block in range(folder.n_blocks) for name in (folder.shard, folder.receipt)]
        return {file.relative_to(self.path).as_posix() for file in wanted} <= stored_in(self.address).keys()


def delivery_at_hand() -> Delivery | None:
    """Return that of the command at hand, if it has one."""
    ctx = click.get_current_context(silent=True)
    return None if ctx is None else ctx.meta.get(_DELIVERY)


@contextlib.contextmanager
def outlined(address: str) -> Iterator[Delivery]:
    """Give a folder of ours in an object store as it is seen from here: shards in outline; what is made beside them can
    be put. Raises ``DataError`` where there is none."""
    with staging() as folder:
        delivery = Delivery(address.rstrip("/"), folder)
        with naming_address(delivery.path, delivery.address):
            delivery.look()
            yield delivery


def _brought(value: Any, progress: Progress) -> Any:
    """Return the value of a parameter, or several of them, with a folder of this machine for each address."""
    if isinstance(value, tuple):
        return tuple(_brought(one, progress) for one in value)
    return fetched(value.rstrip("/"), progress) if isinstance(value, str) else value


def _check_flags(address: str, inputs: tuple[str, ...], shared: Shared) -> None:
    if shared.overwrite:
        hint = "name another address, or remove what is there with the tools of the store"
        raise UsageError("--overwrite: nothing in an object store is written over", hint=hint)
    if shared.executor == "ray":
        hint = "give -o a folder that all nodes see, then: zhprep upload DIR ADDRESS"
        raise UsageError("--executor ray: its nodes share no folder to make this in", hint=hint)
    mine = f"{address.rstrip('/')}/"
    for argument in filter(is_remote, inputs):
        other = f"{argument.rstrip('/')}/"
        if mine.startswith(other) or other.startswith(mine):
            raise UsageError(
                f"{address}: the input {argument} lies in it, or it in the input", hint="name one apart from the input"
            )
