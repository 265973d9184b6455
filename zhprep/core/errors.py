"""Errors, named by who must act, each with its exit code.

ZhprepError   1   our fault
├── UsageError    2   the command or its options are wrong: change them
│   └── NoMemory  2   there is too little memory for the work as it was asked for
├── DataError     3   the input is wrong: file, place and reason are in the message
└── Stopped      85   stopped early on purpose: run the same command again to go on
"""

from __future__ import annotations


class ZhprepError(Exception):
    """An error with one line that says what happened and one that says what to do.

    ``message`` is the only positional argument, so that the exception survives pickling on its
    way back from a worker process with its hint.
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), str(self), self.hint))


class UsageError(ZhprepError):
    """The command, an option or the environment is wrong; the user can put it right now."""

    exit_code = 2

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(message, hint=hint)


class NoMemory(UsageError):
    """There is less memory than the work takes, or the system took a worker's."""


class DataError(ZhprepError):
    """The input is wrong: the message says which file, where in it, and why."""

    exit_code = 3

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(message, hint=hint)


class Stopped(ZhprepError):
    """Stopped on purpose (time limit, SIGTERM, SIGUSR1); what is done is kept."""

    exit_code = 85


def _rebuild(kind: type[ZhprepError], message: str, hint: str) -> ZhprepError:
    return kind(message, hint=hint)
