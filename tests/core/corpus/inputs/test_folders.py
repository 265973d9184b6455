"""A folder gives all that is under it, by whatever links, or says what it cannot."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from command_line import refused, zhprep
from plain_reader import DOCUMENTS, text_of

from zhprep.core.corpus import find_inputs
from zhprep.core.errors import UsageError


def names(*arguments: Path | str) -> list[str]:
    return [source.name for source in find_inputs(tuple(map(str, arguments)))]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("corpus/a.txt", "corpus/m/b.txt", "apart/c.txt", "apart/deep/d.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(text_of(DOCUMENTS))
    return tmp_path / "corpus"


def test_links_are_followed(folder: Path) -> None:
    (folder / "z").symlink_to("../apart")
    assert names(folder) == ["a.txt", "m/b.txt", "z/c.txt", "z/deep/d.txt"]
    assert names(f"{folder}/") == names(folder)


def test_each_folder_is_entered_once_by_the_name_that_it_has_there(folder: Path) -> None:
    (folder / "b").symlink_to("m")
    (folder / "m" / "up").symlink_to("..")
    (folder / "m" / "self").symlink_to("self")
    (folder / "n").symlink_to("../apart/deep")
    (folder / "y").symlink_to("../apart")
    (folder.parent / "apart" / "home").symlink_to(folder)
    (folder / "m" / "self").unlink()
    assert names(folder) == ["a.txt", "m/b.txt", "n/d.txt", "y/c.txt"]


@pytest.mark.parametrize("name", ["c.jsonl", "m/c.txt.gz", "shard"])
def test_a_link_to_what_is_not_there(name: str, folder: Path, tmp_path: Path) -> None:
    """As in a cache of a hub that was copied without all that it links to."""
    (folder / name).symlink_to("../../blobs/0123")
    told = (f"{folder / name}: is a link to ../../blobs/0123, which cannot be read: No such file", "remove the link")
    for argument in (folder, folder / name, f"{(folder / name).parent}/*"):
        refused(zhprep("normalize", argument, "-o", tmp_path / "out"), 2, *told)
        refused(zhprep("normalize", argument), 2, *told)
        (tmp_path / "out.txt").write_bytes(b"")
        refused(zhprep("normalize", argument, "-o", tmp_path / "out.txt", "--overwrite"), 2, *told)


def test_a_link_that_leads_to_itself(folder: Path) -> None:
    (folder / "m" / "self.txt").symlink_to("self.txt")
    with pytest.raises(UsageError, match=r"self.txt, which cannot be read: Too many levels"):
        names(folder)


def test_what_would_not_be_read_may_be_gone(folder: Path) -> None:
    for name in ("README.md", ".hidden.txt", ".git"):
        (folder / name).symlink_to("nowhere")
    assert names(folder) == ["a.txt", "m/b.txt"]


def test_what_the_repair_of_a_disk_found_is_not_a_part_of_the_corpus(folder: Path) -> None:
    (folder / "lost+found").mkdir(mode=0o700)
    (folder / "lost+found" / "x.txt").write_text("一\n", encoding="utf-8")
    assert names(folder) == ["a.txt", "m/b.txt"]


def test_a_pipe_of_a_readable_name(folder: Path) -> None:
    os.mkfifo(folder / "x.txt")
    with pytest.raises(UsageError, match=r"x.txt: is neither a file nor a folder"):
        names(folder)


@pytest.mark.skipif(os.geteuid() == 0, reason="root enters every folder")
@pytest.mark.parametrize("mode", [0, 0o444])
def test_a_folder_one_may_not_enter(mode: int, folder: Path) -> None:
    (folder / "m").chmod(mode)
    try:
        with pytest.raises(UsageError, match=r"Permission denied") as told:
            names(folder)
    finally:
        (folder / "m").chmod(0o755)
    assert str(folder / "m") in str(told.value)


def test_nothing_is_written_to_where_a_link_leads(folder: Path) -> None:
    (folder / "z").symlink_to("../apart")
    apart = folder.parent / "apart"
    before = sorted(folder.parent.rglob("*"))
    for output in (apart / "new.txt", apart / "deep" / "new.jsonl", apart / "new"):
        refused(zhprep("normalize", folder, "-o", output), 2, f"{output}: ", "the input")
    refused(zhprep("normalize", folder, "-o", apart / "c.txt", "--overwrite"), 2, "is part of the input")
    assert sorted(folder.parent.rglob("*")) == before
