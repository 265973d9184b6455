"""Rows that are not what they should be: a line that says file and row, whatever stands where, and never a traceback."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Iterator

import pytest

from zhprep.core.errors import DataError
from zhprep.evaluate.tasks import read_task

ROWS = {
    "classification": [{"text": "我在北京。", "label": "a"}, {"text": "他在上海。", "label": "b"}],
    "pair": [{"sentence1": "我", "sentence2": "你", "label": "0"}, {"sentence1": "我", "sentence2": "他", "label": "1"}],
    "wsc": [
        {"target": {"span1_text": "我", "span1_index": 0, "span2_text": "京", "span2_index": 3}, "label": label, "text": "我在北京"}
        for label in ("true", "false")
    ],
    "csl": [{"id": 1, "abst": "我在北京", "keyword": ["我", "北京"], "label": label} for label in "01"],
    "similarity": [{"text_a": "好", "text_b": "好的", "score": 0.5}, {"text_a": "好", "text_b": "坏", "score": 0.1}],
    "entities": [{"text": "我在北京。", "entities": [{"start": 2, "end": 4, "type": "地", "text": "北京"}]}],
    "cluener": [{"text": "我在北京。", "label": {"地": {"北京": [[2, 3]]}}}],
    "tags": [{"tokens": ["我", "北", "京"], "tags": ["O", "B-地", "I-地"]}],
    "words": [{"words": ["我", "北京"]}],
    "reading": [{"context": "我在北京。", "question": "在哪？", "answers": [{"text": "北京", "answer_start": 2}]}],
    "squad": [{"paragraphs": [{"context": "我在北京。", "qas": [{"id": "q", "question": "哪？", "answers": [{"text": "北京", "answer_start": 2}]}]}]}],
    "cmrc": [{"context_text": "我在北京。", "qas": [{"query_text": "在哪？", "query_id": "q", "answers": ["北京"]}]}],
    "choice": [{"context": "我喝茶", "question": "喝？", "choices": ["茶", "水"], "answer": "茶"}],
    "c3": [[["我喝茶", "好"], [{"question": "喝？", "choice": ["茶", "水"], "answer": "茶"}], "id"]],
    "cloze": [{"content": ["我在北京#idiom000378#。"], "candidates": ["喝水", "喝茶"], "answer": "喝茶"}],
    "correction": [{"source": "我再北京", "corrected": "我在北京"}],
}  # fmt: skip
"""Good rows in each form that is read."""

JUNK = (None, 5, 1.5, True, "x", [], {}, [1], {"a": 1}, [[]])


def places(value: object, place: tuple = ()) -> Iterator[tuple]:
    yield place
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield from places(value[key], (*place, key))


def with_junk(row: object) -> Iterator[object]:
    """The row with junk in each of its places, and without each."""
    for place in places(row):
        for junk in JUNK:
            if not place:
                yield junk
                continue
            changed = copy.deepcopy(row)
            inner = changed
            for key in place[:-1]:
                inner = inner[key]
            inner[place[-1]] = junk
            yield changed


@pytest.mark.parametrize("form", ROWS)
def test_junk_in_any_place_is_refused_by_file_and_row_or_read(form, tmp_path):
    rows = ROWS[form]
    refusals = []
    for row in with_junk(rows[-1]):
        shutil.rmtree(tmp_path / "task", ignore_errors=True)
        (tmp_path / "task").mkdir()
        for part, more in (("train", []), ("dev", [row])):
            lines = [json.dumps(one, ensure_ascii=False) for one in rows + more]
            (tmp_path / "task" / f"{part}.jsonl").write_text("\n".join(lines), "utf-8")
        try:
            task = read_task(tmp_path / "task")
        except DataError as error:
            refusals.append(str(error))
        else:
            said = task.kind.baseline(task.train, task.dev, task.labels)
            assert task.kind.scores(said, task.dev, task.labels)
    assert len(refusals) > len(JUNK)
    assert [said for said in refusals if f"dev.jsonl, line {len(rows) + 1}: " not in said] == []


@pytest.mark.parametrize(
    ("form", "row", "said"),
    [
        ("entities", {"text": "我在", "entities": [{"start": 1, "end": 4, "type": "地"}]}, "地 1-4 is outside a text of 2 characters$"),
        ("entities", {"text": "我在", "entities": [{"start": True, "end": 2, "type": "地"}]}, "a place of 地 is 'True', no whole number"),
        ("entities", {"text": "我在", "entities": [{"start": 1, "end": 1, "type": "地"}]}, "地 1-1 is empty; end is not of it$"),
        ("entities", {"text": "我在", "entities": [{"start": 1, "end": 0, "type": "地"}]}, "地 1-0 is reversed; end is not of it$"),
        ("entities", {"text": "我在", "entities": [{"start": -1, "end": 1, "type": "地"}]}, "地 -1-1 is outside a text of 2 characters$"),
        ("cluener", {"text": "我在", "label": {"地": {"在": [[1, 0]]}}}, "地 1-1 is empty"),
        ("cluener", {"text": "我在", "label": {"地": {"我": [[1, 1]]}}}, "地 1-1 is '在', not '我'$"),
        ("reading", {"context": "我在", "question": "?", "answers": [{"text": "在京", "answer_start": 1}]}, "the answer '在京' at 1 is outside a text of 2"),
        ("cluener", {"text": "我在", "label": {"地": {"我": [[0]]}}}, r"地 我: \[0\] is no first and last character"),
        ("words", {"words": ["我", ""]}, "words: one is empty"),
        ("tags", {"tokens": ["我", 5], "tags": ["O", "O"]}, "tokens: '5' is no text"),
        ("reading", {"context": "我", "question": "?", "answers": [{"text": "我", "answer_start": "x"}]}, "where an answer begins is 'x'"),
        ("cloze", {"content": "我", "candidates": ["喝"], "answer": 0}, "no blank #idiom…# in the text$"),
        ("classification", {"text": "我", "entities": []}, "it looks like tagging, and a task has rows of one kind"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_and_no_other_thing(form, row, said, tmp_path):
    """That a row looks like another kind is said only where it does not look like its own."""
    for part, more in (("train", []), ("dev", [row])):
        lines = [json.dumps(one, ensure_ascii=False) for one in ROWS[form] + more]
        (tmp_path / f"{part}.jsonl").write_text("\n".join(lines), "utf-8")
    with pytest.raises(DataError, match=rf"dev\.jsonl, line {len(ROWS[form]) + 1}: .*{said}"):
        read_task(tmp_path)


def test_answers_that_are_nowhere_or_empty_are_left_out_and_counted(tmp_path):
    wrong = [{**ROWS["reading"][0], "answers": [{"text": text, "answer_start": 2}]} for text in ("", "上海")]
    for part, more in (("train", wrong), ("dev", [])):
        lines = [json.dumps(one, ensure_ascii=False) for one in ROWS["reading"] + more]
        (tmp_path / f"{part}.jsonl").write_text("\n".join(lines), "utf-8")
    task = read_task(tmp_path)
    assert (len(task.train), task.left_out) == (1, {"train": {"answer not in its text": 2}})
