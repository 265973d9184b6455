from __future__ import annotations

import json

import pytest

from zhprep.core.errors import DataError, UsageError
from zhprep.evaluate.spans import beyond_tags, lenient, tags_of
from zhprep.evaluate.tasks import read_task


def write(folder, train, dev=None) -> None:
    folder.mkdir(exist_ok=True)
    for name, rows in (("train", train), ("dev", train if dev is None else dev)):
        lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
        (folder / f"{name}.jsonl").write_text("".join(f"{line}\n" for line in lines), "utf-8")


def test_single_texts_with_labels_of_any_kind(tmp_path):
    write(
        tmp_path / "topic", [{"text": "甲", "label": 1}, {"text": "乙", "label": "0"}], [{"text": "丙", "label": "1"}]
    )
    task = read_task(tmp_path / "topic")
    assert (task.name, task.kind_name, task.labels) == ("topic", "classification", ("0", "1"))
    assert [(example.texts, example.gold) for example in task.train] == [(("甲",), "1"), (("乙",), "0")]
    assert [(example.texts, example.gold) for example in task.dev] == [(("丙",), "1")]


@pytest.mark.parametrize("names", [("text_a", "text_b"), ("sentence1", "sentence2")])
def test_pairs_by_our_names_and_by_clues(tmp_path, names):
    first, second = names
    write(tmp_path, [{first: "甲", second: "乙", "label": "x"}, {first: "丙", second: "丁", "label": "y", "id": 7}])
    assert [example.texts for example in read_task(tmp_path).train] == [("甲", "乙"), ("丙", "丁")]


def span(start: int, end: int, kind: str = "人", **others: object) -> dict[str, object]:
    return {"start": start, "end": end, "type": kind, **others}


TAGGED = [{"text": "甲乙", "entities": [span(0, 1)]}]
WINOGRAD = {"span1_text": "甲", "span1_index": 0, "span2_text": "丙", "span2_index": 1}
GOOD = [{"text": "甲", "label": "x"}, {"text": "乙", "label": "y"}]


@pytest.mark.parametrize(
    ("train", "dev", "message"),
    [
        ([*GOOD, "{"], GOOD, r"train\.jsonl, line 3: "),
        ([*GOOD, "[1]"], GOOD, r"train\.jsonl, line 3: not an object with a text"),
        ([*GOOD, {"text": "丙", "lable": "x"}], GOOD, r"train\.jsonl, line 3: no gold label among text, lable"),
        (GOOD, [{"text": 5, "label": "x"}], r"dev\.jsonl, line 1: no text text"),
        (GOOD, [{"text": "丙", "label": "z"}], r"dev\.jsonl, line 1: label 'z' is not in train \(x, y\)"),
        (GOOD[:1], GOOD, r"dev\.jsonl, line 1: all rows of train have the label 'x'"),
        ([], GOOD, r"train\.jsonl is empty"),
        (GOOD, [{"text": "丙", "label": "-"}], r"dev\.jsonl: no row has a gold label"),
        ([*GOOD, {"text": "丙", "label": ["x"]}], GOOD, r"line 3: the label is \['x'\], neither"),
        ([*GOOD, '{"text": "\\ud83d", "label": "x"}'], GOOD, r"train\.jsonl, line 3: half a surrogate pair"),
        (
            [{"text_a": "甲", "text_b": "乙", "label": "x"}, {"text_a": "丙", "text_b": "丁", "label": "y"}],
            GOOD,
            r"dev\.jsonl, line 1: 1 texts, the first row of train has 2",
        ),
        ([*GOOD, {"text": "丙", "entities": []}], GOOD, r"line 3: no gold label .* it looks like tagging"),
        (TAGGED, [{"text": "甲乙", "entities": [span(0, 1, "地")]}], r"dev\.jsonl, line 1: a '地' is not in train"),
        ([{"text": "甲乙", "entities": [span(1, 3)]}], TAGGED, r"train\.jsonl, line 1: 人 1-3 is outside a text of 2"),
        ([{"text": "甲乙", "entities": [span(1, 2, text="甲")]}], TAGGED, r"line 1: entity 1-2 is '乙', not '甲'"),
        ([{"text": "甲乙", "entities": ["人"]}], TAGGED, r"line 1: an entity is '人', not start, end and type"),
        ([{"tokens": ["甲"], "tags": []}], TAGGED, r"line 1: 1 tokens with 0 tags"),
        ([{"text_a": "甲", "text_b": "乙", "score": "高"}], GOOD, r"line 1: the score '高' is no number"),
        (
            [{"text": "甲乙", "target": WINOGRAD, "label": "true"}],
            GOOD,
            r"line 1: span2 '丙' is not at 1 of a text of 2",
        ),
        ([{"title": "甲"}], GOOD, r"train\.jsonl, line 1: not a row of any task \(title\)"),
        (GOOD, [], r"dev\.jsonl is empty"),
    ],
)
def test_what_is_wrong_is_told_by_file_and_line(tmp_path, train, dev, message):
    write(tmp_path, train, dev)
    with pytest.raises(DataError, match=message):
        read_task(tmp_path)


def test_bytes_that_are_not_text_are_told(tmp_path):
    write(tmp_path, GOOD)
    with open(tmp_path / "dev.jsonl", "ab") as file:
        file.write('{"text": "吃", "label": "x"}\n'.encode("gb18030"))
    with pytest.raises(DataError, match=r"dev\.jsonl, line 3: 'utf-8' codec"):
        read_task(tmp_path)


def test_a_folder_without_the_files_is_told(tmp_path):
    with pytest.raises(UsageError, match=r"train\.jsonl is missing"):
        read_task(tmp_path)


def test_a_line_separator_inside_a_text_is_no_end_of_line(tmp_path):
    write(tmp_path, [{"text": "甲\u2028乙", "label": "x"}, *GOOD])
    assert read_task(tmp_path).train[0].texts == ("甲\u2028乙",)


def test_entities_that_overlap_are_counted(tmp_path):
    """Those that the tags of :func:`tags_of` cannot hold; one that is written twice is one."""
    crossing = {"text": "甲乙丙丁", "entities": [span(0, 2), span(1, 4, "地"), span(0, 2)]}
    nested = {"text": "甲乙丙丁", "entities": [span(0, 4), span(1, 2), span(2, 3), span(3, 4, "地")]}
    beside = {"text": "甲乙丙丁", "entities": [span(0, 1), span(1, 2, "地"), span(2, 4)]}
    write(tmp_path, [crossing, nested, beside], [beside, beside])
    task = read_task(tmp_path)
    assert task.unreachable == {"train": 4}
    for example in task.train:
        held = {(begin, end, kind) for begin, end, kind in lenient(tags_of(example.gold, len(example.texts[0])))}
        assert len(set(example.gold)) - len(held) == beyond_tags(example.gold)
