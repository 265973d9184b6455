"""The inside of a worker process: items come through a pipe, results go back."""

from __future__ import annotations

import os
import pickle
import signal
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

READY, DONE, FAILED = "ready", "done", "failed"


def work(parent: int, function: Callable[[Any], Any], pipe: Connection) -> None:
    """Apply ``function`` to what comes through ``pipe``, until that is a stop.

    Comes: ``(item,)``, or ``()`` to stop. Goes: ``(READY,)`` once, then for each item ``(DONE, result)`` or
    ``(FAILED, error, traceback)``.
    """
    _leave_signals_to(parent)
    pipe.send((READY,))
    while message := pipe.recv():
        try:
            pipe.send((DONE, function(*message)))
        except Exception as error:  # of the function, or a result that cannot be sent
            pipe.send((FAILED, _sendable(error), traceback.format_exc()))


def _sendable(error: Exception) -> Exception:
    """Return ``error`` if it comes out of a pipe as it went in, else what can be said of it."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # an error may raise anything here
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


def _leave_signals_to(parent: int) -> None:
    """Leave signals to the parent (schedulers and terminals signal the whole group), and end when it does."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1):
        signal.signal(number, signal.SIG_IGN)
    _die_with(parent)


def _die_with(parent: int) -> None:
    """Ask the kernel for SIGKILL when the parent dies, so that no orphan goes on writing."""
    try:
        import ctypes

        ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGKILL)
    except (OSError, AttributeError):  # not Linux: the pipe breaks instead
        return
    if os.getppid() != parent:
        os._exit(1)
