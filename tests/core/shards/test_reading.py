"""What lies in a finished folder: read by us and by Hugging Face, and every change found."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path

import pyarrow as pa
import pytest
from plain_tasks import Copy, contents, make_input, make_job

from zhprep.core import schema
from zhprep.core.errors import DataError
from zhprep.core.shards import Output, open_batches, open_table, read_manifest, run_job, verify
from zhprep.core.shards.manifest import write_manifest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    run_job(make_job(make_input(tmp_path / "x.txt")), Output(tmp_path / "out", executor="inline"))
    return tmp_path / "out"


def edit(folder: Path, **facts: object) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **facts}))


def forge(folder: Path, **facts: object) -> None:
    """Edit the manifest and seal it again."""
    write_manifest(folder, {**json.loads((folder / "manifest.json").read_text()), **facts})


def test_a_table_and_batches(folder: Path) -> None:
    table = open_table(folder, "text")
    assert table.num_rows == 120
    assert table.schema.equals(schema.TEXT, check_metadata=True)
    assert table.column("sentences")[100].as_py() == ["第100篇，一二三四五六七八九十。", "内容"]
    assert pa.Table.from_batches(open_batches(folder)).equals(table)
    assert read_manifest(folder)["shards"][0]["rows"] == next(open_batches(folder)).num_rows


def test_the_wrong_folder(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="out: holds a table of text, not words"):
        open_table(folder, "words")
    with pytest.raises(DataError, match="was not made by zhprep"):
        open_table(tmp_path)
    edit(folder, version=99)
    with pytest.raises(DataError, match="has version 99; this zhprep reads 1"):
        open_table(folder)
    (folder / "manifest.json").write_text("{")
    with pytest.raises(DataError, match=r"manifest.json: is damaged"):
        open_table(folder)
    (folder / "manifest.json").unlink()
    with pytest.raises(DataError, match="out: is unfinished"):
        open_table(folder)


def test_hugging_face_reads_it(folder: Path, tmp_path: Path) -> None:
    import datasets

    expected = open_table(folder).to_pylist()
    loaded = datasets.load_from_disk(str(folder))
    assert loaded.to_list() == expected
    files = sorted(map(str, folder.glob("*.arrow")))
    loaded = datasets.load_dataset("arrow", data_files=files, split="train", cache_dir=str(tmp_path / "cache"))
    assert loaded.to_list() == expected


def test_a_whole_folder_is_verified(folder: Path) -> None:
    assert verify(folder)["table"] == "text"


def test_every_flipped_bit_is_found(folder: Path) -> None:
    draw = random.Random(1)
    shards = sorted(folder.glob("*.arrow"))
    for _ in range(100):
        shard = draw.choice(shards)
        whole = shard.read_bytes()
        damaged = bytearray(whole)
        damaged[draw.randrange(len(whole))] ^= 1 << draw.randrange(8)
        shard.write_bytes(damaged)
        with pytest.raises(DataError, match=rf"{shard.name}: its bytes are not those of the manifest"):
            verify(folder)
        shard.write_bytes(whole)
    verify(folder)


def test_a_shard_cut_short_is_found_before_it_is_mapped(folder: Path) -> None:
    shard = sorted(folder.glob("*.arrow"))[1]
    size = shard.stat().st_size
    for cut in (0, 8, size // 2, size - 8, size - 1):
        os.truncate(shard, cut)
        for reader in (verify, open_table, lambda path: list(open_batches(path))):
            with pytest.raises(DataError, match=rf"{shard.name}: has {cut} bytes, the manifest says {size}"):
                reader(folder)
        shard.write_bytes(bytes(size))
    with pytest.raises(DataError, match="its bytes are not those"):
        verify(folder)


def test_missing_swapped_and_stray_shards_are_found(folder: Path) -> None:
    shards = sorted(folder.glob("*.arrow"))
    one, two = shards[4].read_bytes(), shards[5].read_bytes()
    assert len(one) == len(two)
    shards[4].write_bytes(two)
    shards[5].write_bytes(one)
    with pytest.raises(DataError, match=rf"{shards[4].name}: its bytes are not those"):
        verify(folder)
    shards[4].write_bytes(one)
    shards[5].unlink()
    with pytest.raises(DataError, match=rf"{shards[5].name}: is missing"):
        verify(folder)
    shards[5].write_bytes(two)
    verify(folder)
    (folder / "data-00000-of-00001.arrow").write_bytes(one)
    with pytest.raises(DataError, match=r"data-00000-of-00001.arrow: is not a shard of this manifest"):
        verify(folder)


def test_every_edit_of_the_manifest_is_found(folder: Path) -> None:
    whole = (folder / "manifest.json").read_bytes()
    manifest = json.loads(whole)
    shards = manifest["shards"]
    edits: list[dict[str, object]] = [
        {"content_sha256": "0" * 64},
        {"shards": shards[:-1]},
        {"shards": shards[::-1]},
        {"shards": [{**shards[0], "rows": 3}, *shards[1:]]},
        {"shards": [{**shards[0], "sha256": "0" * 64}, *shards[1:]]},
        {"shards": [{**shards[0], "bytes": 1}, *shards[1:]]},
        {"account": {**manifest["account"], "dropped": {}, "counts": {"documents_in": 119}}},
        {"config": {"copy": {"option": 2}}},
        {"zhprep": "9"},
        {"dependencies": {}},
        {"input_sha256": ""},
        {"segmenter": "none 2"},
        {"table": "words"},
    ]
    for facts in edits:
        edit(folder, **facts)
        for reader in (verify, read_manifest, open_table):
            with pytest.raises(DataError, match=r"manifest.json: was changed after it was written"):
                reader(folder)
        forge(folder, **facts)
        with pytest.raises(DataError):
            verify(folder)
        (folder / "manifest.json").write_bytes(whole)
    verify(folder)


def test_a_copy_without_hidden_files_is_still_verified(folder: Path, tmp_path: Path) -> None:
    for name, data in contents(folder).items():
        if not name.startswith("."):
            (tmp_path / "copy").mkdir(exist_ok=True)
            (tmp_path / "copy" / name).write_bytes(data)
    verify(tmp_path / "copy")


def test_a_manifest_cannot_point_outside(folder: Path) -> None:
    shards = json.loads((folder / "manifest.json").read_text())["shards"]
    forge(folder, shards=[{**shards[0], "name": "../x.txt"}, *shards[1:]])
    with pytest.raises(DataError, match=r"names a file outside its folder"):
        open_table(folder)


def test_the_folder_is_input_again(folder: Path) -> None:
    from plain_reader import corpus_of

    corpus = corpus_of(folder)
    assert corpus.table == "text"
    run_job(make_job(folder, Copy()), Output(folder.parent / "again"))
    assert open_table(folder.parent / "again").equals(open_table(folder))
    shard = sorted(folder.glob("*.arrow"))[0]
    shard.write_bytes(shard.read_bytes().replace("第0篇".encode(), "第9篇".encode()))
    with pytest.raises(DataError, match="its bytes are not those of its manifest"):
        corpus_of(folder)
