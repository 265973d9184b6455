"""Pretraining is a function of data, recipe and seed: the same losses twice, the same weights when stopped in between."""

from __future__ import annotations

import json

import pytest
from command_line import made_by, process, zhprep
from safetensors.numpy import load_file

SETTINGS = ("--recipe", "bert-wwm", "--size", "tiny", "--steps", 8, "--batch-size", 8, "--log-every", 1, "--threads", 1)


def losses(run):
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text("utf-8").splitlines()]
    return [line["loss"] for line in lines if "loss" in line]


def same_weights(one, other):
    first, second = (load_file(run / "model.safetensors") for run in (one, other))
    return first.keys() == second.keys() and all(first[name].tobytes() == second[name].tobytes() for name in first)


@pytest.fixture(scope="module")
def whole(data, tmp_path_factory):
    """A run that was not stopped."""
    return made_by("pretrain", data, *SETTINGS, output=tmp_path_factory.mktemp("whole") / "run")


def test_twice_gives_the_same_losses(whole, data, tmp_path):
    again = made_by("pretrain", data, *SETTINGS, output=tmp_path / "run")
    assert len(losses(whole)) == 8
    assert losses(again) == losses(whole)
    assert same_weights(again, whole)


def test_another_process_gives_the_same_losses(whole, data, tmp_path):
    started = process("pretrain", data, *SETTINGS, "-o", tmp_path / "run", "--quiet")
    assert (started.communicate()[1], started.returncode) == (b"", 0)
    assert losses(tmp_path / "run") == losses(whole)
    assert same_weights(tmp_path / "run", whole)


def test_another_seed_gives_others(whole, data, tmp_path):
    other = made_by("pretrain", data, *SETTINGS, "--seed", 1, output=tmp_path / "run")
    assert losses(other)[0] != losses(whole)[0]


@pytest.mark.parametrize("stops", [(1,), (3, 6), (7,)], ids=str)
def test_stopped_and_gone_on_with_gives_the_same_weights(stops, whole, data, tmp_path):
    arguments = ("pretrain", data, *SETTINGS, "-o", tmp_path / "run", "--quiet")
    for stop in stops:
        assert zhprep(*arguments, "--stop-after", stop).code == 85
        assert not (tmp_path / "run" / "manifest.json").exists()
    assert zhprep(*arguments).code == 0
    assert losses(tmp_path / "run") == losses(whole)
    assert same_weights(tmp_path / "run", whole)


def test_static_data_are_trained_on_as_dynamic_ones_in_the_first_epoch(whole, sample_data, vocab, tmp_path):
    flags = ("--vocab", vocab, "--max-length", 64, "--static")
    static = made_by("make-instances", sample_data / "corpus", *flags, output=tmp_path / "data")
    run = made_by("pretrain", static, *SETTINGS, output=tmp_path / "run")
    assert losses(run) == losses(whole)


def test_a_run_of_a_recipe_is_the_separate_commands(sample_data, tmp_path):
    corpus = sample_data / "corpus" / "news.txt"
    at_once = zhprep(
        "run",
        "bert-wwm",
        corpus,
        "--size",
        "tiny",
        "--steps",
        2,
        "--vocab-size",
        3000,
        "-o",
        tmp_path / "work",
        "--quiet",
    )
    assert at_once.code == 0
    vocab = made_by("build-vocab", corpus, "--recipe", "bert-wwm", "--size", 3000, output=tmp_path / "vocab")
    flags = ("--recipe", "bert-wwm", "--vocab", vocab, "--max-length", 128)
    data = made_by("make-instances", corpus, *flags, output=tmp_path / "data")
    run = made_by("pretrain", data, "--size", "tiny", "--steps", 2, output=tmp_path / "run")
    for ours, theirs in ((vocab, "vocab"), (data, "data"), (run, "run")):
        shas = [
            json.loads((folder / "manifest.json").read_bytes())["content_sha256"]
            for folder in (ours, tmp_path / "work" / theirs)
        ]
        assert shas[0] == shas[1], theirs
