"""``zhprep upload``: whole or not at all, the first writer wins, the manifest last."""

from __future__ import annotations

import pytest
from command_line import made_by, refused, zhprep

pytest.importorskip("fsspec", reason="the extra s3 is not installed")


@pytest.fixture
def made(tmp_path, sample_data):
    return made_by(
        "normalize",
        sample_data / "corpus" / "news.txt",
        "--block-size",
        "4KiB",
        "--workers",
        1,
        output=tmp_path / "made",
    )


def test_what_is_uploaded_is_what_is_there(made, memory):
    (made / ".part-x-host-1-2").write_text("left by somebody")
    report = zhprep("upload", made, "memory://bucket/made/", "--json", "--quiet").report
    there = {path.removeprefix("/bucket/made/"): memory.cat(path) for path in memory.find("/bucket/made")}
    ours = {str(path.relative_to(made)): path.read_bytes() for path in made.rglob("*") if path.is_file()}
    del ours[".part-x-host-1-2"]
    assert there == ours
    assert (report["files_put"], report["files_there_already"]) == (len(ours), 0)
    assert (
        zhprep("normalize", "memory://bucket/made", "--workers", 1).out == zhprep("normalize", made, "--workers", 1).out
    )
    again = zhprep("upload", made, "memory://bucket/made", "--json", "--quiet").report
    assert (again["files_put"], again["files_there_already"]) == (0, len(ours))


def test_another_writer_with_other_bytes_is_refused_and_the_manifest_is_last(made, memory, tmp_path, sample_data):
    flags = ("--block-size", "4KiB", "--workers", 1, "--unicode-form", "none")
    other = made_by("normalize", sample_data / "corpus" / "news.txt", *flags, output=tmp_path / "other")
    shard = sorted(other.glob("data-*"))[-1].name
    memory.pipe(f"/bucket/made/{shard}", b"of another")
    refused(zhprep("upload", made, "memory://bucket/made", "--quiet"), 2, f"{shard}: is there with other bytes")
    assert not memory.exists("/bucket/made/manifest.json")
    refused(zhprep("normalize", "memory://bucket/made"), 3, "is unfinished")
    memory.rm(f"/bucket/made/{shard}")
    assert zhprep("upload", made, "memory://bucket/made", "--quiet").code == 0
    refused(zhprep("upload", other, "memory://bucket/made", "--quiet"), 2, "is there with other bytes")


def test_what_is_wrong(made, memory):
    refused(zhprep("upload", made, "bucket/made"), 2, "is no address of an object store")
    refused(zhprep("export", made, "--to", "jsonl", "-o", "memory://bucket/x"), 2, "zhprep upload DIR ADDRESS")
    refused(zhprep("upload", made, f"file://{made.parent}/x"), 2, "may write over what is there")
    (made / "manifest.json").unlink()
    refused(zhprep("upload", made, "memory://bucket/made"), 3, "is unfinished")
    assert memory.find("/bucket") == []
