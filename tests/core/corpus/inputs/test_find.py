"""Which files a command's arguments are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from plain_reader import DOCUMENTS, corpus_of, read_all, text_of, write_arrow

from zhprep.core.corpus import find_inputs
from zhprep.core.errors import DataError, UsageError


def names(*arguments: Path | str) -> list[str]:
    return [source.name for source in find_inputs(tuple(map(str, arguments)))]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in (
        "b.txt",
        "a.TXT",
        "sub/c.jsonl",
        "sub/a.txt.gz",
        ".hidden.txt",
        ".git/d.txt",
        "notes.md",
        "meta.json",
        "e.arrow",
    ):
        path = tmp_path / "corpus" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith(".gz"):
            import gzip

            path.write_bytes(gzip.compress(text_of(DOCUMENTS)))
        else:
            path.write_bytes(text_of(DOCUMENTS))
    return tmp_path / "corpus"


def test_a_folder_gives_its_readable_files_by_their_path_in_it(folder: Path) -> None:
    assert names(folder) == ["a.TXT", "b.txt", "e.arrow", "sub/a.txt.gz", "sub/c.jsonl"]
    assert find_inputs((str(folder),)) == find_inputs((str(folder),))


def test_globs_and_files_are_in_the_order_given(folder: Path) -> None:
    assert names(f"{folder}/*.txt", folder / "sub" / "c.jsonl") == ["b.txt", "c.jsonl"]
    assert names(folder / "sub" / "c.jsonl", f"{folder}/**/*.txt") == ["c.jsonl", "b.txt"]


def test_a_name_may_look_like_a_glob_or_hold_anything(tmp_path: Path) -> None:
    for name in ("[1].txt", "两 个\n字.txt", "a:b.txt"):
        (tmp_path / name).write_bytes(text_of(DOCUMENTS[:1]))
        assert read_all(corpus_of(tmp_path / name)) == [(f"{name}:1", DOCUMENTS[0])]
    path = os.fsencode(tmp_path) + b"/\xff.txt"
    with open(path, "wb") as file:
        file.write(text_of(DOCUMENTS[:1]))
    assert read_all(corpus_of(Path(os.fsdecode(path)))) == [("\\udcff.txt:1", DOCUMENTS[0])]


def test_a_missing_file_is_told_with_the_nearest(folder: Path) -> None:
    with pytest.raises(UsageError, match=r"bb.txt: no such file or folder") as error:
        names(folder / "bb.txt")
    assert error.value.hint == f"did you mean {str(folder / 'b.txt')!r}?"
    with pytest.raises(UsageError, match="no such file or folder") as error:
        names(folder / "nowhere" / "x.txt")
    assert error.value.hint == "check the path"
    for i in range(100):
        (folder / f"z{i}.txt").touch()
    with pytest.raises(UsageError) as error:
        names(folder / "qqq")
    assert len(error.value.hint) < 100


def test_a_folder_without_text(tmp_path: Path) -> None:
    (tmp_path / "picture.png").touch()
    with pytest.raises(UsageError, match="no readable file in this folder"):
        names(tmp_path)


def test_a_pipe_is_told_how_to_be_given(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match="is neither a file nor a folder"):
        names(tmp_path / "pipe")


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_one_may_not_read(folder: Path) -> None:
    (folder / "b.txt").chmod(0)
    with pytest.raises(UsageError, match=r"b.txt: cannot be read: Permission denied"):
        names(folder / "b.txt")


@pytest.mark.parametrize(
    ("data", "form"), [(b'{"text": "a"}\n', "jsonl"), (b"{a\n", "text"), (b"text\n", "text"), (b"[1]\n", "text")]
)
def test_a_file_without_an_extension_is_known_by_its_first_bytes(tmp_path: Path, data: bytes, form: str) -> None:
    (tmp_path / "x").write_bytes(data)
    assert find_inputs((str(tmp_path / "x"),))[0].format == form


@pytest.mark.parametrize("stream", [True, False])
def test_a_table_without_an_extension(tmp_path: Path, stream: bool) -> None:
    import pyarrow as pa

    write_arrow(tmp_path / "x", pa.table({"text": ["一"]}), stream=stream)
    assert [lines for _, lines in read_all(corpus_of(tmp_path / "x"))] == [["一"]]


def test_a_folder_of_ours_must_be_finished_and_whole(tmp_path: Path) -> None:
    import hashlib
    import json

    import pyarrow as pa

    shard = tmp_path / "data-00000-of-00001.arrow"
    write_arrow(shard, pa.table({"text": ["一"]}), stream=True)
    (tmp_path / "plan.json").write_text("{}")
    with pytest.raises(DataError, match="is unfinished"):
        corpus_of(tmp_path)
    sha = hashlib.sha256(shard.read_bytes()).hexdigest()
    for promised in (sha, "0" * 64):
        (tmp_path / "manifest.json").write_text(json.dumps({"shards": [{"name": shard.name, "sha256": promised}]}))
        if promised == sha:
            assert len(read_all(corpus_of(tmp_path))) == 1
            continue
        for given in (tmp_path, shard):
            with pytest.raises(DataError, match="its bytes are not those of its manifest"):
                corpus_of(given)
