"""Corpora in object stores give what the same files on a disk give."""

from __future__ import annotations

import json
import os
import re
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest
from command_line import made_by, refused, zhprep
from stores import conflicting, files_of, stored

from zhprep.core.corpus.inputs import put_new
from zhprep.core.errors import UsageError

pytest.importorskip("fsspec", reason="the extra s3 is not installed")


@pytest.fixture
def corpus(tmp_path, sample_data):
    """A folder with a file of each kind: text, JSON lines, compressed, a table of ours, a foreign table."""
    import gzip

    import pyarrow as pa
    import pyarrow.parquet as pq

    folder = tmp_path / "corpus"
    (folder / "deeper").mkdir(parents=True)
    lines = (sample_data / "corpus" / "news.txt").read_text("utf-8").split("\n\n")
    (folder / "a.txt").write_text("\n\n".join(lines[:20]), "utf-8")
    (folder / "b.txt.gz").write_bytes(gzip.compress("\n\n".join(lines[20:30]).encode(), mtime=0))
    rows = "".join(json.dumps({"text": text}, ensure_ascii=False) + "\n" for text in lines[30:36])
    (folder / "deeper" / "c.jsonl").write_text(rows, "utf-8")
    pq.write_table(pa.table({"text": lines[36:44]}), folder / "d.parquet", row_group_size=3)
    with pa.ipc.new_stream(folder / "e.arrow", pa.schema([("text", pa.string())])) as file:
        file.write_table(pa.table({"text": lines[44:50]}), max_chunksize=2)
    (folder / "notes.md").write_text("no corpus")
    return folder


def test_in_memory(corpus, memory, tmp_path):
    memory.put(str(corpus), "/bucket/corpus", recursive=True)
    flags = ("--block-size", "1KiB", "--workers", 1)
    ours = made_by("normalize", corpus, *flags, output=tmp_path / "ours")
    theirs = made_by("normalize", "memory://bucket/corpus", *flags, output=tmp_path / "theirs")
    for name in ("manifest.json", "plan.json"):
        assert (theirs / name).read_bytes() == (ours / name).read_bytes()
    lines = zhprep("normalize", corpus / "a.txt", corpus / "b.txt.gz", "--workers", 1).out
    assert (
        zhprep("normalize", "memory://bucket/corpus/a.txt", "memory://bucket/corpus/b.txt.gz", "--workers", 1).out
        == lines
    )
    assert zhprep("normalize", "memory://bucket/corpus/*.txt*", "--workers", 1).out == lines
    plan = tmp_path / "c.plan.json"
    assert zhprep("plan", "memory://bucket/corpus", "-o", plan, *flags[:2]).code == 0
    kept = made_by("normalize", plan, "--workers", 1, output=tmp_path / "kept")
    assert (kept / "manifest.json").read_bytes() == (ours / "manifest.json").read_bytes()


def test_what_is_wrong_is_told(corpus, memory, tmp_path):
    refused(zhprep("normalize", "memory://bucket/none", "-o", tmp_path / "x"), 2, "memory://bucket/none: no such file")
    memory.pipe("/bucket/alone/plan.json", b"{}")
    refused(zhprep("normalize", "memory://bucket/alone", "-o", tmp_path / "x"), 2, "no readable file in this folder")
    refused(zhprep("normalize", "nosuch://bucket/x", "-o", tmp_path / "x"), 2, "nosuch://bucket/x", "s3://bucket/key")
    memory.put(str(corpus / "a.txt"), "/bucket/a.txt")
    plan = tmp_path / "c.plan.json"
    assert zhprep("plan", "memory://bucket/a.txt", "-o", plan).code == 0
    changed = memory.cat("/bucket/a.txt").replace("。".encode(), "！".encode())
    memory.pipe("/bucket/a.txt", changed)
    refused(zhprep("normalize", plan, "-o", tmp_path / "x", "--workers", 1), 3, "has changed since it was planned")
    memory.pipe("/bucket/a.txt", b"")
    refused(zhprep("normalize", plan, "-o", tmp_path / "x", "--workers", 1), 3, "memory://bucket/a.txt: has 0 bytes")


def test_a_folder_of_ours_is_held_to_its_manifest(corpus, memory, tmp_path):
    made = made_by("normalize", corpus, "--block-size", "1KiB", output=tmp_path / "made")
    memory.put(str(made), "/bucket/made", recursive=True)
    text = zhprep("normalize", made, "--workers", 1).out
    assert zhprep("normalize", "memory://bucket/made", "--workers", 1).out == text
    shard = sorted(path for path in memory.find("/bucket/made") if path.endswith(".arrow"))[0]
    data = bytearray(memory.cat(shard))
    data[len(data) // 2] ^= 1
    memory.pipe(shard, bytes(data))
    refused(
        zhprep("normalize", "memory://bucket/made", "-o", tmp_path / "x"), 3, "its bytes are not those of its manifest"
    )
    memory.mv(shard, "/bucket/made/data-00007-of-00009.arrow")
    for named in ("memory://bucket/made", "memory://bucket/made/"):
        refused(zhprep("normalize", named, "-o", tmp_path / "x"), 3, f"memory:/{shard}: is not there")
    memory.put_file(str(made / shard.rpartition("/")[2]), shard)
    for named in ("memory://bucket/made", "memory://bucket/made/*.arrow"):
        refused(zhprep("normalize", named, "-o", tmp_path / "x"), 3, "data-00007-of-00009.arrow: is a shard that")
    memory.rm("/bucket/made/manifest.json")
    refused(zhprep("normalize", "memory://bucket/made", "-o", tmp_path / "x"), 3, "is unfinished")


def test_on_a_server(server, corpus, temporary, tmp_path):
    """Read as from a disk, whatever names it, and put there to the same bytes."""
    top = server.bucket("bucket")
    server.system.put(str(corpus), "bucket/corpus", recursive=True)
    server.system.pipe("bucket/corpus/", b"")  # a folder, as consoles of stores make them
    flags = ("--block-size", "1KiB", "--quiet")
    ours = made_by("normalize", corpus, *flags[:2], "--workers", 1, output=tmp_path / "ours")
    for command in (
        ("normalize", f"{top}/corpus", "-o", tmp_path / "theirs", *flags, "--workers", 2),
        ("plan", f"{top}/corpus", "-o", f"{top}/c.plan.json", *flags),
        ("normalize", f"{top}/c.plan.json", "-o", f"{top}/made", *flags[2:], "--workers", 2),
    ):
        result = zhprep(*command)
        assert (result.code, result.err) == (0, "")
    for name in ("manifest.json", "plan.json"):
        assert (tmp_path / "theirs" / name).read_bytes() == (ours / name).read_bytes()
    lines = zhprep("normalize", corpus / "a.txt", corpus / "b.txt.gz", "--workers", 1).out
    assert zhprep("normalize", f"{top}/corpus/*.txt*", "--workers", 1).out == lines
    report = zhprep("upload", ours, f"{top}/made", "--json", "--quiet").report
    assert (report["files_put"], report["files_there_already"]) == (0, len(files_of(ours)))
    assert stored(server.system, "bucket/made") == files_of(ours)


@pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")  # gcsfs does
def test_nothing_is_written_over_on_a_server(server, tmp_path, monkeypatch):
    """Of writers of one name the first wins: one after the other, at once, by one request and by the completion of parts."""
    monkeypatch.setattr("zhprep.core.corpus.inputs.remote.PART", 5 << 20)
    top = server.bucket("puts")
    for name in ("large-0", "large-1", *(f"small-{writer}" for writer in range(8))):
        (tmp_path / name).write_bytes(os.urandom(11 << 20 if name.startswith("large") else 100))
    puts = {
        ("large-0", "large"): True,
        ("small-1", "large"): False,
        ("small-0", "small"): True,
        ("small-1", "small"): False,
    }
    if server.protocol == "s3":  # the other server does not hold to the condition of a put in parts
        puts |= {("large-1", "large"): False, ("large-1", "small"): False}
    assert {(name, to): put_new(tmp_path / name, f"{top}/{to}") for name, to in puts} == puts
    for name in ("large", "small"):
        assert server.system.cat(f"puts/{name}") == (tmp_path / f"{name}-0").read_bytes()
    with ThreadPoolExecutor(8) as pool:
        for race in range(3):
            wins = pool.map(lambda writer, to=f"{top}/race-{race}": put_new(tmp_path / f"small-{writer}", to), range(8))
            assert sum(wins) == 1
    if server.protocol == "gs":
        asked = re.findall(r"POST (/upload/storage/v1/b/puts/\S+)", server.log.read_text("utf-8"))
        begun = [address for address in asked if "upload_id=" not in address]
        assert len(begun) == 4 + 3 * 8
        assert sum("uploadType=resumable" in address for address in begun) == 1
        assert all("ifGenerationMatch=0" in address for address in begun)


@pytest.mark.parametrize("server", ["s3"], indirect=True)
@pytest.mark.parametrize("other_lands", [False, True])
def test_a_put_that_meets_another_under_way_is_tried_again(server, tmp_path, monkeypatch, other_lands):
    """S3 answers one of two puts at once with 409, before the other is there, which may fail or not."""
    from s3fs import S3FileSystem

    monkeypatch.setattr("zhprep.core.corpus.inputs.remote._WAIT", 0.001)
    bucket = f"conflicts-{str(other_lands).lower()}"
    server.bucket(bucket)
    for name in ("ours", "theirs"):
        (tmp_path / name).write_text(name)

    def other() -> None:
        if other_lands:
            url = f"{server.variables['AWS_ENDPOINT_URL']}/{bucket}/it"
            urllib.request.urlopen(urllib.request.Request(url, b"theirs", method="PUT")).close()

    try:
        with conflicting(server, 3, other) as (address, answered):
            monkeypatch.setenv("AWS_ENDPOINT_URL", address)
            S3FileSystem.clear_instance_cache()
            assert put_new(tmp_path / "ours", f"s3://{bucket}/it") is not other_lands
            assert answered == [409, 409, 409] + [200] * (not other_lands)
        with conflicting(server, 99) as (address, answered):
            monkeypatch.setenv("AWS_ENDPOINT_URL", address)
            S3FileSystem.clear_instance_cache()
            with pytest.raises(UsageError, match=f"s3://{bucket}/never: cannot be written: .*conflicting operation"):
                put_new(tmp_path / "ours", f"s3://{bucket}/never")
            assert len(answered) == 8
    finally:
        S3FileSystem.clear_instance_cache()


def test_a_library_that_would_write_over_is_refused(corpus, memory, tmp_path, monkeypatch):
    """Before 2024.12 those of fsspec took the condition and did not ask it."""

    def put_file(self, lpath, rpath, callback=None, **kwargs):
        raise AssertionError("it was asked to")

    monkeypatch.setattr(type(memory), "put_file", put_file)
    made = made_by("normalize", corpus / "a.txt", output=tmp_path / "made")
    for command in (("upload", made, "memory://bucket/made"), ("normalize", corpus, "-o", "memory://bucket/made")):
        refused(zhprep(*command, "--quiet"), 2, "fsspec is too old: it may write over what is there", "pip install")
