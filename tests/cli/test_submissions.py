"""What ``zhprep predict`` writes for folders as CLUE's downloads have them is what CLUE takes in.

Names and forms are those of CLUE's instructions (任务提交说明, 2021-09-04) and of CLUENER2020's baseline.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_line import refused, zhprep

FLAGS = ("--epochs", 1, "--seeds", "0", "--threads", 1, "--max-length", 32, "--quiet")
NLI = [
    {"sentence1": "新的权利已经足够好了", "sentence2": "每个人都很喜欢", "label": label}
    for label in ("-", "neutral", "entailment", "contradiction")
]
WSC = {
    "target": {"span2_index": 4, "span1_index": 0, "span1_text": "手机", "span2_text": "它"},
    "text": "手机响，它突然响了",
}
LINES = {
    "afqmc_public": [{"sentence1": "花呗提额在哪", "sentence2": "哪里可以提额", "label": label} for label in "01"],
    "tnews": [{"label": label, "label_desc": "news", "sentence": "电影上映", "keywords": ""} for label in ("102", "108")],
    "iflytek": [{"label": label, "label_des": "社区超市", "sentence": "买菜送到家"} for label in ("110", "7")],
    "cmnli_public": NLI,
    "ocnli": [{"level": "easy", **row, "genre": "gov", "prem_id": "g", "id": n} for n, row in enumerate(NLI)],
    "cluewsc2020": [{**WSC, "idx": 9, "label": label} for label in ("true", "false")],
    "csl": [{"id": 5, "abst": "提出一种方法。", "keyword": ["方法", "声"], "label": label} for label in "10"],
    "cluener": [{"text": "他在北京。", "label": {"address": {"北京": [[2, 3]]}}}, {"text": "浙商银行", "label": {"company": {"浙商银行": [[0, 3]]}}}],
}  # fmt: skip
"""Rows of train and dev, one a line."""


def lines_of(rows: list[dict[str, object]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def unlabelled(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    """Rows of test: without what they are, with running ids."""
    left = [{name: one for name, one in row.items() if not name.startswith("label")} for row in rows]
    return [{**row, "id": number} for number, row in enumerate(left)]


def written(run: Path, task: Path, tmp_path: Path, name: str) -> str:
    """What is in the folder of predictions after ``predict``: one file, called ``name``."""
    out = tmp_path / "out"
    out.mkdir()
    result = zhprep("predict", run, task, *FLAGS, "-o", out)
    assert (result.code, result.err) == (0, ""), result.err
    assert [path.name for path in out.iterdir()] == [name]
    return (out / name).read_text("utf-8")


@pytest.mark.parametrize(
    ("name", "test", "submission"),
    [
        ("afqmc_public", "test", "afqmc"), ("tnews", "test", "tnews11"), ("tnews", "test1.0", "tnews10"),
        ("iflytek", "test", "iflytek"), ("cmnli_public", "test", "cmnli"), ("ocnli", "test", "ocnli_50k"),
        ("cluewsc2020", "test1.1", "cluewsc11"), ("csl", "test", "csl"), ("cluener", "test", "cluener"),
    ],
)  # fmt: skip
def test_lines_of_ids_and_labels(name, test, submission, run, tmp_path):
    rows = LINES[name]
    task = tmp_path / name
    task.mkdir()
    for part in ("train.50k" if name == "ocnli" else "train", "dev"):
        (task / f"{part}.json").write_text(lines_of(rows * 3), "utf-8")
    (task / f"{test}.json").write_text(lines_of(unlabelled(rows)), "utf-8")
    said = [json.loads(line) for line in written(run, task, tmp_path, f"{submission}_predict.json").splitlines()]
    assert [list(line) for line in said] == [["id", "label"]] * len(rows)
    assert [line["id"] for line in said] == list(range(len(rows)))
    if name != "cluener":
        assert {line["label"] for line in said} <= {row["label"] for row in rows} - {"-"}
        return
    for line, row in zip(said, rows, strict=True):
        for kind, texts in line["label"].items():
            assert kind in ("address", "company")
            assert all(row["text"][a : b + 1] == text for text, places in texts.items() for a, b in places)


SQUAD = [{"title": "新教", "id": "2128", "paragraphs": [{"context": "基督新教強調因信稱義。", "id": "2128-2", "qas": [
    {"id": "{}-1", "question": "強調什麼？", "answers": [{"id": "1", "text": "因信稱義", "answer_start": 6}]},
    {"id": "{}-2", "question": "誰強調？", "answers": [{"id": "1", "text": "基督新教", "answer_start": 0}]}]}]}]  # fmt: skip
CMRC = [{"title": "傻钱", "context_id": "{}", "context_text": "消费者信心上升到78.1。", "qas": [
    {"query_id": "{}-1", "query_text": "指数是多少？", "answers": ["78.1", "到78.1", "78.1"]},
    {"query_id": "{}-2", "query_text": "什么上升？", "answers": ["消费者信心", "信心", "信心"]}]}]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "rows", "submission"), [("cmrc2018", CMRC, "cmrc2018"), ("drcd_public", SQUAD, "drcd")]
)
def test_one_object_of_answers(name, rows, submission, run, tmp_path):
    task = tmp_path / name
    task.mkdir()
    for part in ("train", "dev", "test"):
        text = json.dumps({"version": "1.0", "data": rows}, ensure_ascii=False).replace("{}", part.upper())
        (task / f"{part}.json").write_text(text, "utf-8")
    said = json.loads(written(run, task, tmp_path, f"{submission}_predict.json"))
    assert list(said) == ["TEST-1", "TEST-2"]
    context = rows[0].get("context_text") or rows[0]["paragraphs"][0]["context"]
    assert all(answer and answer in context for answer in said.values())


def test_choices_of_c3_by_number_and_the_newest_test(run, tmp_path):
    def questions(n: int, **others: object) -> list[object]:
        return [[["男：今天有时间吗?", "女：有。"], [{"question": "谁？", "choice": ["男", "女", "都"], **others, "id": at}], f"1-{at}"]
            for at in range(n)]  # fmt: skip

    task = tmp_path / "c3_public"
    task.mkdir()
    for part in ("d-train", "m-train", "d-dev", "m-dev"):
        (task / f"{part}.json").write_text(json.dumps(questions(3, answer="女"), ensure_ascii=False), "utf-8")
    (task / "test1.0.json").write_text(json.dumps(questions(2), ensure_ascii=False), "utf-8")
    (task / "test1.1.json").write_text(json.dumps(questions(4, answer=""), ensure_ascii=False), "utf-8")
    said = [json.loads(line) for line in written(run, task, tmp_path, "c311_predict.json").splitlines()]
    assert [line["id"] for line in said] == [0, 1, 2, 3]
    assert {type(line["label"]) for line in said} == {int}
    (task / "task.toml").write_text('test = "test1.0.json"\n', "utf-8")
    assert zhprep("predict", run, task, *FLAGS, "-o", tmp_path / "out").code == 0
    assert len((tmp_path / "out" / "c310_predict.json").read_text("utf-8").splitlines()) == 2


def test_blanks_of_chid_by_number(run, tmp_path):
    def idioms(first: int) -> dict[str, object]:
        texts = [f"他们希望能#idiom{first:06}#再进一步。", f"去#idiom{first + 1:06}#？#idiom{first + 2:06}#更难。"]
        return {"content": texts, "candidates": ["百尺竿头", "随波逐流", "方兴未艾", "一日千里"]}

    task = tmp_path / "chid"
    task.mkdir()
    for first, part in ((0, "train"), (3, "dev"), (6, "test1.1")):
        (task / f"{part}.json").write_text(lines_of([idioms(first)]), "utf-8")
    for first, part in ((0, "train"), (3, "dev")):
        answers = {f"#idiom{first + place:06}#": place for place in range(3)}
        (task / f"{part}_answer.json").write_text(json.dumps(answers), "utf-8")
    said = json.loads(written(run, task, tmp_path, "chid11_predict.json"))
    assert list(said) == ["#idiom000006#", "#idiom000007#", "#idiom000008#"]
    assert all(type(number) is int and 0 <= number < 4 for number in said.values())
    test = task / "test1.1.json"
    test.write_text(test.read_text("utf-8").replace("#idiom000008#", "#idiom000007#"), "utf-8")
    refused(zhprep("predict", run, task, *FLAGS), 3, "test1.1.json, line 1: the id '#idiom000007#' is that of ")


def test_what_is_said_for_dev_is_no_submission(run, tmp_path):
    task = tmp_path / "tnews"
    task.mkdir()
    for part in ("train", "dev"):
        (task / f"{part}.json").write_text(lines_of(LINES["tnews"] * 2), "utf-8")
    assert len(written(run, task, tmp_path, "tnews_dev_predict.json").splitlines()) == 4
