"""A recipe of two phases, from raw text to a scored model with one command, gone on with in either phase."""

from __future__ import annotations

import hashlib
import json
import signal
from pathlib import Path

import pyarrow as pa
import pytest
from command_line import process, refused, zhprep
from patience import wait_until

RECIPE = """
base = "bert-wwm"
[model]
max_position_embeddings = 128
[pretrain]
steps = 50
learning_rate = 1e-3
warmup = 0.1
checkpoint_every = 4
keep = 20
optimiser = "lamb"
[[pretrain.phases]]
steps = 20
batch_size = 16
instances = {max_length = 32}
[[pretrain.phases]]
steps = 30
batch_size = 4
instances = {max_length = 96}
"""


@pytest.fixture(scope="module")
def recipe(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("recipe") / "two-lengths.toml"
    path.write_text(RECIPE, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def sizes() -> tuple[object, ...]:
    return ("--size", "tiny", "--steps", 50, "--vocab-size", 2000, "--workers", 1, "--quiet")


@pytest.fixture(scope="module")
def corpus(sample_data) -> Path:
    return sample_data / "corpus" / "news.txt"


@pytest.fixture(scope="module")
def finished(tmp_path_factory, recipe, corpus, sizes) -> Path:
    folder = tmp_path_factory.mktemp("whole") / "out"
    result = zhprep("run", recipe, corpus, "-o", folder, *sizes)
    assert result.code == 0, result.err
    return folder


def longest(data: Path) -> int:
    shards = sorted(data.glob("data-*.arrow"))
    tables = [pa.ipc.open_stream(pa.memory_map(str(shard))).read_all() for shard in shards]
    return max(len(ids) for table in tables for ids in table["input_ids"].to_pylist())


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_one_command_makes_the_data_of_each_phase_and_trains_on_them(finished):
    assert 24 < longest(finished / "data-1") <= 32 < 80 < longest(finished / "data") <= 96
    plan = json.loads((finished / "run" / "plan.json").read_text())
    hashes = [
        json.loads((finished / name / "manifest.json").read_text())["content_sha256"] for name in ("data-1", "data")
    ]
    assert plan["data"] == hashes
    report = json.loads((finished / "run" / "report.json").read_text())
    assert report["instances"] == 20 * 16 + 30 * 4
    assert (finished / "report.html").exists()
    status = zhprep("status", finished)
    assert status.code == 0
    assert b"data-1" in status.out


def test_the_stages_one_by_one_give_the_same(tmp_path, recipe, corpus, finished, sizes):
    folders = []
    for length in (32, 96):
        folders.append(tmp_path / str(length))
        made = zhprep(
            "make-instances", corpus, "--recipe", recipe, "--vocab", finished / "vocab", "--max-length", length,
            "-o", folders[-1], "--quiet",
        )  # fmt: skip
        assert made.code == 0, made.err
    settings = ("--recipe", recipe, *sizes[:4], "--quiet")
    refused(
        zhprep("pretrain", folders[1], "-o", tmp_path / "run", *settings),
        2,
        "max_length 96",
        "the phase from step 0 has 32",
    )
    refused(
        zhprep("pretrain", *folders[::-1], "-o", tmp_path / "run", *settings), 2, "max_length 96", "--max-length 32"
    )
    result = zhprep("pretrain", *folders, "-o", tmp_path / "run", *settings)
    assert result.code == 0, result.err
    assert sha256(tmp_path / "run" / "model.safetensors") == sha256(finished / "run" / "model.safetensors")


@pytest.mark.parametrize("step", [8, 24])
def test_a_run_killed_in_either_phase_goes_on_to_the_same_weights(tmp_path, recipe, corpus, finished, sizes, step):
    folder = tmp_path / "out"
    running = process("run", recipe, corpus, "-o", folder, *sizes)
    wait_until(lambda: (folder / "run" / f"step-{step}").exists() or running.poll() is not None, 300)
    assert running.poll() is None, running.stderr.read()
    running.send_signal(signal.SIGKILL)
    running.communicate()
    assert not (folder / "run" / "manifest.json").exists()
    assert zhprep("run", recipe, corpus, "-o", folder, *sizes).code == 0
    assert sha256(folder / "run" / "model.safetensors") == sha256(finished / "run" / "model.safetensors")
