"""Spans are of characters, whatever a model's tokens are: bytes, words, or both."""

from __future__ import annotations

import pytest
from command_line import made_by
from made_tasks import mistakes, places, questions, write_task
from training_data import SENTENCES, nano

from zhprep.engine.distribution import World
from zhprep.evaluate.config import EvaluateConfig
from zhprep.evaluate.encode import TaskEncoder
from zhprep.evaluate.score import score_task
from zhprep.evaluate.spans import tags_of
from zhprep.evaluate.tasks import KINDS, read_task
from zhprep.models import model_config
from zhprep.models.checkpoints.files import save_model
from zhprep.models.model import seeded_model
from zhprep.vocab import load

CONFIG = EvaluateConfig(epochs=15, learning_rate=1e-2, seeds=(0,), max_length=96, batch_size=16, threads=1)


@pytest.fixture(scope="module", params=["bbpe", "word", "mixed"])
def model(request, tmp_path_factory):
    """A fresh model of another kind of tokens."""
    folder = tmp_path_factory.mktemp(request.param)
    (folder / "text.txt").write_text("\n".join(SENTENCES * 6) + "\n", "utf-8")
    size = {"bbpe": 290, "word": 90, "mixed": 150}[request.param]
    run = made_by("build-vocab", folder / "text.txt", "--type", request.param, "--size", size, output=folder / "vocab")
    (run / "manifest.json").unlink()
    sizes = {"sizes": {"nano": {**nano()["sizes"]["nano"], "max_position_embeddings": 96}}}
    described = model_config({"objectives": ["mlm"], **sizes}, "nano", load(run).size)
    save_model(seeded_model(described, 1), run)
    return run


@pytest.mark.parametrize("rows_of", [places, questions])
def test_spans_are_learnt_in_any_tokens(rows_of, model, tmp_path):
    task = read_task(write_task(tmp_path / "task", rows_of, 120, 30))
    found = score_task(model, task, CONFIG, World())
    assert found["f1"]["mean"] > max(found["baseline"]["f1"], 0.6)


def test_gold_spans_come_back_from_what_is_labelled(model, tmp_path):
    """Decoding the labels of the inputs gives the gold spans: nothing is lost between characters and tokens."""
    task = read_task(write_task(tmp_path / "task", places, 20, 20))
    inputs = task.kind.inputs(task.dev, task.labels, TaskEncoder(load(model), 96), train=False)
    labels = inputs.rows.lists["char_labels"]
    for number, example in enumerate(task.dev):
        expected = tags_of(example.gold, len(example.texts[0]))
        points = inputs.characters.points.row(number)
        assert [task.labels[one] for one in labels.row(number)] == [expected[point] for point in points]
        assert len(points) == len(example.texts[0])


def test_corrections_keep_the_length(model, tmp_path):
    task = read_task(write_task(tmp_path / "task", mistakes, 20, 10))
    found = score_task(model, task, EvaluateConfig(epochs=1, seeds=(0,), max_length=96), World())
    assert set(found) >= {"correction_f1", "character_detection_f1", "sentence_accuracy"}
    assert KINDS["correction"].metric == "correction_f1"
