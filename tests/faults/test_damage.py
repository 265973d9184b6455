"""Whatever changes in a folder after it was written is found: by `verify`, by who reads it, by who makes it again."""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from command_line import made_by, refused, zhprep
from fault_table import fault, rounds
from plain_tasks import contents
from writing_commands import SENTENCES

from zhprep.core.errors import DataError
from zhprep.core.seal import sealed
from zhprep.run.folders import verify_folder


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, vocab: Path) -> Path:
    """Folders of every kind: words, a vocabulary with counts and images, instances with similar words and images."""
    top = tmp_path_factory.mktemp("made")
    (top / "x.txt").write_text(SENTENCES, encoding="utf-8")
    (top / "similar.tsv").write_text("高兴\t开心\t0.9\n开心\t高兴\t0.9\n", encoding="utf-8")
    small = ("--block-size", 2000)
    made_by("segment", top / "x.txt", *small, output=top / "words")
    made_by("build-vocab", top / "x.txt", "--size", 300, "--min-frequency", 1, *small, output=top / "vocab")
    settings = (
        "--vocab",
        top / "vocab",
        "--mask",
        "mac",
        "--replacement",
        "similar",
        "--similar-words",
        top / "similar.tsv",
        "--max-length",
        32,
    )
    made_by("make-instances", top / "x.txt", *settings, *small, output=top / "data")
    for folder in (top / "vocab", top / "data" / "vocab"):
        assert zhprep("render-glyphs", "--vocab", folder, "--size", 12, "--quiet").code == 0
    short = ("--size", "tiny", "--steps", 2, "--batch-size", 4, "--validation", 0.2)
    made_by("pretrain", top / "data", *short, output=top / "run")
    assert zhprep("evaluate", top / "run", "--quiet").code == 0
    return top


@pytest.fixture
def copies(made: Path, tmp_path: Path) -> Path:
    """A copy that may be damaged."""
    return shutil.copytree(made, tmp_path / "made")


def damages(
    folder: Path, flips: int, cuts: int, *, seed: int = 0, checkpoints: bool = False
) -> Iterator[tuple[str, Path]]:
    """Damage a file of ``folder``, yield what was done, and put the file right again; every file gets its turn.

    But for the checkpoints of a run: no other command reads them, and they have sums of their own.
    """
    draw = random.Random(seed)
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.stat().st_size)
    if not checkpoints:
        files = [path for path in files if not path.parent.name.startswith("step-")]
    for turn in range(flips + cuts):
        path = files[turn % len(files)]
        whole = path.read_bytes()
        if turn < flips:
            place, bit = draw.randrange(len(whole)), draw.randrange(8)
            damaged = bytearray(whole)
            damaged[place] ^= 1 << bit
            what = f"bit {bit} of byte {place}"
        else:
            damaged = bytearray(whole[: draw.choice((0, len(whole) - 1, draw.randrange(len(whole))))])
            what = f"cut to {len(damaged)}"
        path.write_bytes(damaged)
        yield f"{path.relative_to(folder)}: {what} of {len(whole)} bytes", path
        path.write_bytes(whole)


def verified(folder: Path, flips: int, cuts: int, tried: Callable[[], None]) -> None:
    """Assert that `verify` finds every damage of a folder."""
    verify_folder(folder)
    missed = []
    for what, _ in damages(folder, flips, cuts):
        try:
            verify_folder(folder)
        except DataError:
            tried()
        else:
            missed.append(what)
    assert not missed
    verify_folder(folder)


@rounds(5, 40, 2000)
@pytest.mark.parametrize("name", ["words", "vocab", "data", "run"])
def test_verify_finds_every_bit_that_flips(name: str, n: int, copies: Path, tried: Callable[[], None]) -> None:
    verified(copies / name, n, 0, tried)


@rounds(6, 40, 400)
@pytest.mark.parametrize("name", ["words", "vocab", "data", "run"])
def test_verify_finds_every_file_cut_short(name: str, n: int, copies: Path, tried: Callable[[], None]) -> None:
    verified(copies / name, 0, n, tried)


@rounds(6, 20, 300)
def test_a_shard_cut_short_is_not_even_mapped(
    n: int, copies: Path, tried: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is mapped and then found to end early ends the process (SIGBUS)."""
    import pyarrow as pa

    from zhprep.core.shards import open_batches, open_table

    def mapped(path: str) -> NoReturn:
        raise AssertionError(f"{path} was mapped")

    monkeypatch.setattr(pa, "memory_map", mapped)
    shards = sorted((copies / "data").glob("data-*.arrow"))[:1]
    whole = shards[0].read_bytes()
    sizes = random.Random(n).sample(range(len(whole)), n)
    for size in sizes:
        os.truncate(shards[0], size)
        for read in (open_table, lambda folder: list(open_batches(folder))):
            with pytest.raises(DataError, match=shards[0].name):
                read(copies / "data")
        shards[0].write_bytes(whole)
        tried()


def checkpoint_of(folder: Path) -> Callable[[], object]:
    """Write a checkpoint of a model of few weights; return what restores it."""
    import torch

    from zhprep.engine.checkpoint import restore, save

    model = torch.nn.Linear(3, 4)
    optimiser = torch.optim.AdamW(model.parameters())
    model(torch.ones(1, 3)).sum().backward()
    optimiser.step()
    plan = {"run": "this"}
    step = save(folder, 7, model, optimiser, {}, plan)
    return lambda: restore(step, model, optimiser, plan)


@pytest.mark.parametrize(
    ("flips", "cuts"),
    [
        pytest.param(50, 0, id="flips", marks=fault(5, 50)),
        pytest.param(0, 20, id="cuts", marks=fault(6, 20)),
        pytest.param(1500, 0, id="many flips", marks=[fault(5, 1500), pytest.mark.nightly]),
        pytest.param(0, 300, id="many cuts", marks=[fault(6, 300), pytest.mark.nightly]),
    ],
)
def test_a_checkpoint_that_changed_is_not_gone_on_with(
    flips: int, cuts: int, tmp_path: Path, tried: Callable[[], None]
) -> None:
    restore = checkpoint_of(tmp_path)
    restore()
    for what, _ in damages(tmp_path, flips, cuts, checkpoints=True):
        try:
            restore()
        except DataError:
            tried()
        else:
            pytest.fail(f"{what} was not found")
    restore()


def test_every_file_that_is_read_later_is_in_the_manifest(made: Path) -> None:
    files = json.loads((made / "data" / "manifest.json").read_bytes())["files"]
    vocabulary = {f"vocab/{path.name}" for path in (made / "data" / "vocab").iterdir()}
    assert {"vocab/tokenizer.json", "vocab/glyphs.npy", "vocab/glyphs.json"} <= vocabulary
    assert set(files) == {"state.json", "dataset_info.json", "similar-words.tsv", *vocabulary}
    files = json.loads((made / "vocab" / "manifest.json").read_bytes())["files"]
    assert set(files) == {path.name for path in (made / "vocab").iterdir() if path.is_file()} - {"manifest.json"}


READERS: dict[str, tuple[tuple[str, ...], str]] = {
    "export parquet": (("export", "{data}", "--to", "parquet", "-o", "{out}"), "data"),
    "export jsonl": (("export", "{data}", "--to", "jsonl", "-o", "{out}"), "data"),
    "export tfrecord": (("export", "{data}", "--to", "tfrecord", "-o", "{out}"), "data"),
    "export megatron": (("export", "{data}", "--to", "megatron", "-o", "{out}"), "data"),
    "export mds": (("export", "{data}", "--to", "mds", "-o", "{out}"), "data"),
    "export ernie": (("export", "{data}", "--to", "ernie", "-o", "{out}"), "data"),
    "pretrain": (("pretrain", "{data}", "-o", "{out}", "--size", "tiny", "--steps", "1", "--batch-size", "4"), "data"),
    "inspect data": (("inspect", "{data}", "--rows", "10000"), "data"),
    "statistics": (("inspect", "{data}", "--statistics"), "data"),
    "inspect words": (("inspect", "{words}", "--rows", "10000"), "words"),
    "words to a file": (("segment", "{words}", "-o", "{out}.txt"), "words"),
    "words to a folder": (("extract-pinyin", "{words}", "-o", "{out}"), "words"),
    "words to instances": (("make-instances", "{words}", "--vocab", "{vocab}", "-o", "{out}"), "words"),
    "merge": (("merge", "{data}"), "data"),
}
"""Commands that read the shards of a folder, and of which."""


def line(name: str, top: Path) -> list[str]:
    folders = {folder: str(top / folder) for folder in ("words", "vocab", "data", "out")}
    return [part.format(**folders) for part in READERS[name][0]]


@fault(5, 6)
@pytest.mark.parametrize("name", READERS)
def test_readers_refuse_shards_that_changed(name: str, copies: Path, tried: Callable[[], None]) -> None:
    folder = copies / READERS[name][1]
    shards = sorted(folder.glob("data-*.arrow"))
    draw = random.Random(7)
    for turn in range(6):
        shard = draw.choice(shards)
        whole = shard.read_bytes()
        damaged = bytearray(whole)
        damaged[draw.randrange(len(whole))] ^= 1 << draw.randrange(8)
        shard.write_bytes(damaged if turn else whole[: whole.rfind(b"\xff\xff\xff\xff")])
        parts = ("shards are missing",) if name == "merge" and not turn else (shard.name,)
        before = contents(copies)
        refused(zhprep(*line(name, copies)), 3, *parts)
        assert contents(copies) == before
        shard.write_bytes(whole)
        tried()
    assert zhprep(*line(name, copies), "--quiet").code == 0


@pytest.mark.parametrize("name", ["export jsonl", "pretrain", "inspect data", "merge"])
def test_trust_looks_at_no_bytes(name: str, copies: Path) -> None:
    shard = sorted((copies / "data").glob("data-*.arrow"))[0]
    whole = shard.read_bytes()
    place = len(whole) // 2
    while whole[place : place + 8] != bytes(8):  # padding: what it holds does not matter
        place += 1
    damaged = bytearray(whole)
    damaged[place] ^= 1
    shard.write_bytes(damaged)
    refused(zhprep(*line(name, copies)), 3, shard.name)
    assert zhprep(*line(name, copies), "--trust", "--quiet").code == 0


BESIDE = ["vocab/tokenizer.json", "vocab/tokenizer_config.json", "vocab/special_tokens_map.json", "vocab/vocab.txt",
          "vocab/glyphs.npy", "similar-words.tsv", "state.json", "manifest.json"]  # fmt: skip


@pytest.mark.parametrize("file", BESIDE)
def test_what_lies_beside_the_shards_is_held_to_the_manifest_too(file: str, copies: Path) -> None:
    path = copies / "data" / file
    whole = path.read_bytes()
    path.write_bytes(whole[:-2] + bytes([whole[-2] ^ 1]) + whole[-1:])
    for name, (_, folder) in READERS.items():
        if folder == "data" and name != "merge":
            refused(zhprep(*line(name, copies)), 3, path.name)
    assert not (copies / "out").exists()
    from zhprep.collate import MaskingCollator

    with pytest.raises(DataError, match=path.name):
        MaskingCollator.of_data(copies / "data")
    path.write_bytes(whole)
    MaskingCollator.of_data(copies / "data")


@pytest.mark.parametrize("command", ["make-instances", "render-glyphs", "inspect", "export"])
def test_a_vocabulary_that_changed_is_refused(command: str, copies: Path) -> None:
    vocab = copies / "vocab"
    commands: dict[str, list[object]] = {
        "make-instances": [copies / "x.txt", "--vocab", vocab, "-o", copies / "out"],
        "render-glyphs": ["--vocab", vocab, "--size", 12],
        "inspect": [vocab],
        "export": [vocab, "--to", "chinesebert", "-o", copies / "out"],
    }
    for name in ("tokenizer.json", "tokenizer_config.json", "report.json"):
        whole = (vocab / name).read_bytes()
        (vocab / name).write_bytes(whole.replace(b"e", b"f", 1))
        refused(zhprep(command, *commands[command]), 3, f"{name}: its bytes are not those of the manifest")
        (vocab / name).write_bytes(whole)
    assert not (copies / "out").exists()


def test_images_that_changed_are_refused(copies: Path) -> None:
    from zhprep.glyphs import load

    for folder, covered in ((copies / "vocab", True), (copies / "alone", False)):
        if not covered:
            shutil.copytree(copies / "vocab", folder)
            (folder / "manifest.json").unlink()
        whole = (folder / "glyphs.npy").read_bytes()
        for damaged in (whole[:-1], whole[:40], b"", whole[:-9] + b"x" + whole[-8:]):
            (folder / "glyphs.npy").write_bytes(damaged)
            with pytest.raises(DataError, match=r"glyphs.npy: its bytes are not those"):
                load(folder)
        (folder / "glyphs.npy").write_bytes(whole)
        load(folder)


def remake(copies: Path, name: str) -> list[object]:
    small = ("--block-size", 2000, "--quiet", "-o", copies / name)
    if name == "words":
        return ["segment", copies / "x.txt", *small]
    if name == "vocab":
        return ["build-vocab", copies / "x.txt", "--size", 300, "--min-frequency", 1, *small]
    settings = (
        "--vocab",
        copies / "vocab",
        "--mask",
        "mac",
        "--replacement",
        "similar",
        "--similar-words",
        copies / "similar.tsv",
    )
    return ["make-instances", copies / "x.txt", *settings, "--max-length", 32, *small]


@rounds(5, 24, 240)
@pytest.mark.parametrize("name", ["words", "vocab", "data"])
def test_made_again_it_is_whole_again(name: str, n: int, copies: Path, tried: Callable[[], None]) -> None:
    """A plan that changed is told with --overwrite; everything else is mended by the same command."""
    folder = copies / name
    command = remake(copies, name)
    drawn = [folder / part for part in ("glyphs.npy", "glyphs.json", "vocab/glyphs.npy", "vocab/glyphs.json")]
    for path in drawn:  # these are another command's
        path.unlink(missing_ok=True)
    (folder / "manifest.json").unlink()
    assert zhprep(*command).code == 0
    whole = contents(folder)
    for what, path in damages(folder, 2 * n // 3, n // 3, seed=1):
        result = zhprep(*command)
        if result.code:
            refused(result, 3, path.name, "--overwrite")
            assert path.name == "plan.json", what
            assert zhprep(*command, "--overwrite").code == 0
        assert contents(folder) == whole, what
        verify_folder(folder)
        tried()


WALKED = [("status", "{}"), ("status", "{}", "--pending-array"), ("verify", "{}"), ("inspect", "{}"), ("merge", "{}")]


@rounds(5, 15, 200)
@pytest.mark.parametrize("name", ["words", "vocab", "data"])
def test_damage_is_never_a_defect_of_ours(name: str, n: int, copies: Path, tried: Callable[[], None]) -> None:
    folder = copies / name
    for what, path in damages(folder, 3 * n // 5, 2 * n // 5, seed=2):
        for command in WALKED:
            manifest = (folder / "manifest.json").read_bytes()
            result = zhprep(*(part.format(folder) for part in command))
            assert result.code in (0, 2, 3), (what, command, result.err)
            if path.name != "manifest.json":
                (folder / "manifest.json").write_bytes(manifest)
        tried()


EDITED = [
    *WALKED,
    ("export", "{}", "--to", "jsonl", "-o", "{}-out"),
    ("pretrain", "{}", "-o", "{}-run", "--size", "tiny", "--steps", "1", "--batch-size", "4"),
    ("evaluate", "{}", "--overwrite"),
    ("show-masks", "今天天气很好", "--vocab", "{}"),
]


def places_in(value: object, way: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the way to each value inside of a JSON value; of lists, to the first item."""
    if way:
        yield way
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from places_in(inner, (*way, name))
    if isinstance(value, list) and value:
        yield from places_in(value[0], (*way, 0))


def edits(folder: Path, n: int, *, seed: int) -> Iterator[str]:
    """Put values of other types into the JSON files of ``folder``, sealed as if zhprep had; put each right again."""
    draw = random.Random(seed)
    files = [path for path in sorted(folder.rglob("*.json")) if path.name != "tokenizer.json"]
    files = [path for path in files if path.stat().st_size > 8]  # others hold nothing
    for turn in range(n):
        path = files[turn % len(files)]
        whole = path.read_bytes()
        edited = json.loads(whole)
        is_sealed = edited.pop("seal", None) is not None
        way = draw.choice(list(places_in(edited)))
        parent = edited
        for step in way[:-1]:
            parent = parent[step]
        parent[way[-1]] = wrong = draw.choice((None, "x", -1, 1.5, [], {}, ["x"], {"x": 1}, True))
        path.write_text(json.dumps(sealed(edited) if is_sealed else edited), "utf-8")
        yield f"{path.relative_to(folder)}: {way} is {wrong!r}"
        path.write_bytes(whole)


@pytest.mark.parametrize("n", [pytest.param(14, id="some"), pytest.param(400, id="many", marks=pytest.mark.nightly)])
@pytest.mark.parametrize("name", ["words", "vocab", "data", "run"])
def test_an_edit_by_hand_is_never_a_defect_of_ours(name: str, n: int, copies: Path) -> None:
    """Values of other types in plans, manifests, receipts, reports, configs: exit 0, 2 or 3, and a clear line."""
    folder = copies / name
    for what in edits(folder, n, seed=3):
        for command in EDITED:
            manifest = (folder / "manifest.json").read_bytes()
            result = zhprep(*(part.format(folder) for part in command), "--quiet")
            assert result.code in (0, 2, 3), (what, command, result.err)
            if "manifest.json" not in what:
                (folder / "manifest.json").write_bytes(manifest)
            shutil.rmtree(f"{folder}-run", ignore_errors=True)
            shutil.rmtree(f"{folder}-out", ignore_errors=True)


def test_a_stream_cut_after_a_batch_is_told(copies: Path) -> None:
    """pyarrow reads it as fewer rows, without an error."""
    import pyarrow as pa

    shard = sorted((copies / "words").glob("data-*.arrow"))[1]
    whole = shard.read_bytes()
    os.truncate(shard, whole.rfind(b"\xff\xff\xff\xff"))
    with pa.memory_map(str(shard)) as mapped:
        assert pa.ipc.open_stream(mapped).read_all().num_rows  # no error
    refused(zhprep("inspect", copies / "words", "--rows", 10_000), 3, shard.name, "bytes, the manifest says")
