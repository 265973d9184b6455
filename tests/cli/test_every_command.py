"""What holds for every command: help, unknown options, one line for an error, nothing left behind."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import environment, refused, zhprep

import zhprep as package
from zhprep.cli import COMMANDS

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8


@pytest.mark.parametrize("name", COMMANDS)
def test_help_says_what_the_command_does(name):
    result = zhprep(name, "--help")
    assert (result.code, result.err) == (0, "")
    text = " ".join(result.out.decode().split())
    assert COMMANDS[name] in text
    assert f"Usage: zhprep {name}" in text
    assert "--json" in text


@pytest.mark.parametrize("name", COMMANDS)
def test_an_unknown_option_is_told_with_the_nearest(name):
    refused(zhprep(name, "--jsno"), 2, "unknown option '--jsno'", f"did you mean '--json'? see `zhprep {name} --help`")


def test_an_unknown_command_is_told_with_the_nearest():
    refused(zhprep("segmnet", "x"), 2, "unknown command 'segmnet'", "did you mean 'segment'?")


def test_no_command_shows_the_list_in_the_order_of_the_pipeline():
    result = zhprep()
    assert (result.code, result.out) == (2, b"")
    listed = [
        line.split()[0] for line in result.err.splitlines() if line.startswith("  ") and line.split()[0] in COMMANDS
    ]
    assert listed == list(COMMANDS)


def test_version():
    assert zhprep("--version").out.decode() == f"zhprep {package.__version__}\n"


def test_help_loads_nothing_heavy():
    heavy = ("torch", "pyarrow", "numpy", "jieba", "PIL", "tokenizers", "transformers")
    code = f"import sys, zhprep.cli; print([name for name in {heavy} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], env=environment(), capture_output=True, check=True)
    assert found.stdout.strip() == b"[]"


def test_arrow_looks_for_no_pandas_and_others_may_have_it(sample_data, tmp_path):
    pytest.importorskip("pandas")
    code = """
import sys
from zhprep.cli import invoke
invoke(sys.argv[1:])
print("pyarrow" in sys.modules, "pandas" in sys.modules)
import pandas, pyarrow
print(pyarrow.table({"a": [1]}).to_pandas()["a"].tolist(), pyarrow.array(pandas.Series([2, 3])).to_pylist())
"""
    command = ["build-vocab", sample_data / "corpus", "-o", tmp_path / "v", "--size", "1000", "--quiet"]
    found = subprocess.run([sys.executable, "-c", code, *command], env=environment(), capture_output=True, check=True)
    assert found.stdout.decode().split("\n") == ["True False", "[1] [2, 3]", ""]


def reading_commands(vocab: Path, output: Path) -> dict[str, list[object]]:
    """Every command that reads a corpus, with what it needs beside its input."""
    return {
        "normalize": ["-o", output],
        "segment": ["-o", output],
        "extract-pinyin": ["-o", output],
        "build-vocab": ["-o", output],
        "make-instances": ["--vocab", vocab, "-o", output],
        "run": ["-o", output, "--size", "tiny", "--steps", 1],
    }


@pytest.fixture(params=["normalize", "segment", "extract-pinyin", "build-vocab", "make-instances", "run"])
def on_input(request, vocab, tmp_path):
    """Runs a command on one input and checks that it leaves nothing behind when it is refused."""
    output = tmp_path / "new" / "out"
    rest = reading_commands(vocab, output)[request.param]

    def run(source, code, *parts, stdin=b""):
        before = sorted(tmp_path.rglob("*"))
        command = [request.param, *(["bert-wwm"] if request.param == "run" else []), source, *rest]
        refused(zhprep(*command, stdin=stdin), code, *parts)
        assert sorted(tmp_path.rglob("*")) == before

    return run


def test_missing_file(on_input, tmp_path):
    (tmp_path / "corpus.txt").write_text("你好。\n", encoding="utf-8")
    on_input(tmp_path / "corpsu.txt", 2, "corpsu.txt: no such file or folder", f"did you mean '{tmp_path}/corpus.txt'?")


def test_empty_file(on_input, tmp_path):
    (tmp_path / "empty.txt").touch()
    on_input(tmp_path / "empty.txt", 3, "empty.txt", "no document")


def test_blank_lines_only(on_input, tmp_path):
    (tmp_path / "blank.txt").write_text("\n \n\t\n")
    on_input(tmp_path / "blank.txt", 3, "blank.txt", "no document")


def test_empty_standard_input(on_input):
    on_input("-", 3, "no document")


def test_a_picture(on_input, tmp_path):
    (tmp_path / "picture.txt").write_bytes(PNG)
    on_input(tmp_path / "picture.txt", 3, "picture.txt: is not text but a PNG picture")


def test_invalid_utf8_names_file_and_line(on_input, tmp_path):
    lines = ["第一行。".encode(), "第二行。".encode(), b"\xe4\xbd\xff", "第四行。".encode()]
    (tmp_path / "broken.txt").write_bytes(b"\n".join(lines))
    on_input(tmp_path / "broken.txt", 3, "broken.txt, line 3: is not ", "--on-error skip")


def test_invalid_utf8_far_into_a_file(on_input, tmp_path):
    lines = ["这是一行没有问题的文字。".encode()] * 60_000
    lines[50_000] = b"\xff\xfe\xff"
    (tmp_path / "late.txt").write_bytes(b"\n".join(lines))
    on_input(tmp_path / "late.txt", 3, "late.txt, line 50001: is not ")


def test_truncated_gzip(on_input, tmp_path):
    import gzip

    whole = gzip.compress("今天天气很好，我们去公园散步。\n".encode() * 5000)
    (tmp_path / "cut.txt.gz").write_bytes(whole[: len(whole) // 2])
    on_input(tmp_path / "cut.txt.gz", 3, "cut.txt.gz", "damaged")


def test_an_empty_folder(on_input, tmp_path):
    (tmp_path / "folder").mkdir()
    on_input(tmp_path / "folder", 2, "folder: no readable file in this folder")


@pytest.mark.parametrize("command", ["normalize", "segment", "extract-pinyin"])
def test_a_line_of_ten_megabytes_is_read(command, tmp_path):
    """In this process, as one block is where a worker would have to load what is loaded here."""
    (tmp_path / "long.txt").write_text("春江潮水连海平，海上明月共潮生。" * 210_000, encoding="utf-8")
    result = zhprep(command, tmp_path / "long.txt", "-o", tmp_path / "out", "--workers", 1, "--json", "--quiet")
    assert (result.code, result.err) == (0, "")
    assert result.report["characters"] == 16 * 210_000


def test_a_line_of_ten_megabytes_becomes_a_vocabulary_and_instances(tmp_path):
    (tmp_path / "long.txt").write_text("春江潮水连海平，海上明月共潮生。" * 210_000, encoding="utf-8")
    made = zhprep("build-vocab", tmp_path / "long.txt", "-o", tmp_path / "vocab", "--workers", 1, "--quiet")
    assert made.code == 0
    inputs = (tmp_path / "long.txt", "--vocab", tmp_path / "vocab", "--format", "full-sentences", "--workers", 1)
    result = zhprep("make-instances", *inputs, "-o", tmp_path / "data", "--json", "--quiet")
    assert result.code == 0, result.err
    assert result.report["encoded_tokens"] == 16 * 210_000


@pytest.mark.parametrize("command", ["normalize", "segment", "extract-pinyin"])
def test_a_failing_stream_leaves_no_file(command, tmp_path):
    (tmp_path / "broken.txt").write_bytes("好的。\n".encode() * 9 + b"\xff\n")
    output = tmp_path / "new" / "out.jsonl"
    refused(zhprep(command, tmp_path / "broken.txt", "-o", output), 3, "broken.txt, line 10: is not ")
    assert [path.name for path in tmp_path.iterdir()] == ["broken.txt"]


@pytest.mark.parametrize("command", ["normalize", "segment", "extract-pinyin"])
def test_json_and_data_cannot_both_have_stdout(command):
    refused(zhprep(command, "--json", stdin="好。\n".encode()), 2, "--json and the data both want stdout", "-o FILE")


@pytest.mark.parametrize("command", ["normalize", "segment", "extract-pinyin"])
def test_an_array_needs_a_folder(command, tmp_path):
    arguments = (command, "--num-shards", 2, "--shard-index", 0, "-o", tmp_path / "x.txt")
    refused(zhprep(*arguments, stdin="好。\n".encode()), 2, "needs a folder")


@pytest.mark.parametrize("command", ["build-vocab", "make-instances", "run"])
def test_a_folder_cannot_be_stdout_nor_a_file(command, vocab, sample_data, tmp_path):
    (tmp_path / "file").write_text("mine")
    arguments = [command, *(["bert-wwm"] if command == "run" else []), sample_data / "corpus"]
    arguments += ["--vocab", vocab] if command == "make-instances" else []
    refused(zhprep(*arguments, "-o", "-"), 2, "is not a folder")
    refused(zhprep(*arguments, "-o", tmp_path / "file"), 2, "is a file, not a folder")
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("command", ["normalize", "build-vocab", "make-instances"])
def test_a_folder_of_somebody_elses_is_left_as_it_is(command, vocab, sample_data, tmp_path):
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "tokenizer.json").write_text("precious")
    extra = ["--vocab", vocab] if command == "make-instances" else []
    for overwrite in ([], ["--overwrite"]):
        result = zhprep(command, sample_data / "corpus", *extra, "-o", tmp_path / "theirs", *overwrite)
        refused(result, 2, "was not made by zhprep", "name another folder")
    assert [path.name for path in (tmp_path / "theirs").iterdir()] == ["tokenizer.json"]
    assert (tmp_path / "theirs" / "tokenizer.json").read_text() == "precious"


def test_overwrite_is_refused_in_an_array(sample_data, tmp_path):
    arguments = ("normalize", sample_data / "corpus", "-o", tmp_path / "out", "--num-shards", 2, "--shard-index", 1)
    refused(zhprep(*arguments, "--overwrite"), 2, "--overwrite in an array")


@pytest.mark.parametrize(
    ("flags", "parts"),
    [
        (["--shard-index", 1], ["--shard-index needs --num-shards"]),
        (["--shard-index", 2, "--num-shards", 2], ["--shard-index is 2", "0 to 1"]),
        (["--num-shards", 2], ["--num-shards needs --shard-index"]),
        (["--workers", 0], ["--workers"]),
        (["--block-size", "12 parsecs"], ["'12 parsecs' is not a size", "64MiB"]),
        (["--executor", "proceses"], ["--executor cannot be 'proceses'", "did you mean 'processes'?"]),
        (["--encoding", "utf8000"], ["unknown encoding 'utf8000'"]),
    ],
)
def test_shared_flags_that_are_wrong(flags, parts, sample_data, tmp_path, monkeypatch):
    monkeypatch.delenv("SLURM_ARRAY_TASK_ID", raising=False)
    refused(zhprep("normalize", sample_data / "corpus", "-o", tmp_path / "out", *flags), 2, *parts)
    assert not (tmp_path / "out").exists()


def test_debug_shows_where(monkeypatch):
    monkeypatch.setenv("ZHPREP_DEBUG", "1")
    with pytest.raises(package.core.errors.UsageError):
        zhprep("parts", "nothing")


def test_log_json_ends_with_the_report(sample_data, tmp_path):
    result = zhprep("normalize", sample_data / "corpus" / "news.txt", "-o", tmp_path / "out", "--log-json")
    events = [json.loads(line) for line in result.err.splitlines()]
    assert (events[0]["event"], events[-1]["event"]) == ("begin", "report")
    assert events[-1]["documents_in"] == 42
