"""Corpora in object stores give what the same files on a disk give."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from command_line import made_by, ran, refused, zhprep

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
    memory.rm("/bucket/made/manifest.json")
    refused(zhprep("normalize", "memory://bucket/made", "-o", tmp_path / "x"), 3, "is unfinished")


PUT = """
import sys, fsspec
system = fsspec.filesystem("s3")
system.makedirs(sys.argv[2].split("/")[0], exist_ok=True)
system.put(sys.argv[1], sys.argv[2], recursive=True)
"""


SCRIPT = """
import sys
from zhprep.core.corpus.inputs import remote
from pathlib import Path
remote.PART = 5 << 20
made, one, two, shard = map(Path, sys.argv[1:])
print([remote.put_new(path, "s3://bucket/one") for path in (one, two, shard)])
system = remote._system("s3://bucket/one")
print(system.info("bucket/one")["ETag"].count("-"), system.cat("bucket/one") == one.read_bytes())
found = {path.removeprefix("bucket/made/"): system.cat(path) for path in system.find("bucket/made")}
print(found == {str(path.relative_to(made)): path.read_bytes() for path in made.rglob("*") if path.is_file()})
"""


def test_on_a_server_of_s3(s3, corpus, tmp_path):
    """Read as from a disk; put by a conditional request, a large file by the completion of its parts."""
    subprocess.run([sys.executable, "-c", PUT, str(corpus), "bucket/corpus"], env=s3, check=True)
    flags = ("--block-size", "1KiB", "--quiet", "--workers")
    ours = made_by("normalize", corpus, *flags[:2], "--workers", 1, output=tmp_path / "ours")
    assert ran(s3, "normalize", "s3://bucket/corpus", "-o", tmp_path / "theirs", *flags, 2) == (0, b"", "")
    for name in ("manifest.json", "plan.json"):
        assert (tmp_path / "theirs" / name).read_bytes() == (ours / name).read_bytes()
    code, out, err = ran(s3, "upload", ours, "s3://bucket/made", "--json", "--quiet")
    assert (code, err) == (0, "")
    assert json.loads(out)["files_there_already"] == 0
    one, two, shard = tmp_path / "one", tmp_path / "two", sorted(ours.glob("data-*"))[1]
    one.write_bytes(os.urandom(11 << 20))
    two.write_bytes(os.urandom(11 << 20))
    script = [sys.executable, "-c", SCRIPT, ours, one, two, shard]
    found = subprocess.run(script, env=s3, check=True, capture_output=True)
    assert found.stdout.decode().splitlines() == ["[True, False, False]", "1 True", "True"]
