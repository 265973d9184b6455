"""Archives are no corpora: nothing is unpacked. Names of files in what was made by zhprep lead nowhere else."""

from __future__ import annotations

import gzip
import io
import json
import shutil
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import refused, zhprep
from fault_table import fault

from zhprep.core.shards import write_manifest

TEXT = "今天天气很好。\n".encode()
LARGE = TEXT * 5000
"""More than is looked at to tell what a file is: nearly all of it is text."""


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "", mode: int = 0o644) -> tarfile.TarInfo:
    one = tarfile.TarInfo(name)
    one.type, one.linkname, one.mode, one.size = kind, link, mode, len(TEXT) if kind == tarfile.REGTYPE else 0
    return one


MEMBERS: dict[str, list[tarfile.TarInfo]] = {
    "plain": [member("x.txt")],
    "out of the folder": [member("../../out.txt")],
    "absolute": [member("/tmp/zhprep-out.txt")],
    "a link out": [member("x.txt", tarfile.SYMTYPE, "../../../etc/passwd"), member("x.txt")],
    "a hard link": [member("x.txt", tarfile.LNKTYPE, "/etc/passwd")],
    "a device": [member("x.txt", tarfile.CHRTYPE)],
    "a pipe": [member("x.txt", tarfile.FIFOTYPE)],
    "set-uid": [member("x.txt", mode=0o4755)],
    "names alike": [member("X.txt"), member("x.txt")],
    "very many": [member(f"{number}.txt") for number in range(2000)],
}


def tar_of(members: list[tarfile.TarInfo]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for one in members:
            archive.addfile(one, io.BytesIO(TEXT) if one.size else None)
    return buffer.getvalue()


def zip_of(members: list[tarfile.TarInfo]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number, one in enumerate(members):
            archive.writestr(zipfile.ZipInfo(f"{one.name}{number or ''}"), TEXT)
    return buffer.getvalue()


@fault(12, 1)
@pytest.mark.parametrize("form", ["x.tar", "x.txt", "x.txt.gz", "x.jsonl", "x.zip"])
@pytest.mark.parametrize("name", ["plain", "out of the folder", "a link out"])
def test_an_archive_is_refused_whatever_its_name(
    name: str, form: str, tmp_path: Path, tried: Callable[[], None]
) -> None:
    data = zip_of(MEMBERS[name]) if form == "x.zip" else tar_of(MEMBERS[name])
    (tmp_path / form).write_bytes(gzip.compress(data) if form.endswith(".gz") else data)
    result = zhprep("segment", tmp_path / form, "-o", tmp_path / "new" / "out", "--on-error", "skip")
    refused(result, result.code if result.code in (2, 3) else 3, form)
    assert [path.name for path in tmp_path.rglob("*")] == [form]
    assert not Path("/tmp/zhprep-out.txt").exists()
    tried()


@fault(12, 1)
@pytest.mark.parametrize("kept", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize("form", ["x.tar", "x.tar.gz", "x.TGZ", "x.txt", "x.jsonl.gz"])
def test_a_tar_whose_first_member_is_large(form: str, kept: int, tmp_path: Path, tried: Callable[[], None]) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=kept) as archive:
        one = tarfile.TarInfo("一/x.txt")
        one.size = len(LARGE)
        archive.addfile(one, io.BytesIO(LARGE))
    data = buffer.getvalue()
    (tmp_path / form).write_bytes(gzip.compress(data) if form.lower().endswith("gz") else data)
    result = zhprep("segment", tmp_path / form, "-o", tmp_path / "out", "--on-error", "skip")
    refused(result, 3, f"{form}: is not text but a tar archive")
    assert [path.name for path in tmp_path.rglob("*")] == [form]
    tried()


@fault(12, 1)
@pytest.mark.parametrize("name", [name for name in MEMBERS if name not in ("plain", "out of the folder", "a link out")])
def test_odd_members_are_not_unpacked(name: str, tmp_path: Path, tried: Callable[[], None]) -> None:
    (tmp_path / "x.txt").write_bytes(tar_of(MEMBERS[name]))
    refused(zhprep("segment", tmp_path / "x.txt", "-o", tmp_path / "out", "--on-error", "skip"), 3, "x.txt")
    assert [path.name for path in tmp_path.rglob("*")] == ["x.txt"]
    tried()


@fault(12, 1)
@pytest.mark.parametrize("name", ["../out", "/etc/passwd", "a/../../out"])
@pytest.mark.parametrize("where", ["shards", "files"])
def test_a_manifest_that_names_files_elsewhere(
    where: str, name: str, data: Path, tmp_path: Path, tried: Callable[[], None]
) -> None:
    folder = shutil.copytree(data, tmp_path / "data")
    (tmp_path / "out").write_text("theirs")
    manifest = json.loads((folder / "manifest.json").read_bytes())
    if where == "shards":
        manifest["shards"][0]["name"] = name
    else:
        manifest["files"][name] = manifest["files"].pop("state.json")
    write_manifest(folder, manifest)
    for command in ("verify", "inspect"):
        refused(zhprep(command, folder, *(["--rows", 1] if command == "inspect" else [])), 3, "outside its folder")
    refused(zhprep("export", folder, "--to", "jsonl", "-o", tmp_path / "new"), 3, "outside its folder")
    assert (tmp_path / "out").read_text() == "theirs"
    assert not (tmp_path / "new").exists()
    tried()
