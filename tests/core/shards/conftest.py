"""A small corpus, and what a job makes of it that nothing happens to."""

from __future__ import annotations

from pathlib import Path

import pytest
from plain_tasks import contents, make_input, make_job

from zhprep.core.shards import Output, run_job
from zhprep.core.shards.making import job


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    return make_input(tmp_path / "x.txt")


@pytest.fixture
def whole(tmp_path: Path, corpus: Path) -> dict[str, bytes]:
    """What a job gives that nothing happened to."""
    run_job(make_job(corpus), Output(tmp_path / "whole", executor="inline"))
    return contents(tmp_path / "whole")


@pytest.fixture
def _every_block_is_worth_a_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job, "WORTH_A_WORKER", 1)
