"""``zhprep pretrain``."""

from __future__ import annotations

import json
import shutil

import pytest
from command_line import COUNTS, made_by, refused, zhprep

TINY = ("--recipe", "bert-wwm", "--size", "tiny", "--batch-size", 4, "--threads", 1)


def test_a_run_is_a_model(run):
    names = {path.name for path in run.iterdir()}
    assert {"config.json", "model.safetensors", "tokenizer.json", "log.jsonl", "report.json", "manifest.json"} <= names


def test_stopped_on_purpose_and_gone_on_with(data, tmp_path):
    arguments = ("pretrain", data, "-o", tmp_path / "run", *TINY, "--steps", 3)
    refused(
        zhprep(*arguments, "--stop-after", 1, "--quiet"), 85, "stopped as told at step 1 of 3", "run the same command"
    )
    result = zhprep(*arguments, "--json", "--quiet")
    assert (result.code, result.err) == (0, "")
    assert set(COUNTS) <= set(result.report)
    assert (result.report["steps"], result.report["instances"]) == (3, 12)
    report = json.loads((tmp_path / "run" / "report.json").read_text("utf-8"))
    assert report["content_sha256"] == result.report["content_sha256"]


def test_a_recipe_says_how_weights_are_changed_and_a_flag_goes_before_it(data, tmp_path):
    """RoBERTa's β₂ of 0.98, which no flag and no setting could state before."""
    recipe = tmp_path / "mine.toml"
    recipe.write_text('base = "bert-wwm"\n[pretrain]\nbeta2 = 0.98\nepsilon = 1e-8\nclip = 0.0\n', "utf-8")
    settings = ("--recipe", recipe, *TINY[2:], "--steps", 3)
    losses = {}
    for name, flags in (("said", ()), ("over", ("--beta2", 0.5)), ("lamb", ("--optimiser", "lamb"))):
        run = made_by("pretrain", data, *settings, *flags, output=tmp_path / name)
        config = json.loads((run / "plan.json").read_text("utf-8"))["config"]
        assert (config["beta2"], config["epsilon"]) == (0.5 if name == "over" else 0.98, 1e-8)
        losses[name] = json.loads((run / "log.jsonl").read_text("utf-8").splitlines()[1])["loss"]
    assert losses["said"] != losses["over"] != losses["lamb"] != losses["said"]
    refused(zhprep("pretrain", data, "-o", tmp_path / "no", *settings, "--optimiser", "lam"), 2, "'lam'", "'lamb'")
    refused(zhprep("pretrain", data, "-o", tmp_path / "no", *settings, "--beta2", 1.0), 2, "beta2 is 1.0", "below 1")


def test_a_step_of_another_run_is_wrong_data(data, tmp_path):
    settings = (*TINY, "--steps", 3, "--stop-after", 2, "--quiet")
    for name, seed in (("one", 0), ("other", 1)):
        assert zhprep("pretrain", data, "-o", tmp_path / name, *settings, "--seed", seed).code == 85
    shutil.rmtree(tmp_path / "one" / "step-2")
    shutil.copytree(tmp_path / "other" / "step-2", tmp_path / "one" / "step-2")
    again = zhprep("pretrain", data, "-o", tmp_path / "one", *settings, "--seed", 0)
    refused(again, 3, "step-2", "is not a checkpoint of this run", "remove this folder")


@pytest.mark.parametrize("static", ["--static", "--dynamic"])
def test_data_for_models_that_write_are_refused(static, sample_data, vocab, tmp_path):
    inputs = (sample_data / "corpus" / "news.txt", "--vocab", vocab, "--format", "single", "--corruption", "infill")
    data = made_by("make-instances", *inputs, static, output=tmp_path / "data")
    refused(
        zhprep("pretrain", data, "-o", tmp_path / "run", *TINY, "--steps", 3),
        2, "is for models that write (corruption infill)", "MaskingCollator",
    )  # fmt: skip
    assert not (tmp_path / "run").exists()


def test_what_is_wrong_is_told_before_anything_is_written(data, vocab, tmp_path):
    output = ("-o", tmp_path / "new" / "run")
    refused(zhprep("pretrain", data.parent / "daat", *output), 2, "no such file or folder", str(data))
    refused(zhprep("pretrain", vocab, *output), 3, "holds a table of vocabulary, not instances")
    refused(zhprep("pretrain", tmp_path, *output), 3, "was not made by zhprep")
    refused(zhprep("pretrain", data, *output, "--recipe", "brt"), 2, "unknown recipe 'brt'", "did you mean 'bert'?")
    refused(zhprep("pretrain", data, *output, "--size", "tinny"), 2, "unknown size 'tinny'", "did you mean 'tiny'?")
    refused(zhprep("pretrain", data, *output, *TINY, "--time-limit", "soon"), 2, "'soon' is not a duration")
    refused(zhprep("pretrain", data, *output, "--schedule", "linaer"), 2, "--schedule cannot be", "'linear'")
    assert list(tmp_path.iterdir()) == []


def test_places_are_not_trained_as_tokens(sample_data, vocab, tmp_path):
    settings = (sample_data / "corpus" / "news.txt", "--vocab", vocab, "--mask", "pert", "--format", "full-sentences")
    shuffled = made_by("make-instances", *settings, output=tmp_path / "data")
    refused(
        zhprep("pretrain", shuffled, "-o", tmp_path / "run", "--recipe", "roberta-wwm", *TINY), 2,
        "what is to be predicted are places (replacement shuffle)", "learns masked_places",
    )  # fmt: skip
    assert not (tmp_path / "run").exists()


def test_another_config_is_refused(data, run):
    arguments = ("pretrain", data, "-o", run, *TINY)
    refused(zhprep(*arguments, "--steps", 4), 2, "was begun with", "steps", "--overwrite")
