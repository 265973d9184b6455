"""Errors carry what to do and the exit code, also from another process."""

from __future__ import annotations

import ast
import copy
import multiprocessing.reduction as wire
from pathlib import Path

import pytest

from zhprep.core.corpus.inputs import Damaged
from zhprep.core.errors import DataError, Stopped, UsageError, ZhprepError

PACKAGE = Path(__file__).parents[2] / "zhprep"
KINDS = {kind.__name__ for kind in (UsageError, DataError, Stopped)}


@pytest.mark.parametrize(
    ("kind", "code"), [(ZhprepError, 1), (UsageError, 2), (DataError, 3), (Damaged, 3), (Stopped, 85)]
)
def test_they_survive_the_way_from_a_worker(kind: type[ZhprepError], code: int) -> None:
    error = kind("what happened", hint="what to do")
    for other in (copy.copy(error), wire.ForkingPickler.loads(wire.ForkingPickler.dumps(error))):
        assert type(other) is kind
        assert (str(other), other.hint, other.exit_code) == ("what happened", "what to do", code)


def test_every_error_says_what_to_do() -> None:
    silent, n_raised = [], 0
    for path in sorted(PACKAGE.rglob("*.py")):
        raised = [node for node in ast.walk(ast.parse(path.read_bytes())) if isinstance(node, ast.Call)]
        raised = [node for node in raised if isinstance(node.func, ast.Name) and node.func.id in KINDS]
        n_raised += len(raised)
        without = [node for node in raised if not any(keyword.arg == "hint" for keyword in node.keywords)]
        silent += [f"{path.relative_to(PACKAGE.parent)}:{node.lineno}" for node in without]
    assert not silent, "raised without a hint"
    assert n_raised > 100


LAST = {"cli/process.py", "core/workers/worker.py", "experiment/spread.py", "segment/pkuseg/__main__.py"}
"""Where what is caught goes no further: a process tells of it, a worker sends it on."""


def test_nothing_takes_being_told_to_stop_for_another_error() -> None:
    """SIGTERM raises ``Stopped`` wherever the process is, in a library too: who catches all errors lets it through."""
    wrong = []
    for path in sorted(PACKAGE.rglob("*.py")):
        tries = [node for node in ast.walk(ast.parse(path.read_bytes())) if isinstance(node, ast.Try)]
        for handlers in (node.handlers for node in tries if path.relative_to(PACKAGE).as_posix() not in LAST):
            names = [
                {name.id for name in ast.walk(one.type) if isinstance(name, ast.Name)} for one in handlers if one.type
            ]
            before: set[str] = set()
            for one, caught in zip(handlers, names, strict=False):
                again = any(isinstance(node, ast.Raise) and node.exc is None for node in one.body)
                if caught & {"Exception", "ZhprepError"} and not again and not before & {"Stopped", "ZhprepError"}:
                    wrong.append(f"{path}:{one.lineno}")
                before |= caught
    assert not wrong, wrong
