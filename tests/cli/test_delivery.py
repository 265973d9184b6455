"""``-o`` with an address: what is put is what a folder would hold, whole or known to be unfinished, never replaced."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest
from command_line import made_by, refused, zhprep
from stores import files_of, stored

from zhprep.core.corpus.inputs import put_new

pytest.importorskip("fsspec", reason="the extra s3 is not installed")
pytestmark = pytest.mark.usefixtures("temporary")


@pytest.fixture
def news(sample_data):
    return sample_data / "corpus" / "news.txt"


CUT = ("--block-size", "4KiB", "--workers", 1, "--quiet")


@pytest.mark.parametrize(
    ("command", "more"),
    [("normalize", ()), ("segment", ()), ("build-vocab", ("--size", 1200)), ("make-instances", ("--max-length", 64))],
)
def test_a_folder_is_that_of_a_disk(command, more, news, vocab, memory, tmp_path):
    if command == "make-instances":
        more = (*more, "--vocab", vocab)
    ours = made_by(command, news, *more, *CUT[:-1], output=tmp_path / "made")
    result = zhprep(command, news, *more, *CUT, "-o", "memory://bucket/deep/made/", "--json")
    assert (result.code, result.err) == (0, "")
    assert stored(memory, "/bucket/deep/made") == files_of(ours)
    assert result.report["output"] == "memory://bucket/deep/made"
    assert result.report["content_sha256"] == json.loads((ours / "manifest.json").read_bytes())["content_sha256"]
    again = zhprep(command, news, *more, *CUT, "-o", "memory://bucket/deep/made")
    refused(again, 2, "memory://bucket/deep/made: is there already")


@pytest.mark.parametrize("name", ["a.txt", "a.jsonl", "a.arrow", "a.tsv", "a.plan.json"])
def test_a_file_is_that_of_a_disk(name, news, memory, tmp_path):
    command = {".tsv": "similar-words", ".json": "plan"}.get(Path(name).suffix, "normalize")
    flags = ("--min-count", 2) if command == "similar-words" else ()
    assert zhprep(command, news, *flags, "-o", tmp_path / name, "--quiet").code == 0
    result = zhprep(command, news, *flags, "-o", f"memory://bucket/{name}", "--json", "--quiet")
    assert (result.code, result.err) == (0, "")
    assert result.report["output"] == f"memory://bucket/{name}"
    assert memory.cat(f"/bucket/{name}") == (tmp_path / name).read_bytes()
    refused(zhprep(command, news, *flags, "-o", f"memory://bucket/{name}", "--quiet"), 2, f"{name}: is there already")


def test_what_is_there_is_kept_or_refused(news, memory, tmp_path):
    ours = made_by("normalize", news, *CUT[:-1], output=tmp_path / "made")
    for name, data in files_of(ours).items():
        if name not in ("manifest.json", ".receipts/00001.json") and "00002" not in name:
            memory.pipe(f"/bucket/made/{name}", data)
    refused(zhprep("normalize", "memory://bucket/made"), 3, "is unfinished")
    other = zhprep("normalize", news, *CUT, "--unicode-form", "none", "-o", "memory://bucket/made")
    refused(other, 2, "memory://bucket/made: was made with another config")
    result = zhprep("normalize", news, *CUT, "-o", "memory://bucket/made", "--json")
    assert result.code == 0
    assert stored(memory, "/bucket/made") == files_of(ours)
    shard = next(name for name in files_of(ours) if name.startswith("data-00002"))
    memory.rm("/bucket/made/manifest.json")
    memory.rm("/bucket/made/.receipts/00002.json")
    memory.pipe(f"/bucket/made/{shard}", b"of somebody else")
    clash = zhprep("normalize", news, *CUT, "-o", "memory://bucket/made")
    refused(clash, 2, f"memory://bucket/made/{shard}: is there with other bytes")
    assert memory.cat(f"/bucket/made/{shard}") == b"of somebody else"


def test_told_to_stop_it_goes_on_where_it_stopped(news, memory, tmp_path, monkeypatch):
    """SIGTERM while a shard is put: that block is finished, exit 85; no block is made twice."""
    ours = files_of(made_by("normalize", news, *CUT[:-1], output=tmp_path / "made"))
    asked = []

    def put_until(path, address):
        asked.append(address.rpartition("/")[2])
        if asked[-1].startswith("data-00001"):
            os.kill(os.getpid(), signal.SIGTERM)
        return put_new(path, address)

    monkeypatch.setattr("zhprep.run.bucket.put_new", put_until)
    refused(zhprep("normalize", news, *CUT, "-o", "memory://bucket/made"), 85, "stopped with 2 of 4 shards to do")
    assert len(stored(memory, "/bucket/made")) == 5
    assert zhprep("normalize", news, *CUT, "-o", "memory://bucket/made").code == 0
    assert stored(memory, "/bucket/made") == ours
    assert len(asked) == len(set(asked)) == len(ours)


def test_what_is_wrong_is_told_before_the_work(news, memory, tmp_path, vocab):
    memory.pipe("/bucket/foreign/readme.md", b"x")
    memory.pipe("/bucket/in/a.txt", "一句话。\n".encode())
    for address, said in {
        "memory://bucket/foreign": "is not empty and was not made by zhprep",
        "memory://bucket": "names no file or folder in a bucket",
        f"file://{tmp_path}/x": "may write over what is there",
        "nosuch://bucket/x": "may write over what is there",
    }.items():
        refused(zhprep("normalize", news, "-o", address), 2, address, said)
    refused(zhprep("normalize", "memory://bucket/in", "-o", "memory://bucket/in/out"), 2, "or it in the input")
    refused(zhprep("normalize", news, "-o", "memory://b/x", "--overwrite"), 2, "--overwrite")
    refused(zhprep("normalize", news, "-o", "memory://b/x", "--executor", "ray"), 2, "--executor ray")
    refused(zhprep("export", vocab, "--to", "chinesebert", "-o", "memory://b/x"), 2, "not written straight to")
    bad = tmp_path / "bad.txt"
    bad.write_bytes(b"\xff\n")
    refused(zhprep("normalize", bad, "-o", "memory://b/x"), 3, "bad.txt")
    refused(zhprep("normalize", news, *CUT, "-o", "memory://b/x", "--max-length", "nonsense"), 2)
    assert memory.find("/b") == []


def test_a_name_that_leads_out_is_not_followed(news, memory):
    memory.pipe("/bucket/made/plan.json", b"{}")
    memory.store["/bucket/made/../../evil"] = memory.store["/bucket/made/plan.json"]
    refused(zhprep("normalize", news, "-o", "memory://bucket/made"), 3, "leads out of its folder")
