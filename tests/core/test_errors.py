"""Errors carry what to do and the exit code, also from another process."""

from __future__ import annotations

import ast
import copy
import multiprocessing.reduction as wire
from collections.abc import Iterator
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
TOO_MUCH = {"BaseException", "Exception", "ZhprepError"}


def test_nothing_takes_being_told_to_stop_for_another_error() -> None:
    """SIGTERM raises ``Stopped`` wherever the process is, in a library too: who catches all errors lets it through."""
    wrong = []
    for path in sorted(PACKAGE.rglob("*.py")):
        if path.relative_to(PACKAGE).as_posix() in LAST:
            continue
        nodes = list(ast.walk(ast.parse(path.read_bytes())))
        lines = [line for node in nodes if isinstance(node, ast.Try) for line in swallowing(node.handlers)]
        lines += [
            node.lineno
            for node in nodes
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "suppress" and TOO_MUCH & names_in(node)
        ]
        wrong += [f"{path}:{line}" for line in lines]
    assert not wrong, wrong


def swallowing(handlers: list[ast.ExceptHandler]) -> Iterator[int]:
    """Yield the lines of ``handlers`` that catch all errors, raise none again, and come before any that takes a stop."""
    before: set[str] = set()
    for one in handlers:
        caught = names_in(one.type) if one.type else set()
        again = any(isinstance(node, ast.Raise) and node.exc is None for node in one.body)
        if caught & TOO_MUCH and not again and not before & {"Stopped", "ZhprepError"}:
            yield one.lineno
        before |= caught


def names_in(node: ast.AST) -> set[str]:
    return {name.id for name in ast.walk(node) if isinstance(name, ast.Name)}
