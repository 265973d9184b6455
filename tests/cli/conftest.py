"""What tests of several commands take."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def small_task(tmp_path_factory: pytest.TempPathFactory, sample_data: Path) -> Path:
    """The first rows of a sample task."""
    folder = tmp_path_factory.mktemp("tasks") / "topic"
    folder.mkdir()
    for part in ("train", "dev"):
        lines = (sample_data / "tasks" / "topic" / f"{part}.jsonl").read_text("utf-8").splitlines()
        (folder / f"{part}.jsonl").write_text("\n".join(lines[:40]) + "\n", encoding="utf-8")
    return folder
