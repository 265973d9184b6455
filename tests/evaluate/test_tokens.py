"""Spans are of characters, whatever a model's tokens are: bytes, words, or both."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from command_line import made_by
from made_tasks import ROWS, blanks, mistakes, places, questions, write_task
from training_data import SENTENCES, nano

from zhprep.core.progress import NO_PROGRESS
from zhprep.engine.distribution import World
from zhprep.engine.log import Meter
from zhprep.evaluate.config import EvaluateConfig
from zhprep.evaluate.encode import TaskEncoder
from zhprep.evaluate.finetune import FineTuner
from zhprep.evaluate.score import score_task
from zhprep.evaluate.spans import tags_of
from zhprep.evaluate.task import Example
from zhprep.evaluate.tasks import read_task
from zhprep.evaluate.tasks.correction import tokens_of
from zhprep.models import model_config
from zhprep.models.bodies.two_granularities import NAME
from zhprep.models.checkpoints.files import load_model, save_model
from zhprep.models.model import seeded_model
from zhprep.vocab import load

CONFIG = EvaluateConfig(epochs=15, learning_rate=1e-2, seeds=(0,), max_length=96, batch_size=16, threads=1)
SIZE = {"bbpe": 290, "word": 90, "mixed": 150, "wordpiece": 200}
ENCODERS = {"ambert": "shared", "ambert-hybrid": "joint"}
"""Models of characters and words at once."""
ALL = [*list(SIZE)[:3], *ENCODERS]


def vocabulary(kind: str, folder: Path, output: Path) -> Path:
    (folder / "text.txt").write_text("\n".join(SENTENCES * 6) + "\n", "utf-8")
    made = made_by("build-vocab", folder / "text.txt", "--type", kind, "--size", SIZE[kind], output=output)
    (made / "manifest.json").unlink()
    return made


@pytest.fixture(scope="module")
def model(request, tmp_path_factory):
    """A fresh model of another kind of tokens."""
    folder, encoder = tmp_path_factory.mktemp(request.param), ENCODERS.get(request.param)
    run = vocabulary(request.param if request.param in SIZE else "wordpiece", folder, folder / "vocab")
    sizes = {"sizes": {"nano": {**nano()["sizes"]["nano"], "max_position_embeddings": 96}}}
    settings: dict[str, object] = {"objectives": ["mlm"], **sizes}
    if encoder:
        own = {"encoder": encoder, "coarse_vocab_size": load(vocabulary("mixed", folder, run / "coarse-vocab")).size}
        settings |= {"body": NAME, "objectives": ["mlm", "mlm:coarse"], NAME: own}
    if request.param == "electra":
        halves = "generator-discriminator"
        settings |= {"body": halves, "objectives": ["mlm", "rtd"], halves: {"generator_size": 0.5}}
    save_model(seeded_model(model_config(settings, "nano", load(run).size), 1), run)
    return run


def some(*names: str):
    return pytest.mark.parametrize("model", names, indirect=True)


def tuner(model: Path, task: Path, max_length: int = 96) -> FineTuner:
    return FineTuner(model, [read_task(task)], dataclasses.replace(CONFIG, max_length=max_length, epochs=1), World())


@pytest.mark.parametrize(
    ("model", "rows_of"), [("bbpe", places), ("word", questions), ("ambert", questions)], indirect=["model"]
)
def test_spans_are_learnt_in_any_tokens(rows_of, model, tmp_path):
    task = read_task(write_task(tmp_path / "task", rows_of, 120, 30))
    found = score_task(model, task, CONFIG, World())
    assert found["f1"]["mean"] > max(found["baseline"]["f1"], 0.6)


def right(kind: str, said: list[Any], part: list[Example], labels: Sequence[str]) -> float | None:
    """The score of what was said, found again from the texts alone; asserts that each is an answer to its example."""
    for one, example in zip(said, part, strict=True):
        text = example.texts[0]
        if kind == "tagging":
            points, tags = one
            assert points == [place for place, character in enumerate(text) if not character.isspace()]
            assert set(tags) <= set(labels)
        elif kind == "reading":
            assert one
            assert one in text
        elif kind == "correction":
            assert len(one) == len(text)
            assert not any("\u0080" <= new < "\u3000" for new in one)  # no letters that stand for bytes
        elif kind in ("choice", "cloze"):
            assert 0 <= one < len(example.choices)
    if kind in ("tagging", "similarity", "correction"):
        return None
    golds = [{text for text, _ in example.gold} if kind == "reading" else {example.gold} for example in part]
    return float(np.mean([one in gold for one, gold in zip(said, golds, strict=True)]))


@some(*ALL, "electra")
def test_every_kind_is_trained_and_says_answers_of_its_texts(model, tmp_path):
    """Of texts that are cut, too: scores are those of the texts that are said, not of tokens."""
    for name, rows_of in ROWS.items():
        made = tuner(model, write_task(tmp_path / name, rows_of, 16, 12), 24)
        learnt, task = made.run(0, Meter(NO_PROGRESS, 0, made.steps_per_epoch)), made.prepared.task
        said = made.prepared.said(learnt, "dev", World(), 8)
        score = right(name, said, task.dev, task.labels)
        if score is not None:
            assert made.scores(learnt, "dev")[task.kind.metric] == pytest.approx(score), name


@some(*ALL)
def test_gold_answers_come_back_from_what_is_labelled(model, tmp_path):
    """Decoding the labels of the inputs gives the gold answers: nothing is lost between characters and tokens."""
    task = read_task(write_task(tmp_path / "places", places, 20, 20))
    encoder = tuner_encoder(model, 96)
    inputs = task.kind.inputs(task.dev, task.labels, encoder, train=False)
    labels = inputs.rows.lists["char_labels"]
    for number, example in enumerate(task.dev):
        expected = tags_of(example.gold, len(example.texts[0]))
        points = inputs.characters.points.row(number)
        assert [task.labels[one] for one in labels.row(number)] == [expected[point] for point in points]
        assert len(points) == len(example.texts[0])
    task = read_task(write_task(tmp_path / "questions", questions, 20, 20))
    inputs = task.kind.inputs(task.dev, (), tuner_encoder(model, 28 if "bbpe" in str(model) else 16), train=False)
    points, told = inputs.characters.points, np.zeros((len(inputs.characters.points.values), 2))
    assert len(inputs) > len(task.dev)
    for end, name in enumerate(("answer_start", "answer_end")):
        there = np.flatnonzero(inputs.rows.plain[name])
        told[points.offsets[there] + inputs.rows.plain[name][there] - 1, end] = 1.0
    assert task.kind.scores(task.kind.decode(told, inputs, task.dev, ()), task.dev, ())["em"] == 1.0


@some(*ALL)
def test_corrections_are_of_characters_whatever_tokens_are(model, tmp_path):
    """Told what is labelled, all comes out right that a single token can say; of one's own tokens nothing changes."""
    task = read_task(write_task(tmp_path / "task", mistakes, 20, 20))
    encoder = tuner_encoder(model, 96)
    inputs = task.kind.inputs(task.dev, (), encoder, train=False)
    labels = inputs.rows.lists["char_labels"].values
    unsaid = {character for character in "在看" if tokens_of(np.array([character]), encoder)[0] < 0}
    said = task.kind.decode(np.where(labels < 0, inputs.own, labels), inputs, task.dev, ())
    for one, example in zip(said, task.dev, strict=True):
        lost = [
            old if new in unsaid and new != old else new
            for new, old in zip(example.gold, example.texts[0], strict=True)
        ]
        assert one == "".join(lost)
    assert len(unsaid) < 2
    assert (inputs.own[labels == encoder.vocabulary.unk] < 0).all()
    untold = task.kind.decode(np.where(inputs.own < 0, encoder.vocabulary.unk, inputs.own), inputs, task.dev, ())
    assert untold == [example.texts[0] for example in task.dev]


def tuner_encoder(model: Path, max_length: int) -> TaskEncoder:
    coarse = load(model / "coarse-vocab") if (model / "coarse-vocab").exists() else None
    return TaskEncoder(load(model), max_length, (), coarse)


@some("ambert", "ambert-hybrid")
def test_a_blank_is_masked_in_both_granularities(model, tmp_path):
    """Each coarse row has the words of what the fine one has, masks for masks, cut at the same places of the text."""
    before, after = "今天天气很好！猫坐在桌子上。" * 3, "学生在学校看书。我在北京喝茶。" * 3
    row = {"text": f"{before}#idiom1#{after}", "candidates": ["今天天气", "学校", "喝"], "answer": "学校"}
    (tmp_path / "train.jsonl").write_text(json.dumps(row) + "\n", "utf-8")
    short = {**row, "text": f"#idiom2#{after[:4]}"}
    (tmp_path / "dev.jsonl").write_text(json.dumps(short) + "\n" + json.dumps(row) + "\n", "utf-8")
    encoder, task = tuner_encoder(model, 30), read_task(tmp_path)
    inputs = task.kind.inputs(task.dev, task.labels, encoder, train=False)
    rows, plain = inputs.rows.lists, inputs.rows.plain
    for number in range(2):
        fine = [encoder.vocabulary.tokens[token] for token in rows["input_ids"].row(number)]
        coarse = [encoder.coarse.vocabulary.tokens[token] for token in rows["coarse_input_ids"].row(number)]
        of = rows["coarse_of"].row(number)
        begins = plain["blank_begin"][number], plain["coarse_blank_begin"][number]
        assert fine.count("[MASK]") == 4
        assert fine[begins[0] :][:4] == ["[MASK]"] * 4
        assert (
            coarse.count("[MASK]")
            == coarse[begins[1] :].count("[MASK]")
            == rows["coarse_candidate_ids"].row(number).size // 3
        )
        spelled = [""] * len(coarse)
        for token, place in zip(fine, of, strict=True):
            spelled[place] += "" if place < 0 or token == "[MASK]" else token
            assert place < 0 or (token == "[MASK]") == (coarse[place] == "[MASK]")
        assert all(part in word for word, part in zip(coarse, spelled, strict=True))
        inner = [not part for word, part in zip(coarse, spelled, strict=True) if not word.startswith("[")]
        assert not any(inner)
        left, right = "".join(fine[1 : begins[0]]), "".join(fine[begins[0] + 4 : -1])
        assert (before if number else "").endswith(left)
        assert after.startswith(right)
        assert len(fine) == 30 or not number


@some("ambert")
def test_blanks_are_learnt_from_both_granularities(model, tmp_path):
    task = write_task(tmp_path / "task", blanks, 60, 20)
    made = tuner(model, task)
    fresh, kept = made.model(0), load_model(model).state_dict()
    for filler, objective in (("fine", "mlm"), ("coarse", "mlm:coarse")):
        weight = fresh.heads["0"].fillers[filler].head.transform.weight
        assert torch.equal(weight, kept[f"objectives.{objective}.head.transform.weight"])
    batch = made.prepared.parts["dev"].batch(np.arange(4), made.prepared.padding)
    fresh.eval()
    scores = fresh.logits("0", batch)
    with torch.no_grad():
        fresh.heads["0"].fillers["coarse"].head.bias += torch.arange(
            float(len(fresh.heads["0"].fillers["coarse"].head.bias))
        )
    assert not torch.allclose(scores, fresh.logits("0", batch))
    found = score_task(model, read_task(task), CONFIG, World())
    assert found["accuracy"]["mean"] > 0.9 > found["baseline"]["accuracy"]
