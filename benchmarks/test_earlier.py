"""Whole commands beside an earlier build of zhprep: ``ZHPREP_EARLIER`` names a Python that has it.

Text that is all different (the corpora of ``ZHPREP_DATA``), start-up and all, in seconds of processor: medians of five
turns. The folder of caches is there before, as after any first run.
"""

from __future__ import annotations

import os
import statistics
import sys
from pathlib import Path

import pytest
from racing import Race
from whole import Took, zhprep

N_TURNS = 5
EARLIER = os.environ.get("ZHPREP_EARLIER", "")
CORPUS = Path(os.environ.get("ZHPREP_DATA", Path(__file__).parent.parent.parent / "shared" / "data")) / "corpus"
pytestmark = [
    pytest.mark.skipif(not EARLIER, reason="ZHPREP_EARLIER names no Python with an earlier zhprep"),
    pytest.mark.skipif(not CORPUS.is_dir(), reason=f"no corpora at {CORPUS}"),
]


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("earlier") / "line.txt"
    path.write_text("他来到了网易杭研大厦\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def vocabulary(line: Path) -> Path:
    zhprep("build-vocab", CORPUS, "-o", line.with_name("vocab"), "--vocab-size", 21128, python=EARLIER)
    return line.with_name("vocab")


@pytest.mark.parametrize(
    ("name", "text", "at_least"),
    [("segment", "corpus", 2.0), ("make-instances", "corpus", 1.6), ("segment", "line", 2.0)],
)
def test_beside_an_earlier_build(
    name: str, text: str, at_least: float, line: Path, vocabulary: Path, race: Race, tmp_path: Path
) -> None:
    source = CORPUS if text == "corpus" else line
    options = ("--vocab", vocabulary, "--mask", "wwm", "--static") if name == "make-instances" else ("--cws", "jieba")
    took: dict[str, list[Took]] = {EARLIER: [], sys.executable: []}
    for turn in range(N_TURNS + 1):
        for python, runs in took.items():
            output = () if text == "line" else ("-o", tmp_path / "out")
            run = zhprep(name, source, *output, "--workers", 1, *options, python=python)
            if turn:  # before, what is kept is made
                runs.append(run)
    theirs, ours = (statistics.median(run.processor for run in runs) for runs in took.values())
    memory, before = (statistics.median(run.memory for run in took[python]) for python in (sys.executable, EARLIER))
    what = f"{name}, {'23.6 MB' if text == 'corpus' else 'one line'}, start-up and all"
    ratio = race.add(what, f"the build at {EARLIER}", 1 / ours, 1 / theirs, "runs/s")
    print(f"{ours:.2f} s beside {theirs:.2f} s of processor, {memory:.0f} MB beside {before:.0f} MB")
    assert ratio > at_least
    assert memory < 1.02 * before
