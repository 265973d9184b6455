"""What lies in an object store is worked on as what lies on a disk: arrays that share nothing else, merge, status, verify,
and folders that are read.
"""

from __future__ import annotations

import errno
import fcntl
import json
import re
import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from command_line import environment, made_by, process, ran, refused, zhprep
from patience import patience
from stores import files_of, stored

from zhprep.core.corpus.inputs import put_new
from zhprep.core.progress import Progress
from zhprep.run.bucket import fetched

pytest.importorskip("fsspec", reason="the extra s3 is not installed")
pytestmark = pytest.mark.usefixtures("temporary")

BUCKET = "memory://bucket"


@pytest.fixture
def corpus(memory, sample_data, vocab):
    """In the bucket: a corpus, the plan of it, a vocabulary."""
    memory.put(str(sample_data / "corpus" / "news.txt"), "/bucket/corpus/news.txt")
    memory.put(str(vocab), "/bucket/vocab", recursive=True)
    plan = zhprep(
        "plan", f"{BUCKET}/corpus", "--block-size", "4KiB", "-o", f"{BUCKET}/c.plan.json", "--json", "--quiet"
    )
    assert plan.report["blocks"] == 4
    return f"{BUCKET}/c.plan.json"


def task(index: int, plan: str, command: str = "make-instances", *more: object):
    flags = ("--num-shards", 3, "--shard-index", index, "--workers", 1, "--quiet", "--json")
    more = more or ("--vocab", f"{BUCKET}/vocab", "--max-length", 64)
    return zhprep(command, plan, *more, "-o", f"{BUCKET}/made", *flags)


def overlapping(monkeypatch, index: int, others: list[int], *arguments: object):
    """Run a task; at its first put, when it has long looked at what is there, the others are run."""

    def put_late(path, address):
        while others:
            assert task(others.pop(), *arguments).report["content_sha256"] == ""
        return put_new(path, address)

    monkeypatch.setattr("zhprep.run.bucket.put_new", put_late)
    return task(index, *arguments)


def local(plan: str, vocab, tmp_path) -> dict[str, bytes]:
    flags = ("--vocab", vocab, "--max-length", 64, "--workers", 1)
    return files_of(made_by("make-instances", plan, *flags, output=tmp_path / "made"))


def test_an_array_that_shares_a_bucket(corpus, vocab, memory, tmp_path, monkeypatch):
    ours = local(corpus, vocab, tmp_path)
    assert task(1, corpus).report["content_sha256"] == ""
    status = zhprep("status", f"{BUCKET}/made", "--json").report
    assert (status["done"], status["pending"], status["finished"]) == (1, [0, 2, 3], False)
    pending = zhprep("status", f"{BUCKET}/made", "--pending-array")
    assert (pending.code, pending.out) == (3, b"0,2-3\n")
    refused(zhprep("merge", f"{BUCKET}/made"), 3, f"{BUCKET}/made: 3 of 4 shards are missing", f"status {BUCKET}/made")
    refused(zhprep("verify", f"{BUCKET}/made"), 3, f"{BUCKET}/made: is unfinished")
    refused(zhprep("inspect", f"{BUCKET}/made"), 3, f"{BUCKET}/made: is unfinished")
    assert task(1, corpus).code == 0
    last = overlapping(monkeypatch, 0, [2], corpus).report
    assert last["content_sha256"] == json.loads(ours["manifest.json"])["content_sha256"]
    assert (last["output"], last["documents_in"]) == (f"{BUCKET}/made", 42)
    assert stored(memory, "/bucket/made") == ours
    assert task(2, corpus).report["content_sha256"] == last["content_sha256"]
    assert zhprep("verify", f"{BUCKET}/made", "--json", "--quiet").report["verified"] is True
    assert zhprep("status", f"{BUCKET}/made", "--watch").out.endswith(b"5,800 characters\n")


def test_merge(corpus, vocab, memory, tmp_path):
    """Of an array whose last task was killed just before it finished the folder."""
    ours = local(corpus, vocab, tmp_path)
    kept = {
        name: data for name, data in ours.items() if name not in ("manifest.json", "state.json", "dataset_info.json")
    }
    for name, data in kept.items():
        memory.pipe(f"/bucket/made/{name}", data)
    brought = zhprep("merge", f"{BUCKET}/made", "-o", tmp_path / "brought", "--json", "--quiet").report
    assert (brought["output"], files_of(tmp_path / "brought")) == (str(tmp_path / "brought"), ours)
    assert stored(memory, "/bucket/made") == kept
    merged = zhprep("merge", f"{BUCKET}/made", "--json", "--quiet").report
    assert (merged["output"], merged["content_sha256"]) == (f"{BUCKET}/made", brought["content_sha256"])
    assert stored(memory, "/bucket/made") == ours
    shard = next(name for name in ours if name.startswith("data-00002"))
    memory.pipe(f"/bucket/made/{shard}", ours[shard][:-9] + b"\1" + ours[shard][-8:])
    for command in ("merge", "verify", "inspect"):
        said = "its bytes are not those of"
        refused(zhprep(command, f"{BUCKET}/made", "--quiet"), 3, f"made/{shard}", said)
    refused(zhprep("merge", tmp_path / "made", "-o", tmp_path / "x"), 2, "-o is for a DIR in an object store")


def test_a_vocabulary_of_an_array(corpus, memory, tmp_path, monkeypatch):
    more = ("--size", 1200)
    ours = files_of(made_by("build-vocab", corpus, *more, "--workers", 1, output=tmp_path / "made"))
    assert task(2, corpus, "build-vocab", *more).report["content_sha256"] == ""
    refused(zhprep("merge", f"{BUCKET}/made"), 3, f"{BUCKET}/made: is a vocabulary, which is not merged but learnt")
    assert overlapping(monkeypatch, 1, [0], corpus, "build-vocab", *more).report["size"] == 1200
    assert stored(memory, "/bucket/made") == ours


def test_folders_are_brought_once_and_held_to_their_manifest(data, run, memory, tmp_path, monkeypatch):
    monkeypatch.setenv("ZHPREP_CACHE", str(tmp_path / "cache"))
    memory.put(str(data), "/bucket/data", recursive=True)
    settings = ("--recipe", "bert-wwm", "--size", "tiny", "--steps", 3, "--batch-size", 4, "--threads", 1)
    made = made_by("pretrain", f"{BUCKET}/data", *settings, output=tmp_path / "run")
    for name in ("model.safetensors", "config.json"):
        assert (made / name).read_bytes() == (run / name).read_bytes()
    (cached,) = (tmp_path / "cache" / "folders").glob("*/data")
    assert files_of(cached) == {name: held for name, held in files_of(data).items() if ".counts" not in name}
    before = {path: path.stat().st_mtime_ns for path in cached.rglob("*")}
    assert zhprep("inspect", f"{BUCKET}/data", "--json").out == zhprep("inspect", data, "--json").out
    assert {path: path.stat().st_mtime_ns for path in cached.rglob("*")} == before
    refused(zhprep("evaluate", f"{BUCKET}/run"), 2, f"{BUCKET}/run", "copy it to this machine")
    refused(zhprep("inspect", f"{BUCKET}/none"), 3, f"{BUCKET}/none: no such folder")


def words_of(corpus, tmp_path):
    return made_by("segment", corpus, "--cws", "characters", "--block-size", "4KiB", output=tmp_path / "words")


def made_of(source, vocab, output):
    settings = ("--vocab", vocab, "--max-length", 64, "--workers", 1)
    return files_of(made_by("make-instances", source, *settings, output=output))


def test_what_a_folder_says_of_its_words_is_known_in_a_bucket(sample_data, vocab, memory, tmp_path):
    """Its segmenter, the settings of that and its origin: the same bytes as of a disk, and a run is gone on with."""
    words = words_of(sample_data / "corpus" / "news.txt", tmp_path)
    memory.put(str(words), "/bucket/words", recursive=True)
    ours = made_of(words, vocab, tmp_path / "ours")
    manifest = json.loads(ours["manifest.json"])
    assert (manifest["segmenter"], manifest["segment"]["cws"]) == ("characters", "characters")
    assert manifest["origin"] == json.loads((words / "manifest.json").read_bytes())["origin"]
    assert made_of(f"{BUCKET}/words", vocab, tmp_path / "theirs") == ours
    assert made_of(words, vocab, tmp_path / "theirs") == ours
    damaged = memory.cat("/bucket/words/manifest.json").replace(b"characters", b"jieba", 1)
    memory.pipe("/bucket/words/manifest.json", damaged)
    said = f"{BUCKET}/words/manifest.json: was changed after it was written"
    refused(zhprep("make-instances", f"{BUCKET}/words", "--vocab", vocab, "-o", tmp_path / "x"), 3, said)


@pytest.mark.parametrize("server", ["s3"], indirect=True)
def test_what_a_folder_says_of_its_words_is_known_on_a_server(server, sample_data, vocab, tmp_path):
    words = words_of(sample_data / "corpus" / "news.txt", tmp_path)
    top = server.bucket("words")
    server.system.put(str(words), "words/words", recursive=True)
    theirs = made_of(f"{top}/words", vocab, tmp_path / "theirs")
    assert theirs == made_of(words, vocab, tmp_path / "ours")


@pytest.mark.parametrize("server", ["s3"], indirect=True)
def test_what_reads_instances_reads_them_from_a_server(server, data, run, memory, tmp_path, monkeypatch):
    """As from a disk: `export`, `inspect`, `evaluate --data`, `pretrain`. That they are copied is said, once."""
    monkeypatch.setenv("ZHPREP_CACHE", str(tmp_path / "cache"))
    theirs = f"{server.bucket('reads')}/data"
    server.system.put(str(data), "reads/data", recursive=True)
    first = zhprep("export", theirs, "--to", "jsonl", "-o", tmp_path / "theirs")
    assert re.search(
        rf"fetch +copying \S+ [kM]B of {theirs} to {tmp_path}/cache/folders/\w+/data, where they", first.err
    )
    ours = made_by("export", data, "--to", "jsonl", output=tmp_path / "ours")
    assert files_of(tmp_path / "theirs") == files_of(ours)
    assert zhprep("inspect", theirs, "--json").out == zhprep("inspect", data, "--json").out
    scored_one = shutil.copytree(run, tmp_path / "scored")  # the run of the session keeps no scores
    flags = ("--threads", 1, "--json")
    scored = [zhprep("evaluate", scored_one, "--data", source, *flags).report for source in (theirs, data)]
    cost = {"seconds": 0, "peak_rss_bytes": 0}
    assert {**scored[0], **cost} == {**scored[1], **cost}
    settings = ("--recipe", "bert-wwm", "--size", "tiny", "--steps", 3, "--batch-size", 4, "--threads", 1)
    again = zhprep("pretrain", theirs, *settings, "-o", tmp_path / "run")
    assert (again.code, "copying" in again.err) == (0, False)
    assert (tmp_path / "run" / "model.safetensors").read_bytes() == (run / "model.safetensors").read_bytes()


@pytest.mark.parametrize("server", ["s3"], indirect=True)
def test_who_may_not_write_to_the_cache_reads_what_is_there(server, data, tmp_path, monkeypatch):
    """A cache that another user filled, or a read-only file system. What is not there is refused, exit 2."""
    writable = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
    frozen = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"'
    cache = tmp_path / "cache"
    cache.mkdir()
    if subprocess.run([*writable, frozen, cache, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this system lets no process mount anything")
    monkeypatch.setenv("ZHPREP_CACHE", str(cache))
    theirs = f"{server.bucket('frozen')}/data"
    server.system.put(str(data), "frozen/data", recursive=True)
    inspecting = [*writable, frozen, cache, sys.executable, "-m", "zhprep", "inspect", theirs, "--json"]
    missing = subprocess.run(inspecting, env=environment(), capture_output=True, check=False)
    assert (missing.returncode, missing.stdout) == (2, b"")
    assert b"Read-only file system" in missing.stderr
    assert str(cache).encode() in missing.stderr
    brought = zhprep("inspect", theirs, "--json")
    read = subprocess.run(inspecting, env=environment(), capture_output=True, check=False)
    assert (read.returncode, read.stdout) == (0, brought.out), read.stderr


@pytest.mark.parametrize("server", ["s3"], indirect=True)
def test_a_cache_on_a_file_system_without_locks(server, data, tmp_path, monkeypatch):
    """Each of two that ask at once brings its own; one stays, also in the place of one that was cut."""
    monkeypatch.setenv("ZHPREP_CACHE", str(tmp_path / "cache"))
    theirs = f"{server.bucket('unlocked')}/data"
    server.system.put(str(data), "unlocked/data", recursive=True)
    both, room = threading.Barrier(2, timeout=patience(60)), shutil.disk_usage

    def no_locks(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    def when_both_found_nothing(folder):
        both.wait()
        return room(folder)

    monkeypatch.setattr(fcntl, "flock", no_locks)
    monkeypatch.setattr(shutil, "disk_usage", when_both_found_nothing)
    for _ in range(2):
        with ThreadPoolExecutor(2) as pool:
            one, other = pool.map(fetched, [theirs] * 2, [Progress()] * 2)
        assert one == other
        assert files_of(one).keys() == {name for name in files_of(data) if ".counts" not in name}
        assert [path.name for path in one.parent.iterdir() if path.name != ".lock"] == ["data"]
        (one / "manifest.json").write_text("{")


def test_what_is_not_copied_is_told(data, run, memory, tmp_path, monkeypatch):
    """No room for it; runs, tasks and texts, and outputs that are not put: exit 2, and what to do."""
    monkeypatch.setenv("ZHPREP_CACHE", str(tmp_path / "cache"))
    memory.put(str(data), "/bucket/data", recursive=True)
    there = "memory://bucket/x"
    for command in (
        ("evaluate", there), ("evaluate", run, "--task", there), ("evaluate", run, "--held-out", there),
        ("predict", there, data), ("compare", there, "-o", tmp_path / "c"),
    ):  # fmt: skip
        refused(zhprep(*command), 2, f"{there}: this is not read from an object store", "copy it to this machine")
    settings = ("--recipe", "bert-wwm", "--size", "tiny", "--steps", 3)
    refused(zhprep("pretrain", data, *settings, "-o", there), 2, f"{there}: this is not written straight to")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(9000, 8000, 1000))
    full = zhprep("export", "memory://bucket/data", "--to", "jsonl", "-o", tmp_path / "out")
    refused(full, 2, "memory://bucket/data: takes ", "and there is room for 1 kB in ", "ZHPREP_CACHE=")
    assert not (tmp_path / "out").exists()


@pytest.mark.nightly
def test_tasks_at_once_on_a_server(server, sample_data, vocab, tmp_path):
    """Each of three tasks twice, all at once, in processes that share a bucket alone: one digest, that of a disk."""
    race = server.bucket("race")
    server.system.put(str(vocab), "race/vocab", recursive=True)
    cut = ("--block-size", "4KiB")
    assert ran(environment(), "plan", sample_data / "corpus" / "news.txt", *cut, "-o", f"{race}/c.plan.json")[0] == 0
    flags = ("--vocab", f"{race}/vocab", "--max-length", 64, "--workers", 1, "--quiet")
    command = ("make-instances", f"{race}/c.plan.json", *flags, "-o", f"{race}/made", "--num-shards", 3)
    started = [process(*command, "--shard-index", index) for index in (0, 1, 2, 2, 1, 0)]
    assert [(one.communicate(timeout=patience(300))[1], one.returncode) for one in started] == [(b"", 0)] * 6
    ours = made_by(
        "make-instances", sample_data / "corpus" / "news.txt", "--vocab", vocab, "--max-length", 64, *cut, "--workers", 1,
        output=tmp_path / "made",
    )  # fmt: skip
    digest = json.loads((ours / "manifest.json").read_bytes())["content_sha256"]
    for command in (("verify",), ("merge",)):
        code, out, err = ran(environment(), *command, f"{race}/made", "--json", "--quiet")
        assert (code, err, json.loads(out)["content_sha256"]) == (0, "", digest)
    assert json.loads(ran(environment(), "status", f"{race}/made", "--json")[1])["finished"] is True
    assert ran(environment(), "verify", f"{race}/vocab", "--quiet")[0] == 0
