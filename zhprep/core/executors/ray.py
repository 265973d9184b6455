"""Tasks on a Ray cluster: ``ray start`` on each machine, and a folder that all of them see.

Ray Core and not Ray Data: all that is asked of it is where to run a function; what is done is known by the receipts.
Ray's own retries are off: those after a want of memory have no end.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import os
import signal
import socket
import sys
import threading
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any, TypeVar, cast

from zhprep.core.errors import UsageError
from zhprep.core.registry import require
from zhprep.core.stalls import TICK
from zhprep.core.workers.outcome import ATTEMPTS, NO_MEMORY, Killed
from zhprep.core.workers.pool import Failure

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_ray(
    function: Callable[[Item], Result], items: Iterable[Item], workers: int, idle: Callable[[], None] | None = None
) -> Generator[Result | Killed, None, None]:
    """Yield ``function(item)`` in order, on a CPU of the cluster each; at most ``workers`` at a time, if there are so
    many.

    The address is that in ``RAY_ADDRESS``, else of the cluster that runs here; ``local`` starts one here. An item
    whose worker is killed is done again, ``ATTEMPTS`` times in all; one whose machine is lost, as often as it takes.
    An error of the function is raised here. Raises ``UsageError`` where there is no Ray, or no cluster.
    """
    with _connected() as ray:
        tasks = _Tasks(ray, function, idle)
        queue = enumerate(items)
        cpus = tasks.cpus()
        window = workers if workers < cpus else 2 * cpus
        came: dict[int, Any] = {}
        put = tasks.submit_all(itertools.islice(queue, window))
        try:
            for number in itertools.count():
                while number < put and number not in came:
                    came.update(tasks.results())
                if number == put:
                    return
                result = came.pop(number)
                if isinstance(result, Failure):
                    raise result.told()
                put += tasks.submit_all(itertools.islice(queue, 1))
                yield result
        finally:
            tasks.cancel()


def spread(
    function: Callable[[Item], Result],
    items: Sequence[Item],
    workers: int,
    idle: Callable[[], None] | None = None,
    *,
    cpus: int = 1,
) -> Generator[tuple[Item, Result | Killed], None, None]:
    """Yield each item after it is done, with what the function made of it, as :func:`map_ray` does but as they end:
    for items of hours, of which the first must not hold up the others.

    Each has ``cpus`` CPUs of a machine, a GPU of its own where the cluster has any, and a process of its own.
    """
    with _connected() as ray:
        tasks = _Tasks(ray, function, idle, cpus=cpus, devices=True)
        queue = enumerate(items)
        tasks.submit_all(itertools.islice(queue, workers))
        try:
            while tasks.are_left():
                for number, result in tasks.results():
                    if isinstance(result, Failure):
                        raise result.told()
                    tasks.submit_all(itertools.islice(queue, 1))
                    yield items[number], result
        finally:
            tasks.cancel()


class _Tasks:
    """What has been submitted and is not done."""

    def __init__(
        self, ray: Any, function: Callable[[Any], Any], idle: Callable[[], None] | None, *, cpus: int = 1,
        devices: bool = False,
    ) -> None:  # fmt: skip
        self._ray = ray
        self._idle = idle
        self._call = [ray.put(_Call(function, os.getcwd()))]  # in a list, so that it is not fetched for every item
        needs: dict[str, Any] = {"num_cpus": cpus, "max_retries": 0, "scheduling_strategy": "SPREAD"}
        if devices:  # as many as one process takes, and a process for each, so that none is held by who waits
            needs |= {"num_gpus": min(1, int(ray.cluster_resources().get("GPU", 0))), "max_calls": 1}
        self._check_room(cpus)
        self._task = ray.remote(**needs)(_apply)
        self._under_way: dict[Any, tuple[int, Any]] = {}
        self._deaths: Counter[int] = Counter()

    def cpus(self) -> int:
        """Return how many CPUs the cluster has."""
        return int(self._ray.cluster_resources().get("CPU", 0))

    def are_left(self) -> bool:
        """Whether anything is not done of what was submitted."""
        return bool(self._under_way)

    def submit_all(self, numbered: Iterable[tuple[int, Any]]) -> int:
        """Submit items, known by their numbers; return how many there were."""
        count = 0
        for number, item in numbered:
            self._submit(number, item)
            count += 1
        return count

    def results(self) -> Iterator[tuple[int, Any]]:
        """Wait a while for results; yield each after its number, and submit again what was lost."""
        errors = self._ray.exceptions
        ready, _ = self._ray.wait(list(self._under_way), num_returns=1, timeout=TICK)
        if self._idle is not None:
            self._idle()
        for one in ready:
            number, item = self._under_way.pop(one)
            try:
                yield number, self._ray.get(one)
            except errors.RayTaskError as error:
                yield number, Failure(error.cause if isinstance(error.cause, Exception) else error, str(error))
            except (errors.NodeDiedError, errors.ObjectLostError):
                self._submit(number, item)
            except (errors.WorkerCrashedError, errors.OutOfMemoryError) as error:
                self._deaths[number] += 1
                if self._deaths[number] >= ATTEMPTS:
                    yield number, Killed(item, _how(error))
                else:
                    self._submit(number, item)

    def cancel(self) -> None:
        """Let go of what is not done."""
        for one in self._under_way:
            self._ray.cancel(one, force=False)

    def _check_room(self, cpus: int) -> None:
        """Raise ``UsageError`` where no machine has so many CPUs: Ray would wait for one that has."""
        most = max((int(node["Resources"].get("CPU", 0)) for node in self._ray.nodes() if node["Alive"]), default=0)
        if not most:
            raise UsageError("the Ray cluster has no CPUs", hint="start Ray on more machines: ray start --address=…")
        if most < cpus:
            raise UsageError(
                f"no machine of the Ray cluster has {cpus} CPUs; the largest has {most}",
                hint="state fewer threads, or start Ray on a larger machine",
            )

    def _submit(self, number: int, item: Any) -> None:
        self._under_way[self._task.remote(self._call, item)] = number, item


@dataclass(frozen=True)
class _Call:
    """A function, and the folder that paths are relative to."""

    function: Callable[[Any], Any]
    folder: str


_KNOWN: dict[Any, _Call] = {}
"""The call that this worker process was at last: what its function has loaded is kept from item to item."""


def _apply(call: list[Any], item: Any) -> Any:
    import ray

    (reference,) = call
    if reference not in _KNOWN:
        _KNOWN.clear()
        _KNOWN[reference] = ray.get(reference)
    known = _KNOWN[reference]
    try:
        os.chdir(known.folder)
    except OSError as error:
        raise UsageError(
            f"{os.uname().nodename}: has no folder {known.folder}",
            hint="all machines of a Ray cluster must see the same folders, under the same names",
        ) from error
    return known.function(item)


@contextlib.contextmanager
def _connected() -> Iterator[Any]:
    """Connect to a cluster, unless this process is connected; signals go where they went before."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is sent anywhere
    ray = require("ray", purpose="--executor ray", install="'zhprep[ray]'")
    if ray.is_initialized():
        yield ray
        return
    address = os.environ.get("RAY_ADDRESS") or "auto"
    _check_listening(address)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        ray.init(address=address, log_to_driver=False, logging_level="error", configure_logging=False)
    except (ConnectionError, ValueError, RuntimeError) as error:
        hint = "start one with `ray start --head`, or name it with --ray-address"
        raise UsageError(f"no Ray cluster at {address!r}: {error}", hint=hint) from error
    finally:
        for number, handler in handlers.items():
            with contextlib.suppress(ValueError):  # not the main thread
                signal.signal(number, handler)
    try:
        with contextlib.redirect_stdout(cast(IO[str], _WithoutRay(sys.stdout))):
            yield ray
    finally:
        with contextlib.redirect_stdout(io.StringIO()):  # what its threads did not come to say, it says when it ends
            ray.shutdown()


class _WithoutRay:
    """A stream on which Ray's threads say nothing: they tell of dead workers on stdout, which is for data alone."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write, unless this is a thread of Ray's."""
        return len(text) if threading.current_thread().name.startswith("ray_") else self._stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _check_listening(address: str) -> None:
    """Raise ``UsageError`` when nobody listens at ``host:port``: Ray would wait for a minute, then end the process."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not (host and port.isdigit()):
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=10).close()
    except OSError as error:
        hint = "start one with `ray start --head`, and name its host and port"
        raise UsageError(f"no Ray cluster at {address!r}: {error.strerror or error}", hint=hint) from error


def _how(error: Exception) -> str:
    return NO_MEMORY if type(error).__name__ == "OutOfMemoryError" else "its worker died"
