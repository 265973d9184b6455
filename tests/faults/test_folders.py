"""Files that do not belong together are found, and only what is concerned is made again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import made_by, refused, zhprep
from fault_table import fault
from plain_tasks import contents
from writing_commands import SENTENCES

from zhprep.core.shards import write_manifest

SETTINGS = ("--block-size", 2000, "--quiet")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Words of a corpus, and of one like it."""
    top = tmp_path_factory.mktemp("made")
    (top / "x.txt").write_text(SENTENCES, encoding="utf-8")
    (top / "y.txt").write_text(SENTENCES.replace("公园", "花园"), encoding="utf-8")
    for name in ("x", "y"):
        made_by("segment", top / f"{name}.txt", *SETTINGS[:2], output=top / name)
    return top


@pytest.fixture
def here(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "made")


def shard(folder: Path, number: int) -> Path:
    return sorted(folder.glob("data-*.arrow"))[number]


def receipt(folder: Path, number: int) -> Path:
    return folder / ".receipts" / f"{number:05}.json"


def exchange(one: Path, other: Path) -> None:
    data = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(data)


def edited_rows(top: Path) -> None:
    manifest = json.loads((top / "x" / "manifest.json").read_bytes())
    manifest["shards"][0]["rows"] += 1
    write_manifest(top / "x", manifest)


MIXED: dict[str, tuple[Callable[[Path], object], set[int]]] = {
    "a shard is missing": (lambda top: shard(top / "x", 1).unlink(), {1}),
    "two shards are exchanged": (lambda top: exchange(shard(top / "x", 0), shard(top / "x", 1)), {0, 1}),
    "a shard of another corpus": (lambda top: shutil.copy(shard(top / "y", 0), shard(top / "x", 0)), {0}),
    "a receipt is missing": (lambda top: receipt(top / "x", 1).unlink(), {1}),
    "a receipt of another block": (lambda top: shutil.copy(receipt(top / "x", 0), receipt(top / "x", 1)), {1}),
    "a receipt of another corpus": (lambda top: shutil.copy(receipt(top / "y", 0), receipt(top / "x", 0)), {0}),
    "the manifest is missing": (lambda top: (top / "x" / "manifest.json").unlink(), set()),
    "the manifest of another corpus": (
        lambda top: shutil.copy(top / "y" / "manifest.json", top / "x" / "manifest.json"), set(),
    ),
    "a manifest that was edited and sealed": (edited_rows, set()),
    "what lies beside is missing": (lambda top: (top / "x" / "state.json").unlink(), set()),
}  # fmt: skip
"""What is done to the words of x, and which shards have to be made again."""


@fault(7, 1)
@pytest.mark.parametrize("name", MIXED)
def test_what_does_not_belong_is_found_and_made_again(name: str, here: Path, tried: Callable[[], None]) -> None:
    whole = contents(here / "x")
    change, again = MIXED[name]
    before = {path.name: path.stat().st_ino for path in (here / "x").glob("data-*.arrow")}
    change(here)
    assert zhprep("verify", here / "x", "--quiet").code == 3
    assert zhprep("segment", here / "x.txt", "-o", here / "x", *SETTINGS).code == 0
    assert contents(here / "x") == whole
    after = {path.name: path.stat().st_ino for path in (here / "x").glob("data-*.arrow")}
    assert {int(name[5:10]) for name in after if after[name] != before.get(name)} <= again
    tried()


@fault(7, 1)
def test_a_shard_too_many(here: Path, tried: Callable[[], None]) -> None:
    extra = here / "x" / "data-00009-of-00010.arrow"
    shutil.copy(shard(here / "x", 0), extra)
    refused(zhprep("verify", here / "x", "--quiet"), 3, extra.name, "move it away")
    tried()


@fault(7, 1)
@pytest.mark.parametrize(
    ("source", "setting", "told"),
    [("y.txt", (), "another input"), ("x.txt", ("--cws", "characters"), "another config")],
)
def test_another_input_and_other_settings_touch_nothing(
    source: str, setting: tuple[str, ...], told: str, here: Path, tried: Callable[[], None]
) -> None:
    whole = contents(here / "x")
    (here / "x.txt").write_bytes((here / source).read_bytes())
    refused(zhprep("segment", here / "x.txt", "-o", here / "x", *SETTINGS, *setting), 2, told, "--overwrite")
    assert contents(here / "x") == whole
    tried()
