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
from zhprep.core.workers.ordered import in_order
from zhprep.core.workers.outcome import ATTEMPTS, NO_MEMORY, Killed
from zhprep.core.workers.pool import Failure

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_ray(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    workers: int,
    idle: Callable[[], None] | None = None,
    told: Callable[[], bool] | None = None,
) -> Generator[Result | Killed, None, None]:
    """Yield ``function(item)`` in order, on a CPU of the cluster each; at most ``workers`` at a time, if there are so
    many.

    The address is that in ``RAY_ADDRESS``, else of the cluster that runs here; ``local`` starts one here. An item
    whose worker is killed is done again, ``ATTEMPTS`` times in all; one whose machine is lost, as often as it takes.
    An error of the function is raised here. When ``told`` to stop, what waits for a CPU is let go of, and what has
    begun is finished. Raises ``UsageError`` where there is no Ray, or no cluster.
    """
    with _connected() as ray:
        tasks = _Tasks(ray, function, told)
        cpus = tasks.cpus()
        try:
            yield from in_order(tasks, items, workers if workers < cpus else 2 * cpus, idle, told)
        finally:
            tasks.cancel()


def spread(
    function: Callable[[Item], Result],
    items: Sequence[Item],
    workers: int,
    idle: Callable[[], None] | None = None,
    told: Callable[[], bool] | None = None,
    *,
    cpus: int = 1,
) -> Generator[tuple[Item, Result | Killed], None, None]:
    """Yield each item after it is done, with what the function made of it, as :func:`map_ray` does but as they end:
    for items of hours, of which the first must not hold up the others. Those that had not begun when it was ``told`` to
    stop are left out.

    Each has ``cpus`` CPUs of a machine, a GPU of its own where the cluster has any, and a process of its own.
    """
    with _connected() as ray:
        tasks = _Tasks(ray, function, told, cpus=cpus, devices=True)
        queue = enumerate(items)
        try:
            for one in itertools.islice(queue, workers):
                tasks.put(*one)
            while tasks.are_left():
                for number, result in tasks.results():
                    if isinstance(result, Failure):
                        raise result.raised()
                    for one in itertools.islice(queue, 1):
                        tasks.put(*one)
                    yield items[number], result
                if idle is not None:
                    idle()
        finally:
            tasks.cancel()


class _Tasks:
    """What has been submitted and is not done."""

    def __init__(
        self, ray: Any, function: Callable[[Any], Any], told: Callable[[], bool] | None, *, cpus: int = 1,
        devices: bool = False,
    ) -> None:  # fmt: skip
        self._ray = ray
        self._told, self._let_go = told, False
        self._call = [ray.put(_Call(function, os.getcwd()))]  # in a list, so that it is not fetched for every item
        needs: dict[str, Any] = {"num_cpus": cpus, "max_retries": 0, "scheduling_strategy": "SPREAD"}
        if devices:  # as many as one process takes, and a process for each, so that none is held by who waits
            needs |= {"num_gpus": min(1, max(map(self._gpus, self._machines()), default=0)), "max_calls": 1}
        self._check_room(cpus, needs.get("num_gpus", 0))
        self._task = ray.remote(**needs)(_apply)
        self._under_way: dict[Any, tuple[int, Any]] = {}
        self._deaths: Counter[int] = Counter()

    def cpus(self) -> int:
        """Return how many CPUs the cluster has."""
        return int(self._ray.cluster_resources().get("CPU", 0))

    def are_left(self) -> bool:
        """Whether anything is not done of what was submitted."""
        return bool(self._under_way)

    def put(self, number: int, item: Any) -> None:
        """Submit an item, known by its ``number``; once told to stop it is left out."""
        if not self._is_told():
            self._under_way[self._task.remote(self._call, item)] = number, item

    def results(self) -> Iterator[tuple[int, Any]]:
        """Wait a while for results; yield each after its number, and submit again what was lost.

        Once told to stop, what has not begun is let go of.
        """
        errors = self._ray.exceptions
        ready, _ = self._ray.wait(list(self._under_way), num_returns=1, timeout=TICK)
        if self._is_told():
            self.cancel()
        for one in ready:
            number, item = self._under_way.pop(one)
            try:
                yield number, self._ray.get(one)
            except errors.RayTaskError as error:
                yield number, Failure(error.cause if isinstance(error.cause, Exception) else error, str(error))
            except errors.TaskCancelledError:
                if not self._let_go:
                    raise
            except (errors.NodeDiedError, errors.ObjectLostError):
                self.put(number, item)
            except (errors.WorkerCrashedError, errors.OutOfMemoryError) as error:
                self._deaths[number] += 1
                if self._deaths[number] >= ATTEMPTS:
                    yield number, Killed(item, _how(error))
                else:
                    self.put(number, item)

    def finish(self) -> Iterator[tuple[int, Any]]:
        """Let go of what has not begun; yield the results of what has."""
        self.cancel()
        while self._under_way:
            yield from self.results()

    def cancel(self) -> None:
        """Let go of what has not begun: what has cannot be interrupted."""
        if not self._let_go:
            self._let_go = True
            for one in self._under_way:
                self._ray.cancel(one, force=False)

    def _is_told(self) -> bool:
        return self._told is not None and self._told()

    def _machines(self) -> list[dict[str, float]]:
        """Return the resources of each machine of the cluster."""
        return [node["Resources"] for node in self._ray.nodes() if node["Alive"]]

    @staticmethod
    def _gpus(machine: dict[str, float]) -> int:
        return int(machine.get("GPU", 0))

    def _check_room(self, cpus: int, gpus: int) -> None:
        """Raise ``UsageError`` where no machine has so many CPUs and GPUs at once: Ray would wait for one that has."""
        fit = [machine for machine in self._machines() if self._gpus(machine) >= gpus]
        most = max((int(machine.get("CPU", 0)) for machine in fit), default=0)
        with_gpu = " with a GPU" if gpus else ""
        if not most and not gpus:
            raise UsageError("the Ray cluster has no CPUs", hint="start Ray on more machines: ray start --address=…")
        if most < cpus:
            raise UsageError(
                f"no machine{with_gpu} of the Ray cluster has {_n_cpus(cpus)}; the largest{with_gpu} has {most}",
                hint=f"state fewer threads, or start Ray on a larger machine{with_gpu}",
            )


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
    with _uninterrupted():
        return known.function(item)


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """Inside, who cancels a task cannot interrupt it: Ray raises SIGINT, as it does not say which tasks have begun."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


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


def _n_cpus(number: int) -> str:
    return "a CPU" if number == 1 else f"{number} CPUs"


def _how(error: Exception) -> str:
    return NO_MEMORY if type(error).__name__ == "OutOfMemoryError" else "its worker died"
