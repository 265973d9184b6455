"""What is loaded while a corpus is planned: used where it is what is asked for, and nobody's error."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from zhprep.cli import invoke
from zhprep.core.errors import UsageError
from zhprep.core.workers.pool import may_fork
from zhprep.run.ahead import Ahead
from zhprep.run.chain import Chain
from zhprep.segment import SegmentConfig, segmenter


def words(**settings: Any) -> Chain:
    return Chain("words", "text", lines=True, segment=SegmentConfig(**settings))


def test_what_was_loaded_is_taken_for_the_same_task_alone() -> None:
    ahead = Ahead(words())
    same, other = words(), words(hmm=False)
    assert ahead.instead_of(same) is same  # nothing is loaded yet
    with ahead:
        pass
    loaded = ahead.instead_of(same)
    assert loaded is not same
    assert "_segmenter" in vars(loaded)
    assert ahead.instead_of(other) is other
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ahead")]


def test_error_is_told_by_whoever_needs_it() -> None:
    ahead = Ahead(words(cws="no-such-segmenter"))
    with ahead:
        pass
    task = words(cws="no-such-segmenter")
    assert ahead.instead_of(task) is task
    with pytest.raises(UsageError):
        task.facts()


@pytest.mark.parametrize(("workers", "thread"), [(1, "MainThread"), (2, "ahead_0")])
@pytest.mark.skipif(not may_fork(), reason="this process has threads")
def test_workers_are_forked_with_what_was_loaded(
    workers: int, thread: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, log = tmp_path / "text.txt", tmp_path / "log"
    text.write_text("今天天气很好，我们研究生命的起源。\n\n" * 30_000, "utf-8")
    load = segmenter.load_engine

    def noted(config: SegmentConfig) -> Any:
        with log.open("a", encoding="utf-8") as file:  # by whichever process
            file.write(f"{threading.current_thread().name}\n")
        return load(config)

    monkeypatch.setattr(segmenter, "load_engine", noted)
    invoke(["segment", str(text), "-o", str(tmp_path / "out"), "--workers", str(workers), "--quiet"])
    assert log.read_text("utf-8").split() == [thread]
