"""``zhprep normalize``."""

from __future__ import annotations

import gzip
import json

import pyarrow as pa
from command_line import COUNTS, refused, zhprep

TEXT = "今天天气很好。我们去公园。\n\n第二篇文档！\n"


def test_text_on_stdout_is_sentences_and_blank_lines():
    result = zhprep("normalize", "--quiet", stdin=TEXT.encode())
    assert (result.code, result.err) == (0, "")
    assert result.out.decode() == "今天天气很好。\n我们去公园。\n\n第二篇文档！\n\n"


def test_the_report_is_on_stderr_and_the_data_on_stdout():
    result = zhprep("normalize", stdin=TEXT.encode())
    assert "今天" not in result.err
    assert "documents" in result.err
    assert "time" in result.err


def test_json_report(tmp_path):
    (tmp_path / "x.txt").write_text(TEXT, encoding="utf-8")
    result = zhprep("normalize", tmp_path / "x.txt", "-o", tmp_path / "out", "--json", "--quiet")
    assert result.err == ""
    assert set(COUNTS) <= set(result.report)
    assert (result.report["documents_in"], result.report["documents_out"], result.report["sentences"]) == (2, 2, 3)
    assert result.report["seconds"] > 0
    assert 0 < result.report["chars_per_second"] < 10_000_000
    assert result.report["output"] == str(tmp_path / "out")
    assert len(result.report["content_sha256"]) == 64


def test_done_before_has_no_speed(tmp_path):
    (tmp_path / "x.txt").write_text(TEXT, encoding="utf-8")
    first, second = (zhprep("normalize", tmp_path / "x.txt", "-o", tmp_path / "out", "--json") for _ in range(2))
    assert first.report["chars_per_second"] > 0
    assert second.report["chars_per_second"] == 0
    assert second.report["content_sha256"] == first.report["content_sha256"]


def test_forms_of_output(tmp_path):
    for name in ("a.txt", "deep/er/a.jsonl", "a.arrow"):
        result = zhprep("normalize", "--quiet", "-o", tmp_path / name, stdin=TEXT.encode())
        assert (result.code, result.out, result.err) == (0, b"", "")
    rows = [json.loads(line) for line in (tmp_path / "deep/er/a.jsonl").read_text("utf-8").splitlines()]
    assert [row["sentences"] for row in rows] == [["今天天气很好。", "我们去公园。"], ["第二篇文档！"]]
    with pa.memory_map(str(tmp_path / "a.arrow")) as mapped:
        assert pa.ipc.open_stream(mapped).read_all()["sentences"].to_pylist() == [row["sentences"] for row in rows]
    assert (tmp_path / "a.txt").read_text("utf-8").count("\n\n") == 2


def test_compressed_input_is_the_same(tmp_path):
    (tmp_path / "x.txt.gz").write_bytes(gzip.compress(TEXT.encode()))
    plain = zhprep("normalize", "--quiet", stdin=TEXT.encode())
    assert zhprep("normalize", "--quiet", tmp_path / "x.txt.gz").out == plain.out
    assert zhprep("normalize", "--quiet", stdin=gzip.compress(TEXT.encode())).out == plain.out


def test_a_list_takes_commas(tmp_path):
    text = "ＡＢＣ　好\n".encode()
    one = zhprep("normalize", "--quiet", "--steps", "bom,width", stdin=text)
    two = zhprep("normalize", "--quiet", "--steps", "bom", "--steps", "width", stdin=text)
    assert one.code == 0
    assert one.out == two.out == "ABC 好\n\n".encode()


def test_an_unknown_step_is_told_with_the_nearest():
    refused(zhprep("normalize", "--steps", "bom,whitespaec"), 2, "--steps cannot be 'whitespaec'", "'whitespace'")


def test_a_drop_budget_exceeded_is_wrong_data(tmp_path):
    (tmp_path / "x.txt").write_text("好\x00" * 50 + "\n", encoding="utf-8")
    arguments = ("normalize", tmp_path / "x.txt", "-o", tmp_path / "out", "--encoding", "utf-8")
    ok = zhprep(*arguments, "--max-drop-rate", 1)
    assert ok.code in (0, 3)
    (tmp_path / "y.txt").write_text("好\x01" * 50 + "\n", encoding="utf-8")
    result = zhprep("normalize", tmp_path / "y.txt", "-o", tmp_path / "out2", "--max-drop-rate", 0.1)
    refused(result, 3, "50.0000% of characters were dropped", "--max-drop-rate")


def test_another_config_into_the_same_folder_is_refused(sample_data, tmp_path):
    news = sample_data / "corpus" / "news.txt"
    assert zhprep("normalize", news, "-o", tmp_path / "out", "--quiet").code == 0
    manifest = (tmp_path / "out" / "manifest.json").read_bytes()
    refused(
        zhprep("normalize", news, "-o", tmp_path / "out", "--no-split"), 2, "another config", "split", "--overwrite"
    )
    assert (tmp_path / "out" / "manifest.json").read_bytes() == manifest
    assert zhprep("normalize", news, "-o", tmp_path / "out", "--no-split", "--overwrite", "--quiet").code == 0


def test_lines_that_a_width_broke_are_joined_or_noted(tmp_path):
    lines = (
        "　　清晨的雾还没有散，河边的小路上已\n经有人走来走去。卖豆浆的老人把炉子点\n起来，白色的热气慢慢升到柳树梢头，和\n雾混在一"
        "处，分不出彼此，过路的人都停\n下来看。\n"
    )
    (tmp_path / "in.txt").write_text(lines, encoding="utf-8")
    plain = zhprep("normalize", tmp_path / "in.txt", "-o", tmp_path / "plain.txt", "--json", "--quiet")
    assert "--unwrap" in plain.report["notes"][0]
    joined = zhprep("normalize", tmp_path / "in.txt", "-o", tmp_path / "out.txt", "--unwrap", "--json", "--quiet")
    assert "notes" not in joined.report
    assert joined.report["dropped"]["sentences.unwrapped"] == 4
    assert (tmp_path / "out.txt").read_text("utf-8").split("\n")[
        0
    ] == "清晨的雾还没有散，河边的小路上已经有人走来走去。"
