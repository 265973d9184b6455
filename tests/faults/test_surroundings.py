"""What is around a command changes no byte of what it makes."""

from __future__ import annotations

import os
import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import environment, made_by, process
from fault_table import fault
from plain_tasks import contents

SETTINGS = ("--max-length", 64, "--block-size", "8KiB")


@pytest.fixture(scope="module")
def whole(sample_data: Path, vocab: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    corpus = sample_data / "corpus" / "news.txt"
    return contents(
        made_by("make-instances", corpus, "--vocab", vocab, *SETTINGS, output=tmp_path_factory.mktemp("made") / "data")
    )


def made_with(corpus: Path, vocab: Path, output: Path) -> dict[str, bytes]:
    return contents(made_by("make-instances", corpus, "--vocab", vocab, *SETTINGS, output=output))


NAMES = ["with a space", "中文 目录", "a\nb", "quo'te\"d", "-dash", "%20", "é", "{x}", "$HOME;ls", "*"]


@fault(15, 1)
@pytest.mark.parametrize("name", NAMES)
def test_paths_with_anything_in_them(
    name: str, sample_data: Path, vocab: Path, whole: dict[str, bytes], tmp_path: Path, tried: Callable[[], None]
) -> None:
    folder = tmp_path / name
    shutil.copytree(vocab, folder / "vocab")
    shutil.copy(sample_data / "corpus" / "news.txt", folder)
    assert made_with(folder / "news.txt", folder / "vocab", folder / "out") == whole
    tried()


@fault(15, 2)
def test_masks_of_modes_and_input_that_may_only_be_read(
    sample_data: Path, vocab: Path, whole: dict[str, bytes], tmp_path: Path, tried: Callable[[], None]
) -> None:
    here = tmp_path / "read-only"
    shutil.copytree(vocab, here / "vocab")
    shutil.copy(sample_data / "corpus" / "news.txt", here)
    for path in (*here.rglob("*"), here):
        path.chmod(0o555 if path.is_dir() else 0o444)
    for mask in (0o077, 0o000):
        before = os.umask(mask)
        try:
            assert made_with(here / "news.txt", here / "vocab", tmp_path / oct(mask)) == whole
        finally:
            os.umask(before)
        tried()
    for path in (here, here / "vocab"):
        path.chmod(0o755)


@fault(15, 3)
@pytest.mark.parametrize("jump", [10.0**9, -(10.0**9)])
def test_another_time_and_place(
    jump: float, sample_data: Path, vocab: Path, whole: dict[str, bytes], tmp_path: Path, tried: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    now, now_ns, chance = time.time, time.time_ns, random.Random(0)
    monkeypatch.setattr(time, "time", lambda: now() + jump * chance.random())
    monkeypatch.setattr(time, "time_ns", lambda: now_ns() + int(jump * 1e9 * chance.random()))
    try:
        for zone in ("Asia/Shanghai", "America/St_Johns", "UTC"):
            monkeypatch.setenv("TZ", zone)
            time.tzset()
            assert made_with(sample_data / "corpus" / "news.txt", vocab, tmp_path / zone.replace("/", "-")) == whole
            tried()
    finally:
        monkeypatch.undo()
        time.tzset()


LOCALES = ("C", "POSIX", "C.UTF-8", "zh_CN.GBK", "zh_TW.Big5", "tr_TR.UTF-8", "nonsense")


@pytest.mark.parametrize(
    "seed",
    [
        pytest.param(7, marks=fault(15, 1)),
        *(pytest.param(seed, marks=[fault(15, 1), pytest.mark.nightly]) for seed in range(30)),
    ],
)
def test_seeds_of_hashes_and_locales(
    seed: int, sample_data: Path, vocab: Path, whole: dict[str, bytes], tmp_path: Path, tried: Callable[[], None]
) -> None:
    around = {
        "PYTHONHASHSEED": str(seed),
        "LC_ALL": LOCALES[seed % len(LOCALES)],
        "PYTHONUTF8": "0",
        "TZ": "Asia/Tokyo",
    }
    command = ("make-instances", sample_data / "corpus" / "news.txt", "--vocab", vocab, *SETTINGS, "--quiet")
    with process(*command, "-o", tmp_path / "data", env=environment(**around), cwd=tmp_path) as started:
        assert (started.communicate()[1], started.returncode) == (b"", 0)
    assert contents(tmp_path / "data") == whole
    tried()


@pytest.mark.nightly
@fault(15, 1)
def test_ten_thousand_files(tmp_path: Path, vocab: Path, tried: Callable[[], None]) -> None:
    """One after another the same as all in one, but for the names of the documents."""
    lines = [f"第{number}篇，今天天气很好。\n" for number in range(10_000)]
    (tmp_path / "many").mkdir()
    for number, line in enumerate(lines):
        (tmp_path / "many" / f"{number:05}.txt").write_text(line, encoding="utf-8")
    (tmp_path / "one.txt").write_text("\n".join(lines), encoding="utf-8")
    one, many = (
        made_by("make-instances", tmp_path / name, "--vocab", vocab, output=tmp_path / f"data-{name}")
        for name in ("one.txt", "many")
    )
    ours, theirs = (sorted(path.name for path in folder.glob("data-*")) for folder in (one, many))
    assert (ours, len(theirs)) == (theirs, 1)
    assert (one / ours[0]).read_bytes() == (many / theirs[0]).read_bytes()
    tried()
