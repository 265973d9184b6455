"""The process around a command: its streams, its signals, one line for an error, and the exit code.

0 done · 1 our fault · 2 wrong usage · 3 wrong data · 85 stopped on purpose · 130 interrupted · 141 nobody reads stdout
"""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Callable
from contextvars import ContextVar
from typing import cast

import click

from zhprep.core.errors import NoMemory, Stopped, ZhprepError
from zhprep.core.progress import event_line
from zhprep.core.registry import nearest
from zhprep.core.stopping import SIGNALS, stopped_by

INTERRUPTED, NO_READER = 130, 141

_LOG_JSON = ContextVar("log_json", default=False)


def exit_code(command: Callable[[], object], *, log_json: bool = False) -> int:
    """Do ``command`` and return the code to exit with; an error is told in one line on stderr, as an event if
    ``log_json``."""
    told = _LOG_JSON.set(log_json)
    try:
        return _exit_code(command)
    finally:
        _LOG_JSON.reset(told)


def _exit_code(command: Callable[[], object]) -> int:
    _open_streams()
    try:
        with stopped_by(*SIGNALS):
            code = _code_of(command)
            sys.stdout.flush()
    except Stopped as error:  # just before the command began, or when it had ended
        code = _tell(str(error), error.hint, error.exit_code, error)
    except BrokenPipeError:  # `zhprep normalize x.txt | head` ends quietly
        code = NO_READER
    except OSError as error:
        code = _tell_os(error)
    if code:
        _forget_stdout()
    return code


def _code_of(command: Callable[[], object]) -> int:
    try:
        command()
    except click.exceptions.Exit as exit_:
        return exit_.exit_code
    except (click.Abort, KeyboardInterrupt) as error:
        return _tell("interrupted", "", INTERRUPTED, error) if _LOG_JSON.get() else _say_interrupted()
    except click.exceptions.NoArgsIsHelpError as error:
        print(error.format_message(), file=sys.stderr)
        return 2
    except click.ClickException as error:
        return _tell(*_usage(error), 2, error)
    except ZhprepError as error:
        return _tell(str(error), error.hint, error.exit_code, error)
    except BrokenPipeError:
        raise
    except OSError as error:
        return _tell_os(error)
    except Exception as error:
        if is_of_memory(error):
            hint = "use fewer --workers, smaller settings (size, batch, length), or a machine with more memory"
            return _tell(f"there is too little memory: {error or 'none is left'}", hint, NoMemory.exit_code, error)
        hint = "this is a defect of zhprep; ZHPREP_DEBUG=1 shows where"
        return _tell(f"{type(error).__name__}: {error}", hint, 1, error)
    return 0


def _say_interrupted() -> int:
    print("interrupted", file=sys.stderr)
    return INTERRUPTED


def is_of_memory(error: BaseException) -> bool:
    """Whether ``error`` says that memory cannot be had: of Python, numpy and Arrow, of torch, of
    the system, which cannot map a library."""
    if isinstance(error, MemoryError):
        return True
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    said = str(error)
    if isinstance(error, ImportError):
        return "failed to map segment" in said
    if isinstance(error, RuntimeError):
        return any(part in said for part in ("allocate memory", "out of memory", "can't start new thread"))
    return isinstance(error, ValueError) and ("array is too big" in said or "Maximum allowed dimension" in said)


def _tell(message: str, hint: str, code: int, error: BaseException) -> int:
    if os.environ.get("ZHPREP_DEBUG") == "1":
        raise error
    line = " ".join(message.split())
    if _LOG_JSON.get():
        print(event_line("error", "", message=line, hint=hint, exit_code=code), file=sys.stderr)
        return code
    print(f"Error: {line}" + (f" / hint: {hint}" if hint else ""), file=sys.stderr)
    return code


def _tell_os(error: OSError) -> int:
    if is_of_memory(error):
        hint = "use fewer --workers, or a machine with more memory"
        return _tell(f"there is too little memory: {error}", hint, NoMemory.exit_code, error)
    unnamed = "standard output: " if error.errno in (errno.EBADF, errno.ENOSPC) else ""
    where = f"{error.filename}: " if error.filename else unnamed
    hint = "check the path, its permissions and the free space"
    return _tell(f"{where}{error.strerror or error}", hint, 1, error)


def _usage(error: click.ClickException) -> tuple[str, str]:
    """Return message and hint of what click found wrong; for an unknown option, the nearest there is."""
    ctx: click.Context | None = getattr(error, "ctx", None)
    hint = f"see `{ctx.command_path} --help`" if ctx else ""
    if isinstance(error, click.NoSuchOption):
        known = sorted({name for parameter in (ctx.command.params if ctx else ()) for name in parameter.opts})
        near = nearest(error.option_name, [name for name in known if name.startswith("--")])
        return f"unknown option {error.option_name!r}", " ".join(filter(None, [near, hint]))
    return error.format_message(), hint


def _open_streams() -> None:
    """Write UTF-8 whatever the locale says; in the place of a closed stream have one that refuses to be written to."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, os.O_RDONLY)
            if descriptor != number:
                os.dup2(descriptor, number)
                os.close(descriptor)
            setattr(sys, name, os.fdopen(number, "w" if number else "r", closefd=False))
    if isinstance(sys.stdout.buffer, io.RawIOBase):  # `python -u`: a raw file may write a part and say nothing
        sys.stdout = open(sys.stdout.fileno(), "w", closefd=False)  # noqa: SIM115  # until the process ends
    for stream, errors in ((sys.stdout, "surrogateescape"), (sys.stderr, "backslashreplace")):
        cast(io.TextIOWrapper, stream).reconfigure(encoding="utf-8", errors=errors)


def _forget_stdout() -> None:
    """Let what is still in the buffer of stdout go: it has been told that it cannot be written."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
