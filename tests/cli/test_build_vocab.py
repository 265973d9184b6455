"""``zhprep build-vocab``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import COUNTS, made_by, refused, zhprep

from zhprep.core.shards import temporary_name


def stamps(folder):
    return {path.relative_to(folder): path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def test_a_folder_that_is_a_tokenizer(vocab):
    names = {"tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt", "counts.arrow"}
    assert names | {"report.json", "manifest.json"} <= {path.name for path in vocab.iterdir()}
    tokens = (vocab / "vocab.txt").read_text("utf-8").split("\n")
    assert tokens[:5] == ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    assert not [token for token in tokens if token.startswith("##") and "㐀" <= token[2:3] <= "鿿"]


def test_json_report(sample_data, tmp_path):
    result = zhprep("build-vocab", sample_data / "corpus", "-o", tmp_path / "v", "--size", 2000, "--json", "--quiet")
    assert (result.code, result.err) == (0, "")
    assert set(COUNTS) <= set(result.report)
    assert (result.report["size"], result.report["documents_in"]) == (2000, 336)


def test_a_finished_vocabulary_is_left_as_it_is(sample_data, tmp_path):
    arguments = ("build-vocab", sample_data / "corpus", "-o", tmp_path / "v", "--size", 2000, "--json")
    first = zhprep(*arguments).report
    before = stamps(tmp_path / "v")
    second = zhprep(*arguments).report
    assert stamps(tmp_path / "v") == before
    same = ("content_sha256", "size", "characters", "output")
    assert [first[name] for name in same] == [second[name] for name in same]


def test_a_damaged_vocabulary_is_made_again(sample_data, tmp_path):
    arguments = ("build-vocab", sample_data / "corpus", "-o", tmp_path / "v", "--size", 2000, "--quiet")
    assert zhprep(*arguments).code == 0
    whole = (tmp_path / "v" / "vocab.txt").read_bytes()
    (tmp_path / "v" / "vocab.txt").write_bytes(whole[:100])
    assert zhprep(*arguments).code == 0
    assert (tmp_path / "v" / "vocab.txt").read_bytes() == whole


def test_what_a_killed_process_left_is_gone_when_the_folder_is_finished(sample_data, tmp_path):
    """Also of the copy of a vocabulary beside instances."""
    corpus, vocabulary, data = sample_data / "corpus" / "news.txt", tmp_path / "v", tmp_path / "d"
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    left = temporary_name(Path("tokenizer.json")).name.replace(f"-{os.getpid()}-", f"-{dead.pid}-")
    for command, folder, more in (
        ("build-vocab", vocabulary, ("--size", 2000)),
        ("make-instances", data, ("--vocab", vocabulary)),
    ):
        place = folder if command == "build-vocab" else folder / "vocab"
        made_by(command, corpus, *more, output=folder)
        (folder / "manifest.json").unlink()
        (place / left).mkdir()
        made_by(command, corpus, *more, output=folder)
        assert not (place / left).exists()


def test_another_config_or_input_is_refused_and_overwrite_begins_again(sample_data, tmp_path):
    arguments = ("build-vocab", sample_data / "corpus", "-o", tmp_path / "v", "--quiet")
    assert zhprep(*arguments, "--size", 2000).code == 0
    before = stamps(tmp_path / "v")
    refused(zhprep(*arguments, "--size", 2001), 2, "another config", "size: 2000, now 2001", "--overwrite")
    other = ("build-vocab", sample_data / "corpus" / "news.txt", "-o", tmp_path / "v", "--size", 2000)
    refused(zhprep(*other), 2, "another input")
    assert stamps(tmp_path / "v") == before
    assert zhprep(*arguments, "--size", 2001, "--overwrite").code == 0
    assert json.loads((tmp_path / "v" / "manifest.json").read_text("utf-8"))["config"]["vocab"]["size"] == 2001


def test_a_size_that_is_too_small_leaves_nothing_and_another_may_be_tried(sample_data, tmp_path):
    arguments = ("build-vocab", sample_data / "corpus", "-o", tmp_path / "new" / "v", "--quiet", "--size")
    refused(zhprep(*arguments, 6), 2, "5 specials", "--size")
    assert list(tmp_path.iterdir()) == []
    assert zhprep(*arguments, 2000).code == 0


@pytest.mark.parametrize(
    ("flags", "parts"),
    [
        (["--type", "wordpeice"], ["--type cannot be 'wordpeice'", "did you mean 'wordpiece'?"]),
        (["--cws", "jeiba"], ["unknown segmenter 'jeiba'", "'jieba'"]),
        (["--size", "many"], ["--size", "integer"]),
        (["--size", 3], ["size is 3", "at least 6"]),
        (["--size", 10**20], ["size is 1", "at most 10000000"]),
        (["--unused", 10**9], ["unused is 1", "at most 65536"]),
        (["--multiple-of", 10**9], ["multiple_of is 1", "at most 65536"]),
        (["--char-coverage", "nan"], ["char_coverage is nan", "must be a number"]),
        (["--char-coverage", 2], ["char_coverage is 2", "at most 1"]),
        (["--max-drop-rate", "nan"], ["--max-drop-rate", "from 0 to 1"]),
    ],
)
def test_wrong_flags(flags, parts, tmp_path):
    refused(zhprep("build-vocab", tmp_path / "missing.txt", "-o", tmp_path / "v", *flags), 2, *parts)


@pytest.mark.parametrize(
    "flag",
    [
        ("--size", 3000), ("--multiple-of", 64), ("--unused", 0), ("--min-frequency", 2), ("--min-count", 2),
        ("--char-coverage", 0.9), ("--no-continue-all",), ("--max-length", 128),
    ],
)  # fmt: skip
def test_what_a_patch_has_no_use_for(flag, vocab, sample_data, tmp_path):
    arguments = ("build-vocab", sample_data / "corpus" / "news.txt", "--patch", vocab, "-o", tmp_path / "v", *flag)
    refused(zhprep(*arguments), 2, "does not go with --patch", flag[0].removeprefix("--no-"))


def test_words_given_are_counted_as_words(sample_data, tmp_path):
    """Byte-level BPE over words of a segmenter differs from that over clauses, and says which it is."""
    common = ("build-vocab", sample_data / "corpus", "--type", "bbpe", "--size", 1500, "--quiet")
    assert zhprep(*common, "-o", tmp_path / "text").code == 0
    assert zhprep(*common, "--cws", "jieba", "-o", tmp_path / "words").code == 0
    said = {
        name: json.loads((tmp_path / name / "report.json").read_text("utf-8"))["by_word"] for name in ("text", "words")
    }
    assert said == {"text": False, "words": True}
