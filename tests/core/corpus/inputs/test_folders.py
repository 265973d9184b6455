"""A folder gives all that is under it, by whatever links, or says what it cannot."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from command_line import refused, zhprep
from plain_reader import DOCUMENTS, text_of

from zhprep.core.corpus import find_inputs
from zhprep.core.corpus.inputs import find_files
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


def test_what_is_no_file_is_passed_over_in_a_folder_and_refused_where_it_is_named(folder: Path) -> None:
    os.mkfifo(folder / "x.txt")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(os.path.relpath(folder / "m" / "y.jsonl"))  # such a path is short
        assert names(folder) == ["a.txt", "m/b.txt"]
        for argument in (folder / "x.txt", f"{folder}/*.txt", folder / "m" / "y.jsonl"):
            with pytest.raises(UsageError, match=r"[xy].(txt|jsonl): is neither a file nor a folder"):
                names(argument)


def test_a_link_that_holds_a_word_is_no_folder(folder: Path) -> None:
    """As editors lock files, and programs name what they made last."""
    for name, target in (("lock", "host:123"), ("latest", "removed-run"), ("own", "own")):
        (folder / name).symlink_to(target)
    assert names(folder) == ["a.txt", "m/b.txt"]
    (folder / "latest").unlink()
    (folder / "latest").symlink_to("../removed-run")
    with pytest.raises(UsageError, match=r"latest: is a link to ../removed-run, which cannot be read"):
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


def test_what_to_do_where_a_link_gives_again_what_another_argument_gives(folder: Path) -> None:
    apart, link = folder.parent / "apart", folder / "z"
    link.symlink_to("../apart")
    for arguments in ((folder, apart), (apart, folder), (folder, f"{apart}/*.txt")):
        with pytest.raises(UsageError, match="is given twice, also as") as error:
            names(*arguments)
        assert error.value.hint == f"remove the link {link}, or leave out {arguments[arguments[0] == folder]}"
    link.unlink()
    (folder / "m" / "c.txt").symlink_to(apart / "c.txt")
    with pytest.raises(UsageError, match="is given twice, also as") as error:
        names(folder, apart)
    assert error.value.hint == f"remove the link {folder / 'm' / 'c.txt'}, or leave out {apart}"
    with pytest.raises(UsageError, match="is given twice") as error:
        names(apart, apart / "c.txt")
    assert error.value.hint.startswith("give it once")


def test_what_files_really_are_is_asked_once_a_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each time it looks at every folder above, on a file system far away."""
    asked, realpath = [], os.path.realpath

    def counted(path: str) -> str:
        asked.append(path)
        return realpath(path)

    monkeypatch.setattr(os.path, "realpath", counted)
    for number in range(20):
        (folder / f"{number}.txt").write_bytes(b"")
    assert len(find_files((str(folder),))) == 22
    assert asked == []
    assert len(find_files((str(folder), str(folder.parent / "apart")))) == 24
    assert len(asked) == 4
