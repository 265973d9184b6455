"""What the first bytes say that no name does, and what is advised where they say too little."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from command_line import refused, zhprep
from plain_reader import COMPRESS, DOCUMENTS, corpus_of, jsonl_of, lines_of

from zhprep.core.errors import DataError
from zhprep.core.report import Account

ARRAY = [{"uniqueKey": "一", "text": "今天天气很好。"}, {"uniqueKey": "二", "text": "明天也好。"}]
BY_LINES = "[" + ",\n".join(json.dumps(one, ensure_ascii=False) for one in ARRAY) + "]\n"

ARRAYS = {
    "in one line": json.dumps(ARRAY, ensure_ascii=False),
    "an object a line": BY_LINES,
    "indented": json.dumps(ARRAY, ensure_ascii=False, indent=2),
    "after blanks and a mark": "\ufeff\r\n \t" + BY_LINES,
    "of strings in one line": '["今天天气很好。", "明天也好。"]\n\n',
    "of strings": '["今天天气很好。",\n"明天\\"也好\\"。"]',
}


@pytest.mark.parametrize("on_error", ["fail", "skip"])
@pytest.mark.parametrize("form", ARRAYS)
def test_a_json_array_is_told_and_not_left_out_line_by_line(form: str, on_error: str, tmp_path: Path) -> None:
    for name, encoding in (("x.json", "utf-8"), ("x.jsonl", "utf-8"), ("x.json.gz", "utf-16")):
        data = ARRAYS[form].encode(encoding)
        (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        with pytest.raises(DataError, match=f"{name}: is a JSON array, not JSON lines") as told:
            corpus_of(tmp_path / name, on_error=on_error, encoding=encoding)
        assert "jq -c '.[]'" in told.value.hint


def test_a_json_array_in_a_pipe_is_not_taken_for_text() -> None:
    refused(zhprep("normalize", stdin=BY_LINES.encode()), 3, "-: is a JSON array, not JSON lines")
    assert zhprep("normalize", stdin="[1] 见上文。\n".encode()).out.decode().split() == ["[1]", "见上文。"]


def test_an_object_over_several_lines_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text(json.dumps(ARRAY[0], ensure_ascii=False, indent=2))
    with pytest.raises(DataError, match=r"x.json: is JSON over several lines, not JSON lines"):
        corpus_of(tmp_path / "x.json", on_error="skip")


@pytest.mark.parametrize(
    "line", [b"[INFO] begun", b"[1, 2]", b"[[1]]", b'["id", "text"]', b'["cut', b"{", b'{"text": "cut']
)
def test_a_first_line_that_is_bad_costs_itself_alone(line: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_bytes(line + b"\n" + jsonl_of(DOCUMENTS))
    account = Account()
    assert lines_of(corpus_of(tmp_path / "x.jsonl", on_error="skip"), account) == DOCUMENTS
    assert account.dropped == {"documents.bad_json": 1}


def test_the_key_is_asked_for_where_it_is_what_is_missing(tmp_path: Path) -> None:
    for line, asked in ((b'{"content": "a"}', True), (b'{"text": 1}', True), (b"{'text': 'a'}", False)):
        (tmp_path / "x.jsonl").write_bytes(line)
        with pytest.raises(DataError) as told:
            lines_of(corpus_of(tmp_path / "x.jsonl"))
        assert ("--text-key" in told.value.hint) == asked


@pytest.mark.parametrize("name", ["x.txt", "x.txt.gz"])
def test_who_asked_for_auto_is_not_told_to_ask_for_it(name: str, tmp_path: Path) -> None:
    """GB18030 after more ASCII than is looked at."""
    text = "line of plain text\n" * 5000 + "今天天气很好。\n"
    (tmp_path / name).write_bytes(COMPRESS[name[5:]](text.encode("gb18030")))
    with pytest.raises(DataError, match=r"x.txt.*, line 5001: is not utf-8") as told:
        corpus_of(tmp_path / name)
    assert "--encoding auto" in told.value.hint
    with pytest.raises(DataError, match=r"x.txt.*, line 5001: is not utf-8") as told:
        corpus_of(tmp_path / name, encoding="auto")
    assert "auto" not in told.value.hint
    assert "--encoding gb18030" in told.value.hint
    assert lines_of(corpus_of(tmp_path / name, encoding="gb18030")) == [text.splitlines()]


def test_utf16_without_a_mark_is_told_how_to_be_read(tmp_path: Path) -> None:
    text = "Hello, 今天。\n" * 10
    (tmp_path / "x.txt").write_bytes(text.encode("utf-16-le"))
    with pytest.raises(DataError, match="is not text") as told:
        corpus_of(tmp_path / "x.txt", encoding="auto")
    assert "--encoding utf-16-le" in told.value.hint
    assert lines_of(corpus_of(tmp_path / "x.txt", encoding="utf-16-le")) == [text.splitlines()]
