"""A folder of ours is read whole or not at all."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from command_line import made_by, refused, zhprep


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, sample_data: Path) -> Path:
    output = tmp_path_factory.mktemp("made") / "text"
    return made_by("normalize", sample_data / "corpus", "--block-size", "16KiB", "--workers", 1, output=output)


@pytest.fixture
def copy(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "several" / "text")


def shards(folder: Path) -> list[Path]:
    return sorted(folder.glob("data-*.arrow"))


@pytest.mark.parametrize("which", [0, 1, -1])
def test_a_shard_that_is_missing(which: int, copy: Path, tmp_path: Path) -> None:
    assert len(shards(copy)) > 2
    lost = shards(copy)[which]
    lost.unlink()
    for named in (copy, copy.parent, f"{copy}/"):
        refused(
            zhprep("segment", named, "-o", tmp_path / "out"), 3, f"{lost}: is not there, though manifest.json names it"
        )
        refused(zhprep("segment", named), 3, f"{lost}: is not there")
    one = shards(copy)[0]
    assert zhprep("segment", one, "-o", tmp_path / "out", "--quiet").code == 0  # what is named alone is read alone
    assert zhprep("segment", f"{copy}/*.arrow", "-o", tmp_path / "glob", "--quiet").code == 0


def test_a_folder_that_has_lost_all(copy: Path, tmp_path: Path) -> None:
    (copy.parent / "x.txt").write_text("今天天气很好。\n", "utf-8")
    lost = shards(copy)[0]
    for path in shards(copy):
        path.unlink()
    for named in (copy, copy.parent):
        refused(zhprep("segment", named, "-o", tmp_path / "out"), 3, f"{lost}: is not there")


def test_a_shard_of_another_plan(copy: Path, tmp_path: Path) -> None:
    stray = shutil.copy(shards(copy)[0], copy / "data-00007-of-00009.arrow")
    for named in (copy, copy.parent, stray, f"{copy}/*.arrow"):
        refused(
            zhprep("segment", named, "-o", tmp_path / "out"), 3, f"{stray}: is a shard that the manifest beside it does"
        )


def test_what_lies_beside_is_read_as_ever(copy: Path) -> None:
    before = zhprep("segment", copy).out
    (copy / "more.txt").write_text("今天天气很好。\n\n", "utf-8")
    result = zhprep("normalize", copy)
    assert result.code == 0
    assert result.out.decode().endswith("今天天气很好。\n\n")
    (copy / "more.txt").unlink()
    link = copy.parent / "linked"
    link.symlink_to(copy.name)
    assert zhprep("segment", copy.parent).out == before
