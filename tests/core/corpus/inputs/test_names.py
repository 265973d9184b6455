"""What documents are named after: no two inputs have one name, whatever their files are called."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from command_line import made_by, refused, zhprep
from plain_reader import corpus_of, read_all

from zhprep.core.corpus import find_inputs
from zhprep.core.corpus.inputs.names import told_apart
from zhprep.core.errors import UsageError


def names(*arguments: Path | str) -> list[str]:
    return [source.name for source in find_inputs(tuple(map(str, arguments)))]


@pytest.fixture
def extracted(tmp_path: Path) -> Path:
    """As WikiExtractor names what it writes."""
    for name in ("AA/wiki_00", "AA/wiki_01", "AB/wiki_00", "AB/wiki_01", "AB/wiki_02"):
        path = tmp_path / "extracted" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{name}。\n", "utf-8")
    return tmp_path / "extracted"


def test_files_of_one_name_are_told_apart(extracted: Path) -> None:
    assert names(f"{extracted}/*/wiki_*") == ["AA/wiki_00", "AA/wiki_01", "AB/wiki_00", "AB/wiki_01", "wiki_02"]
    assert names(f"{extracted}/*/wiki_00") == ["AA/wiki_00", "AB/wiki_00"]
    assert names(extracted / "AB" / "wiki_00", extracted / "AA" / "wiki_00") == ["AB/wiki_00", "AA/wiki_00"]
    documents = [name for name, _ in read_all(corpus_of(*sorted(extracted.glob("*/wiki_*"))))]
    assert documents == ["AA/wiki_00:1", "AA/wiki_01:1", "AB/wiki_00:1", "AB/wiki_01:1", "wiki_02:1"]


def test_names_that_are_of_one_file_stay_as_they_are(extracted: Path) -> None:
    assert names(f"{extracted}/AA/*", extracted / "AB" / "wiki_02") == ["wiki_00", "wiki_01", "wiki_02"]


def test_folders_with_files_of_one_name(tmp_path: Path) -> None:
    for name in ("a/part.txt", "a/only.txt", "b/part.txt", "c/deep/part.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("今天。\n", "utf-8")
    assert names(tmp_path / "a", tmp_path / "b") == ["only.txt", "a/part.txt", "b/part.txt"]
    assert names(tmp_path / "a", tmp_path / "c" / "deep") == ["only.txt", "a/part.txt", "c/deep/part.txt"]
    assert names(tmp_path / "a", tmp_path / "c") == ["only.txt", "part.txt", "deep/part.txt"]


def test_a_longer_name_may_be_there_already() -> None:
    assert told_apart(["/x/a/f", "/x/b/f", "/y/z"], ["f", "f", "a/f"]) == ["x/a/f", "x/b/f", "y/z"]
    assert told_apart(["s3://m/a/f", "s3://m/b/f"], ["f", "f"]) == ["a/f", "b/f"]
    assert told_apart(["s3://m/f", os.path.abspath("f"), "-"], ["f", "f", "-"]) == [
        "s3://m/f",
        os.path.abspath("f"),
        "-",
    ]


def test_the_names_are_those_of_the_plan_wherever_the_files_lie(extracted: Path, tmp_path: Path) -> None:
    made = made_by("normalize", f"{extracted}/*/*", output=tmp_path / "one")
    (tmp_path / "elsewhere").mkdir()
    moved = extracted.rename(tmp_path / "elsewhere" / "moved")
    again = made_by("normalize", *sorted(moved.glob("*/*")), output=tmp_path / "two")
    assert (again / "plan.json").read_bytes() == (made / "plan.json").read_bytes()
    assert (again / "manifest.json").read_bytes() == (made / "manifest.json").read_bytes()


def test_in_a_store(extracted: Path, memory: object) -> None:
    pytest.importorskip("fsspec")
    memory.put(str(extracted), "/bucket/extracted", recursive=True)
    assert names("memory://bucket/extracted/*/wiki_00") == ["AA/wiki_00", "AB/wiki_00"]
    with pytest.raises(UsageError, match="memory://bucket/extracted/AA/wiki_00: is given twice"):
        names("memory://bucket/extracted/AA/wiki_00", "memory://bucket/extracted/*/wiki_00")


def test_a_file_that_two_arguments_give(extracted: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("extracted/AA/wiki_00")
    (tmp_path / "more").symlink_to("extracted")
    one = extracted / "AA" / "wiki_00"
    for others in ((one,), (f"{extracted}/AA/*",), (tmp_path / "link",), (f"{tmp_path}/more/*/*",)):
        for streamed in ((), ("-o", tmp_path / "out")):
            refused(
                zhprep("normalize", one, *others, *streamed),
                2,
                "wiki_00: is given twice" if others == (one,) else ": is given twice",
            )
    refused(zhprep("normalize", one, tmp_path / "link"), 2, f"link: is given twice, also as {one}")
    for streamed in ((), ("-o", tmp_path / "out")):
        refused(zhprep("normalize", "-", one, "-", *streamed), 2, "-: is given twice")
    assert not (tmp_path / "out").exists()
    one.write_text("")
    assert (
        len(names(one, tmp_path / "link", extracted / "AB" / "wiki_00")) == 3
    )  # blobs of a hub that are empty are one
