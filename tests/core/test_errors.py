"""Errors carry what to do and the exit code, also from another process."""

from __future__ import annotations

import copy
import multiprocessing.reduction as wire

import pytest

from zhprep.core.corpus.streams import Damaged
from zhprep.core.errors import DataError, Stopped, UsageError, ZhprepError


@pytest.mark.parametrize(
    ("kind", "code"), [(ZhprepError, 1), (UsageError, 2), (DataError, 3), (Damaged, 3), (Stopped, 85)]
)
def test_they_survive_the_way_from_a_worker(kind: type[ZhprepError], code: int) -> None:
    error = kind("what happened", hint="what to do")
    for other in (copy.copy(error), wire.ForkingPickler.loads(wire.ForkingPickler.dumps(error))):
        assert type(other) is kind
        assert (str(other), other.hint, other.exit_code) == ("what happened", "what to do", code)
