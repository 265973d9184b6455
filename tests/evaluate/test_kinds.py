"""Every kind of task: its files are read, its head learns, its answers are found again, its spans are of characters."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from made_tasks import ROWS, meals, write_task

from zhprep.core.progress import NO_PROGRESS
from zhprep.engine.distribution import World
from zhprep.engine.log import Meter
from zhprep.evaluate.config import EvaluateConfig
from zhprep.evaluate.encode import TaskEncoder
from zhprep.evaluate.feed import order, tell
from zhprep.evaluate.finetune import FineTuner
from zhprep.evaluate.score import score_task
from zhprep.evaluate.spans import WORD, Span
from zhprep.evaluate.task import Example
from zhprep.evaluate.tasks import KINDS, read_task
from zhprep.evaluate.tasks.correction import correction_counts
from zhprep.vocab import load


@pytest.mark.parametrize("name", list(KINDS))
def test_a_kind_is_recognised_learnt_and_scored(name, finished, tmp_path):
    task = read_task(write_task(tmp_path / name, ROWS[name]))
    assert task.kind_name == name
    config = EvaluateConfig(epochs=12, learning_rate=5e-3, seeds=(0,), max_length=32, batch_size=16)
    found = score_task(finished, task, config, World())
    metric = found["metric"]
    assert -1 <= found["baseline"][metric] < found[metric]["mean"]
    assert found[metric]["mean"] > 0.75
    assert found["dev_rows"] == 40


@pytest.mark.parametrize("name", list(KINDS))
def test_what_is_right_scores_one_and_the_baseline_can_be_scored(name, tmp_path):
    task = read_task(write_task(tmp_path / name, ROWS[name]))
    kind = task.kind
    said = kind.baseline(task.train, task.dev, task.labels)
    assert len(said) == len(task.dev)
    assert kind.scores(said, task.dev, task.labels)[kind.metric] < 1
    json.dumps(kind.submission(said, task.dev), ensure_ascii=False)


def test_a_batch_says_nothing_of_its_neighbours(finished, tmp_path):
    """What is told of an example is the same in batches of one and of many, in the order of the examples."""
    for name, rows_of in ROWS.items():
        task = read_task(write_task(tmp_path / name, rows_of, 12, 12))
        tuner = FineTuner(finished, [task], EvaluateConfig(max_length=16), World())
        model, inputs = tuner.model(3), tuner.prepared.parts["dev"]
        model.eval()
        alone = [inputs.batch(np.array([unit]), tuner.prepared.padding) for unit in range(len(inputs))]
        one = np.concatenate(
            [model.heads["0"].told(model.logits("0", batch), batch).detach().numpy() for batch in alone]
        )
        many = tell(model, inputs, 7, tuner.prepared.padding, torch.device("cpu"))
        np.testing.assert_allclose(one, many, atol=2e-5)
        assert len(task.kind.decode(one, inputs, task.dev, task.labels)) == len(task.dev)


def test_an_epoch_has_every_row_once_in_batches_of_one_length():
    lengths = np.random.default_rng(1).integers(1, 100, 1000)
    first, second = (order(lengths, 16, 5, epoch) for epoch in (0, 1))
    for batches in (first, second):
        assert sorted(np.concatenate(batches).tolist()) == list(range(1000))
        assert np.mean([np.ptp(lengths[batch]) for batch in batches]) < 4
    assert first[0].tolist() != second[0].tolist()
    assert [batch.tolist() for batch in order(lengths, 16, 5, 0)] == [batch.tolist() for batch in first]
    middles = [lengths[batch].mean() for batch in first]
    assert abs(np.corrcoef(middles, np.arange(len(middles)))[0, 1]) < 0.4


def test_the_best_epoch_on_dev_is_kept(finished, tmp_path):
    task = read_task(write_task(tmp_path / "task", meals))
    config = EvaluateConfig(epochs=4, learning_rate=5e-3, max_length=32, keep="best")
    tuner = FineTuner(finished, [task], config, World())
    steps = tuner.steps_per_epoch
    seen = []
    tuner.scores = lambda model, part, scores=tuner.scores: seen.append(scores(model, part)) or seen[-1]
    model = tuner.run(0, Meter(NO_PROGRESS, 0, steps))
    by_epoch = [one["accuracy"] for one in seen]
    assert len(by_epoch) == 4
    assert tuner.scores(model, "dev")["accuracy"] == max(by_epoch)


def test_documents_of_reading_and_choice(tmp_path):
    answer = {"text": "京", "answer_start": 1}
    squad = {"version": "1", "data": [{"title": "t", "paragraphs": [{"id": "p", "context": "北京。", "qas": [
        {"id": "q1", "question": "哪？", "answers": [answer, {"text": "北京", "answer_start": 0}]},
        {"id": "q2", "question": "谁？", "answers": [{"text": "上海", "answer_start": 0}]}]}]}]}  # fmt: skip
    cmrc = [{"context_id": "c", "context_text": "北京。", "title": "t", "qas": [
        {"query_id": "q1", "query_text": "哪？", "answers": ["京", "北京"]}]}]  # fmt: skip
    c3 = [[["男：你好", "女：好"], [{"question": "谁？", "choice": ["男", "女", "狗"], "answer": "女"}], "7-1"]]
    for name, document in (("squad", squad), ("cmrc", cmrc), ("c3", c3)):
        (tmp_path / name).mkdir()
        for part in ("m-train", "m-dev") if name == "c3" else ("train", "dev"):
            (tmp_path / name / f"{part}.json").write_text(json.dumps(document, ensure_ascii=False), "utf-8")
    read = read_task(tmp_path / "squad")
    assert (read.kind_name, read.left_out["train"]) == ("reading", {"answer not in its text": 1})
    assert (read.dev[0].id, read.dev[0].gold) == ("q1", [("京", 1), ("北京", 0)])
    assert read_task(tmp_path / "cmrc").dev[0].gold == [("京", 1), ("北京", 0)]
    chosen = read_task(tmp_path / "c3").dev[0]
    assert (chosen.texts, chosen.choices, chosen.gold) == (("男：你好\n女：好", "谁？"), ("男", "女", "狗"), 1)


def test_chids_answers_lie_beside(tmp_path):
    row = {"content": ["他#idiom1#地走了，又#idiom2#。", "她#idiom3#。"], "candidates": ["画蛇添足", "守株待兔"]}
    for part in ("train", "dev", "test"):
        (tmp_path / f"{part}.json").write_text(json.dumps(row, ensure_ascii=False) + "\n", "utf-8")
    for part in ("train", "dev"):
        (tmp_path / f"{part}_answer.json").write_text('{"#idiom1#": 1, "#idiom2#": 0, "#idiom3#": 1}', "utf-8")
    task = read_task(tmp_path)
    assert [(one.id, one.gold) for one in task.dev] == [("#idiom1#", 1), ("#idiom2#", 0), ("#idiom3#", 1)]
    assert [one.texts[0][slice(*one.span)] for one in task.dev] == ["#idiom1#", "#idiom2#", "#idiom3#"]
    assert (len(task.test), task.is_test_labelled) == (3, False)
    assert task.kind.submission([1, 0, 0], task.test) == {"#idiom1#": 1, "#idiom2#": 0, "#idiom3#": 0}


def test_answers_are_marked_in_every_window_that_has_them(finished):
    """Begin and end, counted from 1 among the characters that are read, give the answer back; elsewhere both are 0."""
    kind, encoder = KINDS["reading"], TaskEncoder(load(finished), 20)
    context = "我在 北京喝茶。" * 4 + "猫坐在桌子上。"
    part = [Example((context, "猫坐在？"), [("桌子", context.index("桌子"))])]
    inputs = kind.inputs(part, (), encoder, train=True)
    begin, end = inputs.rows.plain["answer_start"], inputs.rows.plain["answer_end"]
    assert len(begin) > 2
    assert 0 < sum(begin > 0) < len(begin)
    for window in np.flatnonzero(begin):
        points = inputs.characters.points.row(window)
        assert context[points[begin[window] - 1] : points[end[window] - 1] + 1] == "桌子"
    assert set(np.concatenate([inputs.characters.points.row(n) for n in range(len(begin))])) == {
        place for place, character in enumerate(context) if character != " "
    }


def test_corrections_are_counted_by_hand():
    source, gold = "他再家看书", "他在家看书"
    assert correction_counts(source, gold, gold)["correction"] == 1
    found = correction_counts(source, gold, "他住家看书")
    assert (found["detection"], found["correction"], found["character_detection"], found["character_correction"]) == (
        1,
        0,
        1,
        0,
    )
    found = correction_counts(source, gold, "她在家看书")
    assert (found["detection"], found["correction"], found["character_changed"], found["character_correction"]) == (
        0,
        0,
        2,
        1,
    )
    assert correction_counts(gold, gold, source)["changed"] == 1
    assert not any(correction_counts(gold, gold, gold).values())
    scores = KINDS["correction"].scores(
        [gold, source, gold], [Example((source,), gold), Example((gold,), gold), Example((gold,), gold)], ()
    )
    assert (scores["correction_precision"], scores["correction_recall"], scores["sentence_accuracy"]) == (
        1 / 2,
        1.0,
        2 / 3,
    )


@pytest.mark.parametrize("layers", ["embedding", "1", "all"])
def test_layers_are_chosen(layers, finished, tmp_path):
    task = read_task(write_task(tmp_path / "task", meals))
    found = score_task(finished, task, EvaluateConfig(epochs=1, seeds=(0,), max_length=32, layers=layers), World())
    if layers != "all":
        assert "layer_weights" not in found
        return
    weights = found["layer_weights"][0]["main"]
    assert len(weights["alpha"]) == 3
    assert sum(weights["alpha"]) == pytest.approx(1)
    assert weights["gamma"] != 1.0


CLUE = {
    "afqmc": ('{"sentence1": "借呗还款", "sentence2": "怎么还款", "label": "0"}', ("借呗还款", "怎么还款"), "0"),
    "tnews": ('{"label": "102", "label_desc": "news_culture", "sentence": "故宫", "keywords": ""}', ("故宫",), "102"),
    "iflytek": ('{"label": "11", "label_des": "薅羊毛", "sentence": "应用"}', ("应用",), "11"),
    "ocnli": ('{"level": "easy", "sentence1": "甲", "sentence2": "乙", "label": "neutral", "genre": "tv", "prem_id": "1", "id": 0}', ("甲", "乙"), "neutral"),
    "csl": ('{"id": 1, "abst": "摘要", "keyword": ["水声", "定位"], "label": "1"}', ("水声 定位", "摘要"), "1"),
    "wsc": (
        '{"target": {"span2_index": 3, "span1_index": 0, "span1_text": "小明", "span2_text": "他"}, "idx": 0, "label": "true", "text": "小明说他饿"}',
        ("_小明_说[他]饿",),
        "true",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", list(CLUE))
def test_clues_own_files(name, tmp_path):
    line, texts, label = CLUE[name]
    other = line.replace(f'"label": "{label}"', '"label": "x"')
    none = line.replace(f'"label": "{label}"', '"label": "- "')
    (tmp_path / "train.json").write_text(f"{line}\n{none}\n{other}\n", "utf-8")
    (tmp_path / "dev.json").write_text(f"{line}\n", "utf-8")
    (tmp_path / "test.json").write_text(line.replace(f', "label": "{label}"', "") + "\n", "utf-8")
    task = read_task(tmp_path)
    assert (task.kind_name, task.dev[0].texts, task.dev[0].gold) == ("classification", texts, label)
    assert (len(task.train), task.left_out) == (2, {"train": {"no gold label": 1}})
    assert len(task.test) == 1
    assert not task.is_test_labelled or name in ("tnews", "iflytek")


def test_tables_tags_and_words(tmp_path):
    files = {
        "table": ("tsv", 'label\ttext_a\ttext_b\n1\t"甲\t乙\n0\t丙\t丁\n'),
        "comma": ("csv", 'label,text_a\n1,"甲,乙"\n0,丙\n'),
        "bio": ("bio", "王 B-人\n明 I-人\n在 O\n\n京 S-地\n"),
        "bmes": ("txt", "王 B-人\n小 M-人\n明 E-人\n在 O\n"),
        "words": ("txt", "我们 在 北京\n他 走\n"),
    }
    expected = {
        "table": (('"甲', "乙"), "1"),
        "comma": (("甲,乙",), "1"),
        "bio": (("王明在",), [Span(0, 2, "人")]),
        "bmes": (("王小明在",), [Span(0, 3, "人")]),
        "words": (("我们在北京",), [Span(0, 2, WORD), Span(2, 3, WORD), Span(3, 5, WORD)]),
    }
    for name, (suffix, text) in files.items():
        (tmp_path / name).mkdir()
        for part in ("train", "dev"):
            (tmp_path / name / f"{part}.{suffix}").write_text(text, "utf-8")
        first = read_task(tmp_path / name).train[0]
        assert (first.texts, first.gold) == expected[name], name


def test_a_task_says_what_it_is_where_it_cannot_be_seen(tmp_path):
    (tmp_path / "away.tsv").write_text("s1\ts2\tlabel\n甲\t乙\t3\n丙\t丁\t5\n", "utf-8")
    (tmp_path / "task").mkdir()
    toml = 'kind = "similarity"\nname = "sts"\ntrain = "../away.tsv"\ndev = ["../away.tsv"]\n[columns]\ntext_a = "s1"\ntext_b = "s2"\n'
    (tmp_path / "task" / "task.toml").write_text(toml, "utf-8")
    for given in (tmp_path / "task", tmp_path / "task" / "task.toml"):
        task = read_task(given)
        assert (task.name, task.kind_name, task.dev[1].gold, task.dev[1].texts) == (
            "sts",
            "similarity",
            5.0,
            ("丙", "丁"),
        )


def test_words_cover_a_text_whatever_is_said(finished, tmp_path):
    """What no token stands for is in a word too, so that precision and recall are of the same text."""
    (tmp_path / "train.txt").write_text("我 在 北京\n" * 4, "utf-8")
    (tmp_path / "dev.txt").write_text("我 在 北京 \n他 喝\u200b 水\n", "utf-8")
    task = read_task(tmp_path)
    tuner = FineTuner(finished, [task], EvaluateConfig(max_length=8), World())
    said = tuner.prepared.said(tuner.model(0), "dev", World(), 8)
    from zhprep.evaluate.tasks.tagging import spans_said

    for one, example in zip(said, task.dev, strict=True):
        words = sorted(spans_said(one, example, closed=True))
        assert "".join(example.texts[0][word.start : word.stop] for word in words) == example.texts[0]


def test_a_long_text_is_tagged_in_pieces(finished, tmp_path):
    text = "我在北京喝茶。" * 9
    rows = [{"text": text, "entities": [{"start": 58, "end": 60, "type": "地"}]}]
    task = read_task(write_task(tmp_path / "task", lambda n: rows * n, 2, 2))
    tuner = FineTuner(finished, [task], EvaluateConfig(max_length=10), World())
    points, tags = tuner.prepared.said(tuner.model(0), "dev", World(), 8)[1]
    assert points == list(range(63))
    assert len(tags) == 63
