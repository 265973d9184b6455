from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import shutil
from collections import Counter

import numpy as np
import pytest
import torch
from command_line import in_processes, zhprep
from training_data import IDS, SPECIALS, TOKENS, nano, pair, write_instances, write_vocabulary

from zhprep.collate import Instances
from zhprep.core.errors import DataError, UsageError
from zhprep.core.progress import Progress
from zhprep.core.shards import add_files
from zhprep.engine.distribution import World
from zhprep.engine.validation import EPOCH
from zhprep.evaluate.config import EvaluateConfig
from zhprep.evaluate.intrinsic import _spelling, characters, held_out_facts, intrinsic
from zhprep.evaluate.run import evaluate
from zhprep.models.checkpoints.files import load_model
from zhprep.pretrain.config import PretrainConfig
from zhprep.pretrain.job import open_instances
from zhprep.pretrain.run import pretrain
from zhprep.pretrain.split import split
from zhprep.vocab import Vocabulary, load

QUICK = EvaluateConfig(epochs=12, learning_rate=5e-3, seeds=(0, 1), threads=1, max_length=32)


@pytest.fixture
def run(finished, tmp_path):
    """A run that a test may write into."""
    shutil.copytree(finished, tmp_path / "run")
    return tmp_path / "run"


def test_held_out_figures_are_those_of_the_run_and_beat_the_unigram(run):
    found = evaluate(run, QUICK).scores["intrinsic"]
    said = json.loads((run / "report.json").read_text())["held_out"]["mlm"]
    assert found["loss"] == pytest.approx(said["loss"], rel=1e-5)
    assert (found["accuracy"], found["masked_tokens"]) == (said["accuracy"], said["count"])
    assert found["perplexity"] == pytest.approx(math.exp(found["loss"]))
    assert found["loss"] < found["unigram_loss"] - 0.5
    assert json.loads((run / "scores.json").read_text()) == {"intrinsic": found}


def test_figures_by_the_slow_way(finished, data):
    """One token at a time, with counters: unigram loss, and bits over the characters that masked tokens stand for."""
    vocabulary, model = load(data / "vocab"), load_model(finished)
    instances, view = open_instances(data, model, vocabulary)
    rows, held_out = split(instances, 0.1)
    counts = Counter(dict.fromkeys(range(len(TOKENS)), 1))
    for number in rows.tolist():
        counts.update(pair(number)["input_ids"])
    for token in ("[PAD]", "[CLS]", "[SEP]", "[MASK]"):
        del counts[IDS[token]]
    gathered = instances.gather(held_out)
    labels = view(gathered, np.full(len(held_out), EPOCH)).plain["masked_labels"].tolist()
    expected = -sum(math.log(counts[label] / counts.total()) for label in labels) / len(labels)
    found = intrinsic(finished, data, 0.1, World())
    assert found["unigram_loss"] == pytest.approx(expected)
    commonest = max(TOKENS, key=lambda token: counts[IDS[token]])
    assert found["unigram_accuracy"] == pytest.approx(labels.count(IDS[commonest]) / len(labels))
    assert found["masked_characters"] == found["masked_tokens"] == len(labels)
    assert found["bits_per_character"] == pytest.approx(found["loss"] / math.log(2), rel=1e-6)
    assert found["instances"] == len(held_out)


def test_unigram_figures_of_data_masked_on_disk_count_the_original_tokens(finished, tmp_path):
    """All tokens but the masked ones are the same, so with them put back the distribution is that of clean data."""
    clean, static = (write_instances(tmp_path / str(kind), static=kind) for kind in (False, True))
    model, vocabulary = load_model(finished), load(finished)
    from zhprep.evaluate.intrinsic import unigram_losses

    losses = []
    for data in (clean, static):
        instances, view = open_instances(data, model, vocabulary)
        losses.append(unigram_losses(instances, view, np.arange(200, dtype=np.uint32), vocabulary))
    assert losses[0].tolist() == losses[1].tolist()
    assert np.isinf(losses[0][IDS["[MASK]"]])


def test_held_out_text_is_known_again_whatever_is_masked(finished, data, tmp_path):
    """By its characters, in the order of the rows: those of data masked on disk are the same, twice over."""
    model, vocabulary = load_model(finished), load(finished)

    def facts(folder, rows):
        instances, view = open_instances(folder, model, vocabulary)
        return held_out_facts(instances, view, rows, vocabulary)

    rows = np.array([3, 17, 150])
    text = "".join(TOKENS[token] for row in rows.tolist() for token in pair(row)["input_ids"])
    for special in SPECIALS:
        text = text.replace(special, "")
    found = facts(data, rows)
    assert found["text_sha256"] == hashlib.sha256(text.encode()).hexdigest()
    assert (found["apart"], found["corpus"]) == (0.0, "200 rows, static False")
    static = write_instances(tmp_path / "static", static=True)
    assert facts(static, rows)["text_sha256"] == found["text_sha256"]
    assert facts(static, rows + 200)["text_sha256"] == found["text_sha256"]
    assert facts(data, rows + 1)["text_sha256"] != found["text_sha256"]


def test_text_is_the_same_in_tokens_of_any_kind():
    characters = Vocabulary(kind="wordpiece", tokens=[*SPECIALS, "中", "国", "##国", "the"], tokenizer_json="")
    assert _spelling(characters) == [b"", "\ufffd".encode(), b"", b"", b"", *map(str.encode, "中国国"), b"the"]
    in_bytes = Vocabulary(kind="bbpe", tokens=[*SPECIALS, "ä¸Ń", "ä¸", "Ń", "Ġthe"], tokenizer_json="")
    assert _spelling(in_bytes)[5:] == ["中".encode(), "中".encode()[:2], "中".encode()[2:], b"the"]


def test_a_token_stands_for_its_characters():
    tokens = [*SPECIALS, "中", "##中", "abc", "##bc", "##", "##中国", "𠮷"]
    vocabulary = Vocabulary(kind="wordpiece", tokens=tokens, tokenizer_json="")
    assert characters(vocabulary).tolist() == [0, 1, 0, 0, 0, 1, 1, 3, 2, 2, 2, 1]
    tokens = [*SPECIALS, "ä¸Ń", "ä¸", "Ń", "Ġthe", "Ġä¸ŃåĽ½", "Ċ", "ab"]  # 中, its parts, the, 中国, a line's end
    vocabulary = Vocabulary(kind="bbpe", tokens=tokens, tokenizer_json="")
    assert characters(vocabulary).tolist() == [0, 1, 0, 0, 0, 1, 1, 0, 3, 2, 1, 2]
    vocabulary = Vocabulary(kind="unigram", tokens=[*SPECIALS, "▁中国", "▁", "国"], tokenizer_json="")
    assert characters(vocabulary).tolist()[5:] == [2, 1, 1]


def test_a_task_is_learnt_and_scored_for_each_seed(run, task):
    found = evaluate(run, QUICK, tasks=[task]).scores["tasks"]["meals"]
    assert found["accuracy"]["mean"] > 0.95 > 0.6 > found["baseline"]["accuracy"]
    assert found["macro_f1"]["mean"] > 0.9
    assert len(found["accuracy"]["values"]) == 2
    assert (found["classes"], found["train_rows"], found["dev_rows"], found["seeds"]) == (3, 240, 90, [0, 1])
    assert found["config"]["learning_rate"] == 5e-3


def test_progress_is_shown_over_all_seeds(run, task, capsys, monkeypatch):
    monkeypatch.setattr("zhprep.core.progress.SECONDS_BETWEEN_LINES", 0.0)
    config = EvaluateConfig(epochs=1, seeds=(0, 1), batch_size=60, max_length=20)
    evaluate(run, config, tasks=[task], progress=lambda label: Progress(label, "auto"))
    lines = capsys.readouterr().err.splitlines()
    assert [line.split()[1:6] for line in lines] == [
        ["evaluate", "meals", f"{step / 8:.1%},", f"{step}", "of"] for step in range(1, 9)
    ]
    assert all("8 steps, " in line and " tokens/s, " in line for line in lines)
    evaluate(run, config, tasks=[task])
    assert capsys.readouterr().err == ""


def test_scores_are_the_same_twice_and_those_of_other_tasks_stay(run, task, tmp_path):
    few = dataclasses.replace(QUICK, epochs=2)
    first = evaluate(run, few, tasks=[task]).scores["tasks"]["meals"]
    other = tmp_path / "other"
    shutil.copytree(task, other)
    both = evaluate(run, few, tasks=[other]).scores["tasks"]
    assert both["other"] == both["meals"] == first
    assert json.loads((run / "scores.json").read_text())["tasks"].keys() == {"meals", "other"}


def test_the_sentence_heads_pooler_is_used_and_the_weights_on_disk_stay(run, task):
    before = (run / "model.safetensors").read_bytes()
    frozen = dataclasses.replace(QUICK, learning_rate=0.0, epochs=1, seeds=(3,))
    evaluate(run, frozen, tasks=[task])
    assert (run / "model.safetensors").read_bytes() == before


def test_a_folder_of_transformers_can_be_evaluated(tmp_path, data, task):
    transformers = pytest.importorskip("transformers")
    config = transformers.BertConfig(
        vocab_size=len(TOKENS), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64
    )
    torch.manual_seed(0)
    transformers.logging.disable_progress_bar()
    transformers.BertForMaskedLM(config).save_pretrained(tmp_path)
    write_vocabulary(tmp_path)
    scores = evaluate(tmp_path, dataclasses.replace(QUICK, epochs=1), tasks=[task]).scores
    assert scores.keys() == {"tasks"}
    scores = evaluate(tmp_path, QUICK, data=data).scores
    assert scores["intrinsic"]["loss"] == pytest.approx(math.log(len(TOKENS)), abs=0.2)


def test_data_that_moved_are_asked_for(run, data):
    report = json.loads((run / "report.json").read_text())
    (run / "report.json").write_text(json.dumps(report | {"data": "/gone"}))
    add_files(run, ["report.json"])
    with pytest.raises(UsageError, match="no longer at /gone") as caught:
        evaluate(run, QUICK)
    assert "--data" in caught.value.hint
    assert "intrinsic" in evaluate(run, QUICK, data=data).scores


def test_data_that_are_gone_are_not_needed_for_tasks_and_sentences(run, task, data, tmp_path):
    (tmp_path / "text.txt").write_text("".join(TOKENS[-8:]) * 4, "utf-8")
    report = json.loads((run / "report.json").read_text())
    (run / "report.json").write_text(json.dumps(report | {"data": "/gone"}))
    add_files(run, ["report.json"])
    found = evaluate(
        run, dataclasses.replace(QUICK, epochs=1, seeds=(0,)), tasks=[task], held_out=tmp_path / "text.txt"
    )
    assert found.scores.keys() == {"shared_masks", "tasks"}
    assert "unigram_loss" not in found.scores["shared_masks"]["characters"]
    assert any("no longer at /gone: no figures on held-out instances" in note for note in found.notes)
    known = evaluate(run, QUICK, data=data, held_out=tmp_path / "text.txt").scores["shared_masks"]
    assert "unigram_loss" in known["characters"]
    assert evaluate(run, QUICK, held_out=tmp_path / "text.txt").scores["shared_masks"] == known
    (tmp_path / "text.txt").write_text("".join(TOKENS[-9:]) * 4, "utf-8")
    other = evaluate(run, QUICK, held_out=tmp_path / "text.txt").scores["shared_masks"]
    assert "unigram_loss" not in other["characters"]


def test_figures_that_were_edited_are_not_sealed_with_new_ones(run):
    (run / "scores.json").write_text("{}")
    with pytest.raises(DataError, match="is not in the manifest"):
        evaluate(run, QUICK)
    (run / "scores.json").unlink()
    scores = evaluate(run, QUICK).scores
    scores["intrinsic"]["loss"] /= 2
    (run / "scores.json").write_text(json.dumps(scores))
    with pytest.raises(DataError, match=r"scores\.json: its bytes are not those of the manifest") as caught:
        evaluate(run, QUICK)
    assert "remove it and score the run again" in caught.value.hint
    (run / "scores.json").unlink()
    assert evaluate(run, QUICK).scores["intrinsic"]["loss"] == pytest.approx(2 * scores["intrinsic"]["loss"])


def test_what_does_not_fit_is_told_before_anything_is_computed(run, task, data, tmp_path):
    with pytest.raises(UsageError, match=r"train\.jsonl is missing"):
        evaluate(run, QUICK, tasks=[task, tmp_path / "nothing"])
    assert not (run / "scores.json").exists()
    with pytest.raises(UsageError, match="--max-length is 64, the model has 32 positions"):
        evaluate(run, dataclasses.replace(QUICK, max_length=64), tasks=[task])
    with pytest.raises(DataError, match="no instances are held out"):
        intrinsic(run, data, 0.0, World())


def test_an_unfinished_run_is_told(run, data):
    for name in ("config.json", "model.safetensors", "manifest.json"):
        (run / name).unlink()
    with pytest.raises(DataError, match="is unfinished"):
        evaluate(run, QUICK)
    with pytest.raises(DataError, match="is unfinished"):
        evaluate(run, QUICK, data=data)
    (run / "plan.json").unlink()
    with pytest.raises(DataError, match=r"no config\.json"):
        evaluate(run, QUICK)


def test_a_model_that_predicts_no_tokens_has_the_figures_of_its_objectives(tmp_path, data, task):
    config = PretrainConfig(size="nano", steps=2, batch_size=8)
    report = pretrain(data, tmp_path / "run", nano(objectives=["next_sentence"]), config)
    scores = evaluate(tmp_path / "run", dataclasses.replace(QUICK, epochs=1, seeds=(0,)), tasks=[task]).scores
    assert scores["intrinsic"].keys() == {"instances", "held_out", "objectives"}
    found = report.scores["held_out"]["next_sentence"]
    baseline = scores["intrinsic"]["objectives"]["next_sentence"].pop("baseline_accuracy")
    assert scores["intrinsic"]["objectives"] == {"next_sentence": pytest.approx(found, rel=1e-5)}
    instances = Instances(data, needs=("instance_id",))
    held_out = split(instances, config.validation)[1].tolist()
    second = sum(pair(row)["next_sentence_label"] for row in held_out) / len(held_out)
    assert baseline == pytest.approx(max(second, 1 - second))
    assert scores["tasks"].keys() == {"meals"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("settings", "flags"),
    [
        ({"body": "generator-discriminator", "objectives": ["mlm", "rtd"]}, ()),  # the generator reads no task
        ({}, ("--layers", "1")),  # nor does what is above
    ],
)
def test_several_processes_fine_tune_a_model_of_which_a_task_reads_a_part(settings, flags, data, task, tmp_path):
    """Without dropout, the scores of one process but for the order of sums: here the very same."""
    still = {"hidden_dropout": 0.0, "attention_dropout": 0.0}
    config = PretrainConfig(size="nano", steps=2, batch_size=8, validation=0.1)
    run, alone = tmp_path / "run", tmp_path / "alone"
    pretrain(data, run, nano(**still, **settings), config)
    shutil.copytree(run, alone)
    said = (
        "--task",
        task,
        "--epochs",
        "2",
        "--seeds",
        "0",
        "--dropout",
        "0",
        "--max-length",
        "32",
        "--learning-rate",
        "1e-3",
        *flags,
    )
    in_processes(2, "-m", "zhprep", "evaluate", run, *said)
    assert zhprep("evaluate", alone, *said).code == 0
    scores = [json.loads((folder / "scores.json").read_bytes())["tasks"] for folder in (run, alone)]
    ((name, shared),) = scores[0].items()
    assert shared["accuracy"] == scores[1][name]["accuracy"]
