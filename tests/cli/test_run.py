"""``zhprep run``."""

from __future__ import annotations

import json

from command_line import COUNTS, refused, zhprep

from zhprep.run.held_out import NONE_HELD_OUT

WIDER = 'base = "rbt3"\n[initial]\nrecipe = "rbt3"\nsize = "mini"'
SMALL = ("--size", "tiny", "--steps", 2, "--vocab-size", 3000)


def test_everything_is_made_and_kept(sample_data, tmp_path):
    recipe = tmp_path / "mine.toml"
    recipe.write_text('base = "bert-wwm"\n[instances]\nvalidation_fraction = 0.2\n', encoding="utf-8")
    arguments = ("run", recipe, sample_data / "corpus" / "news.txt", "-o", tmp_path / "work", *SMALL)
    first = zhprep(*arguments, "--json")
    assert first.code == 0, first.err
    assert set(COUNTS) <= set(first.report)
    report = tmp_path / "work" / "report.html"
    assert (first.report["output"], first.report["report"]) == (str(tmp_path / "work"), str(report))
    assert first.report["seconds"] > 0.1
    assert first.report["chars_per_second"] < 1_000_000
    assert f"report                {report}" in first.err.splitlines()
    assert [line.split()[0] for line in first.err.splitlines()[:4]] == ["vocab", "data", "run", "evaluate"]
    assert {path.name for path in report.parent.iterdir()} == {
        ".run.json",
        "vocab",
        "data",
        "held-out",
        "run",
        "report.html",
    }
    assert "hidden words, accuracy" in report.read_text("utf-8")
    assert zhprep("verify", tmp_path / "work").code == 0
    stamps = {path: path.stat().st_mtime_ns for path in report.parent.rglob("*.safetensors")}
    assert stamps
    second = zhprep(*arguments, "--json", "--quiet")
    assert (second.code, second.report["chars_per_second"]) == (0, 0)
    assert second.report["content_sha256"] == first.report["content_sha256"]
    assert {path: path.stat().st_mtime_ns for path in stamps} == stamps
    scores = json.loads((tmp_path / "work" / "run" / "scores.json").read_bytes())
    assert scores["shared_masks"]["text"] == first.report["shared_masks"]["text"]
    alone = zhprep("evaluate", tmp_path / "work" / "run", "--json", "--quiet")
    assert alone.report["shared_masks"] == scores["shared_masks"]


def test_what_is_wrong_is_told_before_anything_is_read(sample_data, vocab, tmp_path):
    rest = (tmp_path / "missing.txt", "-o", tmp_path / "work")
    refused(zhprep("run", "bert-wmw", *rest), 2, "unknown recipe 'bert-wmw'", "did you mean 'bert-wwm'?")
    refused(zhprep("run", "bert", *rest, "--size", "tinny"), 2, "unknown size 'tinny'", "did you mean 'tiny'?")
    refused(zhprep("run", "bert", *rest, "--task", sample_data / "tasks" / "topci"), 2, "no such file", "topic")
    refused(zhprep("run", "bert", *rest, "--task", vocab), 2, "train.jsonl is missing")
    refused(zhprep("run", "bert", *rest, "--vocab", sample_data), 3, "has no tokenizer.json")
    refused(zhprep("run", "bert", *rest, "--steps", 0), 2, "--steps")
    assert list(tmp_path.iterdir()) == []


def test_a_recipe_of_ones_own(sample_data, tmp_path):
    recipe = tmp_path / "mine.toml"
    for text, code, parts in (
        ('base = "brt"', 2, ["unknown recipe 'brt'", "'bert'"]),
        ('base = "bert"\n[instance]\nmask = "wwm"', 2, ["unknown section 'instance'", "'instances'"]),
        ('base = "bert"\n[instances]\nmusk = "wwm"', 2, ["unknown setting 'musk' in [instances]", "'mask'"]),
        ('base = "bert"\n[instances]\nmask = "wmw"', 2, ["unknown mask strategy 'wmw'", "'wwm'"]),
        ('base = "bert"\n[instances]\nrate = "much"', 2, ["mask_prob must be float in [instances]"]),
        ('base = "bert"\n[model]\nobjectives = ["mlmm"]', 2, ["unknown objective 'mlmm'", "'mlm'"]),
        ('base = "bert"\n[pretrain]\nlog_every = 0', 2, ["log_every is 0 in [pretrain]"]),
        ('base = "mine.toml"', 2, ["mine.toml' is based on itself"]),
        (WIDER, 2, ["at tiny has hidden_size 128, recipe 'rbt3' at mini", "which it goes on from, 256", "[initial]"]),
        ('base = "rbt3"\n[initial]\nsize = "tinny"', 2, ["unknown size 'tinny'", "'tiny'"]),
        ("base = bert", 3, ["is not TOML"]),
    ):
        recipe.write_text(text, encoding="utf-8")
        result = zhprep("run", recipe, sample_data / "corpus", "-o", tmp_path / "work", "--size", "tiny", "--steps", 1)
        refused(result, code, *parts)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.toml"]


def test_an_encoder_is_not_trained_to_write(sample_data, tmp_path):
    recipe = tmp_path / "mine.toml"
    recipe.write_text('base = "bert"\n[instances]\nformat = "single"\ncorruption = ["infill"]\n', encoding="utf-8")
    result = zhprep("run", recipe, sample_data / "corpus", "-o", tmp_path / "work", *SMALL)
    refused(result, 2, "is for models that write (corruption infill)", "'mlm' learns masked_labels", "learns labels")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.toml"]


def test_a_small_step_further_is_another_run(sample_data, tmp_path):
    arguments = ("run", "bert-wwm", sample_data / "corpus" / "news.txt", "-o", tmp_path / "work", "--quiet")
    first = zhprep(*arguments, *SMALL, "--json")
    assert first.code == 0
    assert first.report["notes"] == [NONE_HELD_OUT]
    scores = json.loads((tmp_path / "work" / "run" / "scores.json").read_bytes())
    assert set(scores) == {"intrinsic"}  # of so few documents none is held out by its hash: there is no text
    refused(zhprep(*arguments, *SMALL, "--seed", 5), 2, "another config", "seed", "--overwrite")
    assert json.loads((tmp_path / "work" / "data" / "manifest.json").read_text())["config"]["instances"]["seed"] == 0
