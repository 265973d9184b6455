"""A disk that is full is told with the path, leaves nothing by halves, and what was done is gone on with."""

from __future__ import annotations

import contextlib
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import environment, made_by, zhprep
from plain_tasks import contents

SENTENCES = "".join(f"今天天气很好，我们去第{i}个公园散步，很高兴。\n他们说明天会开心。\n\n" for i in range(60))
EXPORTS = ("parquet", "jsonl", "tfrecord", "hdf5", "megatron", "mds", "ernie")

WRITERS: dict[str, tuple[str, ...]] = {
    "to txt": ("normalize", "{x}", "-o", "{out}.txt"),
    "to jsonl": ("segment", "{x}", "-o", "{out}.jsonl"),
    "to arrow": ("segment", "{x}", "-o", "{out}.arrow"),
    "to a folder": ("segment", "{x}", "--block-size", "2000", "-o", "{out}"),
    "word table": ("extract-pinyin", "{x}", "-o", "{out}/x.txt", "--word-table", "{out}/words.npz"),
    "build-vocab": ("build-vocab", "{x}", "--size", "300", "--min-frequency", "1", "-o", "{out}"),
    "render-glyphs": ("render-glyphs", "--vocab", "{vocab}", "--size", "12", "-o", "{out}"),
    "make-instances": ("make-instances", "{x}", "--vocab", "{vocab}", "--max-length", "32", "--block-size", "2000", "-o", "{out}"),
    "similar-words": ("similar-words", "{x}", "--min-count", "1", "--least", "0", "-o", "{out}/similar.tsv"),
    "inspect html": ("inspect", "{data}", "--html", "{out}.html"),
    "inspect glyphs": ("inspect", "{vocab}", "--glyphs", "{out}.png"),
    "pretrain": ("pretrain", "{data}", "--size", "tiny", "--steps", "1", "--batch-size", "2", "-o", "{out}"),
    **{f"export {form}": ("export", "{data}", "--to", form, "-o", "{out}") for form in EXPORTS},
    "export chinesebert": ("export", "{vocab}", "--to", "chinesebert", "-o", "{out}"),
}  # fmt: skip
"""Every command that writes, each way."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    top = tmp_path_factory.mktemp("made")
    (top / "x.txt").write_text(SENTENCES, encoding="utf-8")
    made_by("build-vocab", top / "x.txt", "--size", 300, "--min-frequency", 1, "--strip-accents", output=top / "vocab")
    assert zhprep("render-glyphs", "--vocab", top / "vocab", "--size", 12, "--quiet").code == 0
    made_by("make-instances", top / "x.txt", "--vocab", top / "vocab", "--max-length", 32, output=top / "data")
    return top


def line(name: str, made: Path, out: Path) -> list[str]:
    folders = {"x": made / "x.txt", "vocab": made / "vocab", "data": made / "data", "out": out}
    return [part.format(**folders) for part in WRITERS[name]]


@contextlib.contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """A disk that takes so many bytes of a file; what is written past them fails as on one that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("size", [0, 100, 3000, 20_000])
@pytest.mark.parametrize("name", WRITERS)
def test_a_file_that_cannot_be_written(name: str, size: int, made: Path, tmp_path: Path) -> None:
    if name == "export hdf5":
        pytest.importorskip("h5py")
    (tmp_path / "place").mkdir()
    command = [*line(name, made, tmp_path / "place" / "out"), "--quiet"]
    with files_no_larger_than(size):
        result = zhprep(*command)
    if result.code == 0:  # it is small enough
        assert size
        return
    assert result.code == 1, result.err
    assert len(result.err.splitlines()) == 1, result.err
    assert "place/out" in result.err, result.err
    assert "File too large" in result.err, result.err
    left = contents(tmp_path)
    assert not [path for path in left if ".part-" in path or path.endswith(".tmp")], left
    if "plan.json" not in {Path(path).name for path in left}:
        assert not left
        assert [path.name for path in tmp_path.rglob("*")] == ["place"]
    assert zhprep(*command).code == 0  # what is there is gone on with
    whole = contents(tmp_path)
    shutil.rmtree(tmp_path / "place")
    (tmp_path / "place").mkdir()
    assert zhprep(*command).code == 0
    alike = {path: data for path, data in contents(tmp_path).items() if name != "pretrain"}
    assert {path: data for path, data in whole.items() if path in alike} == alike


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB, where one may be mounted."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = (
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", place], check=False, capture_output=True)
        if shutil.which("mount")
        else None
    )
    if mounted is None or mounted.returncode:
        pytest.skip("no file system can be mounted here (it takes root)")
    try:
        yield place
    finally:
        subprocess.run(["umount", place], check=True)


def test_a_disk_that_is_full(small_disk: Path, made: Path) -> None:
    filler = small_disk / "filler"
    filler.write_bytes(bytes(60 << 10))
    for name in WRITERS:
        result = zhprep(*line(name, made, small_disk / "out"), "--quiet")
        if result.code == 0:
            shutil.rmtree(small_disk / "out", ignore_errors=True)
            for path in small_disk.glob("out*"):
                path.unlink()
            continue
        assert (result.code, "No space left on device" in result.err) == (1, True), (name, result.err)
        assert f"{small_disk}/out" in result.err, (name, result.err)
        assert not [path for path in contents(small_disk) if ".part-" in path], name
        shutil.rmtree(small_disk / "out", ignore_errors=True)
        assert sorted(small_disk.iterdir()) == [filler], name


def test_standard_input_that_cannot_be_spooled(made: Path, tmp_path: Path) -> None:
    with files_no_larger_than(1000):
        result = zhprep("segment", "-", "-o", tmp_path / "new" / "out", stdin=SENTENCES.encode())
    assert (result.code, "File too large" in result.err, str(tmp_path) in result.err) == (1, True, True), result.err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "name", ["to a folder", "to txt", "build-vocab", "make-instances", "render-glyphs", "pretrain", "export jsonl"]
)
@pytest.mark.parametrize("below", ["good.txt/sub", "good.txt/sub/deeper"])
def test_a_file_in_the_way_of_a_folder_is_told_as_the_user_named_it(
    name: str, below: str, made: Path, tmp_path: Path
) -> None:
    (tmp_path / "good.txt").write_text("precious")
    command = line(name, made, tmp_path / below)
    result = zhprep(*command)
    assert result.code == 2, result.err
    assert f"Error: {command[-1]}: cannot be made, for {tmp_path / 'good.txt'} is a file" in result.err, result.err
    assert (tmp_path / "good.txt").read_text() == "precious"


def test_everything_is_synced_before_it_has_its_name(made: Path, tmp_path: Path) -> None:
    """Each file that appears was brought to the disk first, and the folder that names it after."""
    script = tmp_path / "watch.py"
    script.write_text(WATCH)
    for name in WRITERS:
        out = tmp_path / name.replace(" ", "-") / "out"
        out.parent.mkdir()
        done = subprocess.run(
            [sys.executable, script, *line(name, made, out)], env=environment(), capture_output=True, check=False
        )
        assert done.returncode == 0, (name, done.stderr.decode())
        unsynced = done.stdout.decode().split("\n")[:-1]
        assert not unsynced, (name, unsynced)


WATCH = """
import os, sys
synced, named, real = set(), {}, os.fsync
def fsync(descriptor):
    state = os.fstat(descriptor)
    synced.add((state.st_dev, state.st_ino, state.st_size))
    real(descriptor)
os.fsync = fsync
from zhprep.cli import invoke
from zhprep.cli.process import exit_code
before = {os.path.join(top, name) for top, _, names in os.walk(os.path.dirname(sys.argv[-1])) for name in names}
sys.stdout = open(os.devnull, "w")
code = exit_code(lambda: invoke(sys.argv[1:] + ["--quiet"]))
sys.stdout = sys.__stdout__
os.fsync = real
for top, _, names in os.walk(os.path.dirname(sys.argv[-1])):
    for name in names:
        path = os.path.join(top, name)
        state = os.stat(path)
        if path not in before and (state.st_dev, state.st_ino, state.st_size) not in synced:
            print(path)
sys.exit(code)
"""
