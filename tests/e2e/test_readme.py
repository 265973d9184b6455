"""What the README shows, as a newcomer types it: the same stage by stage as in one command, and as a pipe."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import environment, made_by, zhprep

ROOT = Path(__file__).parents[2]
PAGES = ("README.md", "README.zh.md")
FEW = {"run": " --steps 2", "pretrain": " --steps 2", "experiment": " --steps 2 --seeds 0"}
"""What is added to a command so that it ends soon; all else is as it stands in the page."""

N_ROWS = 40
"""Rows of each task that are kept."""


def shown(page: str) -> list[str]:
    """The shell commands of a page up to the pipe, in order."""
    blocks = (ROOT / page).read_text("utf-8").split("```sh\n")[1:]
    lines = [line.split("  #")[0].strip() for block in blocks for line in block.partition("```")[0].splitlines()]
    wanted = [line for line in lines if line.startswith(("zhprep ", "zcat "))]
    return wanted[: next(number for number, line in enumerate(wanted) if line.startswith("zcat ")) + 1]


def content(folder: Path) -> dict[str, str]:
    """Name and hash of every file that is not about when and how it was made."""
    told = ("manifest.json", "report.json", "log.jsonl", "plan.json", "scores.json")
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name not in told]
    named = {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    return {name: digest for name, digest in named.items() if not name.startswith((".", "checkpoints"))}


def scores(run: Path) -> dict[str, object]:
    """The scores of a run, without the settings they were made with."""
    found = json.loads((run / "scores.json").read_text("utf-8"))
    return {"intrinsic": found["intrinsic"], "topic": found["tasks"]["topic"]}


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory, sample_data):
    """A folder with a corpus, the bundled tasks and a part that is packed, in which the README's commands were typed."""
    folder = tmp_path_factory.mktemp("newcomer")
    shutil.copytree(sample_data / "corpus", folder / "corpus")
    for part in (sample_data / "tasks").glob("*/*.jsonl"):
        few = folder / part.relative_to(sample_data.parent)
        few.parent.mkdir(parents=True, exist_ok=True)
        few.write_text("".join(part.read_text("utf-8").splitlines(keepends=True)[:N_ROWS]), "utf-8")
    (folder / "part.txt.gz").write_bytes(gzip.compress((folder / "corpus" / "news.txt").read_bytes()))
    (folder / "bin").mkdir()
    (folder / "bin" / "zhprep").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m zhprep "$@"\n')
    (folder / "bin" / "zhprep").chmod(0o755)
    path = environment(PATH=f"{folder / 'bin'}:{os.environ['PATH']}")
    *commands, pipe = shown("README.md")
    with contextlib.chdir(folder):
        for line in commands:
            done = zhprep(*shlex.split(line + FEW.get(line.split()[1], ""))[1:])
            assert done.code == 0, f"{line}\n{done.err}"
    subprocess.run(["sh", "-c", pipe], cwd=folder, env=path, capture_output=True, check=True)
    return folder


def test_both_pages_show_the_same():
    assert shown("README.md") == shown("README.zh.md")
    assert [line.split()[1] for line in shown("README.md")[:-1]] == [
        "run", "build-vocab", "make-instances", "pretrain", "evaluate", "experiment",
    ]  # fmt: skip


@pytest.mark.parametrize(("stage", "whole"), [("VOCAB", "vocab"), ("DATA", "data"), ("RUN", "run")])
def test_stage_by_stage_is_the_same_to_the_byte(stage, whole, newcomer):
    one = content(newcomer / stage)
    assert one == content(newcomer / "work" / whole)
    assert len(one) > 3


def test_the_scores_are_the_same(newcomer):
    assert scores(newcomer / "RUN") == scores(newcomer / "work" / "run")


def test_the_pipe_makes_the_instances_of_the_file(newcomer, tmp_path):
    inputs = (newcomer / "part.txt.gz", "--vocab", newcomer / "VOCAB", "--recipe", "bert-wwm")
    pipe, file = content(newcomer / "PART"), content(made_by("make-instances", *inputs, output=tmp_path / "data"))
    assert pipe == file
    assert any(name.startswith("data-") for name in file)


@pytest.mark.parametrize("page", PAGES)
def test_every_path_that_is_named_is_there(page):
    text = (ROOT / page).read_text("utf-8")
    assert ". .venv/bin/activate" in text.partition("zhprep run")[0]
    assert not {word for word in text.split() if word.startswith("tasks/")}
