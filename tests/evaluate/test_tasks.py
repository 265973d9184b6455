from __future__ import annotations

import json

import pytest

from zhprep.core.errors import DataError, UsageError
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
    assert (task.name, task.classes) == ("topic", ["0", "1"])
    assert (task.train.texts, task.train.labels.tolist()) == ((["甲", "乙"],), [1, 0])
    assert (task.dev.texts, task.dev.labels.tolist()) == ((["丙"],), [1])


@pytest.mark.parametrize("names", [("text_a", "text_b"), ("sentence1", "sentence2")])
def test_pairs_by_our_names_and_by_clues(tmp_path, names):
    first, second = names
    write(tmp_path, [{first: "甲", second: "乙", "label": "x"}, {first: "丙", second: "丁", "label": "y", "id": 7}])
    assert read_task(tmp_path).train.texts == (["甲", "丙"], ["乙", "丁"])


GOOD = [{"text": "甲", "label": "x"}, {"text": "乙", "label": "y"}]


@pytest.mark.parametrize(
    ("train", "dev", "message"),
    [
        ([*GOOD, "{"], GOOD, r"train\.jsonl, line 3: "),
        ([*GOOD, "[1]"], GOOD, r"train\.jsonl, line 3: not a row with text, label"),
        ([*GOOD, {"text": "丙"}], GOOD, r"train\.jsonl, line 3: not a row with text, label"),
        (GOOD, [{"text": 5, "label": "x"}], r"dev\.jsonl, line 1: not a row with text, label"),
        ([{"text_a": "甲", "label": "x"}], GOOD, r"train\.jsonl, line 1: not a row"),
        (GOOD, [{"text": "丙", "label": "z"}], r"dev\.jsonl: label 'z' is not in train\.jsonl \(x, y\)"),
        (GOOD[:1], GOOD, r"train\.jsonl: all rows have the label 'x'"),
        ([], GOOD, r"train\.jsonl is empty"),
        ([*GOOD, {"text": "丙", "label": None}], GOOD, r"train\.jsonl, line 3: the label is null"),
        ([*GOOD, {"text": "丙", "label": ["x"]}], GOOD, r'line 3: the label is \["x"\], neither'),
        ([*GOOD, '{"text": "\\ud83d", "label": "x"}'], GOOD, r"train\.jsonl, line 3: half a surrogate pair"),
        (
            [{"text_a": "甲", "text_b": "乙", "label": "x"}, {"text_a": "丙", "text_b": "丁", "label": "y"}],
            GOOD,
            r"rows of train\.jsonl have text_a, text_b, those of dev\.jsonl have not",
        ),
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
    assert read_task(tmp_path).train.texts[0][0] == "甲\u2028乙"
