"""The same inputs and seed give the same bytes: any number of workers, killed at any moment, piped, or in an array."""

from __future__ import annotations

import gzip
import json
import time
from pathlib import Path

import pytest
from command_line import made_by, process, workers_of, zhprep
from patience import patience, wait_until
from reading_instances import read_instances


def sha(folder):
    return json.loads((folder / "manifest.json").read_bytes())["content_sha256"]


def same_files(one, other):
    """Whether two folders hold the same shards, byte for byte."""
    names = sorted(path.name for path in one.glob("data-*.arrow"))
    assert names
    assert names == sorted(path.name for path in other.glob("data-*.arrow"))
    return all((one / name).read_bytes() == (other / name).read_bytes() for name in names)


@pytest.fixture(scope="module")
def large(sample_data, tmp_path_factory):
    """About 6 MB of text, each copy of the sample a little different, so that two workers pay."""
    text = "\n\n".join(path.read_text("utf-8").strip() for path in sorted((sample_data / "corpus").glob("*.txt")))
    path = tmp_path_factory.mktemp("large") / "large.txt"
    path.write_text("\n\n".join(text.replace("云溪市", f"云溪市{copy}区") for copy in range(48)), encoding="utf-8")
    assert path.stat().st_size > 6 << 20
    return path


@pytest.fixture(scope="module")
def alone(large, vocab, tmp_path_factory):
    """The instances that one worker makes of it without being disturbed."""
    folder = tmp_path_factory.mktemp("alone") / "data"
    return made_by("make-instances", large, "--vocab", vocab, "--workers", 1, output=folder)


def receipts(folder):
    return len(list((folder / ".receipts").glob("[0-9]*.json")))


def test_two_workers_are_two_processes_and_write_the_same(large, vocab, alone, tmp_path):
    started = process("make-instances", large, "--vocab", vocab, "-o", tmp_path / "data", "--workers", 2, "--quiet")
    seen: set[int] = set()
    while started.poll() is None:
        seen |= {worker.pid for worker in workers_of(started)}
        time.sleep(0.05)
    assert (started.communicate(), started.returncode) == ((b"", b""), 0)
    assert len(seen) == 2
    assert sha(tmp_path / "data") == sha(alone)
    assert same_files(tmp_path / "data", alone)


def test_workers_killed_are_replaced(large, vocab, alone, tmp_path):
    arguments = ("make-instances", large, "--vocab", vocab, "-o", tmp_path / "data", "--workers", 2, "--quiet")
    started = process(*arguments)
    for done in (1, 3):
        wait_until(lambda done=done: receipts(tmp_path / "data") >= done, 90)
        wait_until(lambda: workers_of(started))[0].kill()
    assert (started.communicate(timeout=patience(90)), started.returncode) == ((b"", b""), 0)
    assert sha(tmp_path / "data") == sha(alone)
    assert not list((tmp_path / "data").glob(".working/*"))


def test_sigterm_keeps_what_is_done_and_the_same_command_goes_on(large, vocab, alone, tmp_path):
    arguments = ("make-instances", large, "--vocab", vocab, "-o", tmp_path / "data", "--workers", 2, "--quiet")
    started = process(*arguments)
    wait_until(lambda: receipts(tmp_path / "data") >= 1, 90)
    started.terminate()
    _, err = started.communicate(timeout=patience(60))
    assert (started.returncode, err.count(b"\n")) == (85, 1), err
    assert b"run the same command again" in err
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "data").glob("data-*.arrow")}
    assert kept
    assert zhprep(*arguments).code == 0
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    assert sha(tmp_path / "data") == sha(alone)


@pytest.mark.parametrize("block_size", [None, "50KiB"])
def test_the_pipe_gives_the_instances_of_the_file(block_size, sample_data, vocab, tmp_path):
    source = tmp_path / "x.txt.gz"
    texts = [path.read_text("utf-8").strip() for path in sorted((sample_data / "corpus").glob("*.txt"))]
    source.write_bytes(gzip.compress("\n\n".join(texts).encode()))
    settings = ("--vocab", vocab, "--mask", "wwm", *(["--block-size", block_size] if block_size else []))
    from_file = made_by("make-instances", source, *settings, output=tmp_path / "file")
    text = zhprep("normalize", "--quiet", stdin=gzip.decompress(source.read_bytes())).out
    words = zhprep("segment", "--quiet", stdin=text).out
    piped = zhprep("make-instances", "-", *settings, "-o", tmp_path / "pipe", "--quiet", stdin=words)
    assert (piped.code, piped.err) == (0, "")
    assert len(list(from_file.glob("data-*.arrow"))) > (1 if block_size else 0)
    assert sha(tmp_path / "pipe") == sha(from_file)


def test_the_pipe_of_processes(sample_data, vocab, tmp_path):
    source = tmp_path / "x.txt.gz"
    source.write_bytes(gzip.compress((sample_data / "corpus" / "dialogue.txt").read_bytes()))
    zcat = process_of("zcat", source)
    normalize = process("normalize", stdin=zcat.stdout)
    segment = process("segment", stdin=normalize.stdout)
    arguments = ("make-instances", "-", "--vocab", vocab, "--mask", "wwm", "-o", tmp_path / "pipe", "--quiet")
    make = process(*arguments, stdin=segment.stdout)
    _, err = make.communicate()
    for stage in (zcat, normalize, segment):
        stage.communicate()
    assert [stage.returncode for stage in (zcat, normalize, segment, make)] == [0, 0, 0, 0], err
    from_file = made_by("make-instances", source, "--vocab", vocab, "--mask", "wwm", output=tmp_path / "file")
    assert sha(tmp_path / "pipe") == sha(from_file)


def process_of(*command: object):
    import subprocess

    return subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE)


@pytest.mark.parametrize("table", ["text", "words", "pinyin"])
def test_tables_give_the_instances_of_the_raw_text(table, sample_data, vocab, tmp_path):
    source = sample_data / "corpus" / "essays.txt"
    settings = ("--vocab", vocab, "--block-size", "1GiB")
    raw = made_by("make-instances", source, *settings, output=tmp_path / "raw")
    stages = {
        "text": ["normalize"],
        "words": ["normalize", "segment"],
        "pinyin": ["normalize", "segment", "extract-pinyin"],
    }
    made = source
    for stage in stages[table]:
        made = made_by(stage, made, output=tmp_path / stage)
    ours, theirs = (
        read_instances(folder).table
        for folder in (raw, made_by("make-instances", made, *settings, output=tmp_path / "data"))
    )
    assert theirs.select(ours.schema.names).equals(ours)
    assert set(theirs.schema.names) - set(ours.schema.names) <= ({"pinyin_ids"} if table == "pinyin" else set())


def array(command, settings, folder, number, order):
    for index in order:
        result = zhprep(command, *settings, "-o", folder, "--num-shards", number, "--shard-index", index, "--quiet")
        assert (result.code, result.err) == (0, "")


def test_an_array_of_tasks_gives_the_bytes_of_one_process(sample_data, vocab, tmp_path):
    settings = (sample_data / "corpus", "--vocab", vocab, "--block-size", "8KiB")
    single = made_by("make-instances", *settings, output=tmp_path / "single")
    array("make-instances", settings, tmp_path / "array", 4, (2, 0, 3))
    pending = zhprep("status", tmp_path / "array", "--pending-array")
    shards = zhprep("status", tmp_path / "array", "--json").report["shards"]
    assert pending.code == 3
    assert pending.out.decode().strip() == ",".join(map(str, range(1, shards, 4)))
    assert not (tmp_path / "array" / "manifest.json").exists()
    array("make-instances", settings, tmp_path / "array", 4, (1,))
    assert zhprep("status", tmp_path / "array", "--pending-array").code == 0
    assert sha(tmp_path / "array") == sha(single)
    assert same_files(tmp_path / "array", single)
    assert (tmp_path / "array" / "manifest.json").read_bytes() == (single / "manifest.json").read_bytes()
    (tmp_path / "array" / "manifest.json").unlink()
    assert zhprep("merge", tmp_path / "array", "--quiet").code == 0
    assert sha(tmp_path / "array") == sha(single)


def test_the_scheduler_says_which_task_this_is(sample_data, vocab, tmp_path, monkeypatch):
    settings = (sample_data / "corpus", "--vocab", vocab, "--block-size", "8KiB", "-o", tmp_path / "array", "--quiet")
    single = made_by("make-instances", *settings[:5], output=tmp_path / "single")
    for index in range(3):
        monkeypatch.setenv("SLURM_ARRAY_TASK_ID", str(index))
        monkeypatch.setenv("SLURM_ARRAY_TASK_COUNT", "1")  # of this submission: a part of the array
        assert zhprep("make-instances", *settings, "--num-shards", 3).code == 0
    assert sha(tmp_path / "array") == sha(single)


def test_an_array_builds_the_vocabulary_of_one_process(sample_data, tmp_path):
    settings = (sample_data / "corpus", "--size", 3000, "--block-size", "20KiB")
    single = made_by("build-vocab", *settings, output=tmp_path / "single")
    array("build-vocab", settings, tmp_path / "array", 3, (1, 2, 0))
    for name in ("tokenizer.json", "vocab.txt", "counts.arrow", "manifest.json"):
        assert (tmp_path / "array" / name).read_bytes() == (single / name).read_bytes(), name


def test_two_processes_of_the_same_command_at_once(sample_data, vocab, tmp_path):
    settings = (sample_data / "corpus", "--vocab", vocab, "--block-size", "10KiB")
    single = made_by("make-instances", *settings, output=tmp_path / "single")
    started = [process("make-instances", *settings, "-o", tmp_path / "both", "--quiet") for _ in range(2)]
    ended = [(one.communicate()[1], one.returncode) for one in started]
    assert [code for _, code in ended] == [0, 0], ended
    assert sha(tmp_path / "both") == sha(single)
    assert same_files(tmp_path / "both", single)


def test_where_the_inputs_lie_does_not_matter(sample_data, vocab, tmp_path, monkeypatch):
    folder = tmp_path / "名 字"
    folder.mkdir()
    (folder / "news.txt").write_bytes((sample_data / "corpus" / "news.txt").read_bytes())
    here = made_by("make-instances", sample_data / "corpus" / "news.txt", "--vocab", vocab, output=tmp_path / "one")
    monkeypatch.chdir(folder)
    there = made_by("make-instances", "news.txt", "--vocab", vocab, output=Path("两"))
    assert (there / "manifest.json").read_bytes() == (here / "manifest.json").read_bytes()


def test_a_finished_folder_has_its_tokenizer_whenever_it_was_killed(sample_data, vocab, tmp_path, monkeypatch):
    """The manifest is the last thing that is written: there is no moment at which it is there and the tokenizer is not."""
    from zhprep.core.shards import Folder

    seen = []
    finish = Folder.finish

    def noting(folder, *arguments):
        seen.append(sorted(path.name for path in (folder.path / "vocab").glob("*")))
        return finish(folder, *arguments)

    monkeypatch.setattr(Folder, "finish", noting)
    made_by("make-instances", sample_data / "corpus" / "news.txt", "--vocab", vocab, output=tmp_path / "data")
    assert ["special_tokens_map.json", "tokenizer.json", "tokenizer_config.json", "vocab.txt"] in seen
