"""What ``zhprep plan --estimate`` says of a corpus from a third of it, beside what the commands take of the whole.

Both in seconds of processor, which others who use the machine stretch little, without what a command takes to begin.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from whole import Took, command, zhprep

N_COPIES = 24
NOISE = 0.5


@pytest.fixture(scope="module")
def corpus(documents: list[list[str]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A million characters, many times over: nothing but the amount tells one part from another."""
    path = tmp_path_factory.mktemp("estimate") / "corpus.txt"
    text = "\n\n".join("\n".join(document) for document in documents) + "\n\n"
    path.write_text(text * N_COPIES, encoding="utf-8")
    return path


def test_the_estimate_is_what_the_commands_take(corpus: Path, tmp_path: Path) -> None:
    flags = ["plan", corpus, "--estimate", "--sample", "24MiB", "--parts", "16", "--json", "--quiet"]
    line = [sys.executable, "-m", "zhprep", *map(str, flags)]
    found = json.loads(subprocess.run(line, check=True, capture_output=True).stdout)
    seconds = {stage["stage"]: 3600 * stage["core_hours"]["value"] for stage in found["stages"]}
    disk = {stage["stage"]: stage["disk_bytes"]["value"] for stage in found["stages"]}
    start = command("-c", "import zhprep.run.recipe")
    vocabulary = zhprep("build-vocab", corpus, "-o", tmp_path / "v", "--recipe", "bert-wwm", "--workers", 1)
    made_with = ("--vocab", tmp_path / "v", "--recipe", "bert-wwm", "--workers", 1)
    data = zhprep("make-instances", corpus, "-o", tmp_path / "d", *made_with)
    written = sum(file.stat().st_size for file in (tmp_path / "d").glob("data-*"))
    planned = seconds["plan"]
    print(f"\n{corpus.stat().st_size / 1e6:.0f} MB of text, {found['sample']['text_bytes'] / 1e6:.0f} MB sampled")
    close("build-vocab", planned + seconds["vocab (count)"] + seconds["vocab (learn)"], vocabulary, start)
    close("make-instances", planned + seconds["data"], data, start)
    print(f"disk            estimate {disk['data'] / 1e6:8.1f} MB   whole {written / 1e6:8.1f} MB")
    assert disk["data"] == pytest.approx(written, rel=0.05)


def close(name: str, estimate: float, took: Took, start: Took) -> None:
    """Print both and hold the estimate to three quarters to four thirds, apart from what it takes to begin."""
    whole = took.processor - start.processor
    print(f"{name:<16}estimate {estimate:8.1f} s    whole {whole:8.1f} s")
    assert whole * 3 / 4 - NOISE < estimate < whole * 4 / 3 + NOISE
