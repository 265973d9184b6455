"""``zhprep plan``: a plan that is kept, and an estimate that is held to the whole."""

from __future__ import annotations

import bz2
import gzip
import json
import math
import os
import re
import subprocess
import sys

import click
import pytest
from command_line import environment, made_by, refused, zhprep

from zhprep.cli.shared import Size
from zhprep.core.corpus import ReadConfig, find_inputs, scan, take_samples
from zhprep.run.estimate import reckon
from zhprep.run.estimate.measure import Measured, PartSize, StageCost, Took


def test_it_says_how_a_corpus_is_cut(sample_data, tmp_path):
    found = zhprep("plan", sample_data / "corpus", "--block-size", "20KiB", "--json").report
    whole = scan(find_inputs((str(sample_data / "corpus"),)), ReadConfig(), block_size=20 << 10)
    assert (found["blocks"], found["inputs"]) == (len(whole.blocks), len(whole.inputs))
    assert found["documents"] == sum(piece.documents for block in whole.blocks for piece in block.pieces)
    shown = zhprep("plan", sample_data / "corpus", "--block-size", "20KiB").out.decode()
    assert f"a task for each: --array=0-{len(whole.blocks) - 1}\n" in shown


def test_a_kept_plan_gives_the_same_bytes_and_is_held_to_what_is_read(sample_data, tmp_path):
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for path in sorted((sample_data / "corpus").glob("*.txt"))[:3]:
        (corpus / path.name).write_bytes(path.read_bytes())
    plan = tmp_path / "c.plan.json"
    assert zhprep("plan", corpus, "-o", plan, "--block-size", "20KiB").code == 0
    one = made_by("normalize", corpus, "--block-size", "20KiB", output=tmp_path / "one")
    for index in (0, 1):
        array = ("--num-shards", 2, "--shard-index", index)
        assert zhprep("normalize", plan, "-o", tmp_path / "two", *array).code == 0
    for name in ("manifest.json", "plan.json"):
        assert (tmp_path / "two" / name).read_bytes() == (one / name).read_bytes()
    refused(zhprep("normalize", plan, "-o", tmp_path / "x", "--block-size", "1KiB"), 2, "is said by the plan")
    refused(zhprep("normalize", plan, corpus, "-o", tmp_path / "x"), 2, "a plan is the whole input")
    refused(zhprep("normalize", plan), 2, "is read where a folder of shards is made")
    refused(zhprep("plan", corpus, "-o", tmp_path / "c.json"), 2, "a plan is named NAME.plan.json")
    refused(zhprep("plan", corpus, "-o", plan), 2, "is there already")
    news = sorted(corpus.iterdir())[0]
    ours = news.read_bytes()
    news.write_bytes(ours.replace("。".encode(), "！".encode()))
    refused(zhprep("normalize", plan, "-o", tmp_path / "y"), 3, "has changed since it was planned")
    news.write_bytes(ours + b"\n")
    refused(zhprep("normalize", plan, "-o", tmp_path / "y"), 3, f"has {len(ours) + 1} bytes, {len(ours)} when")
    news.unlink()
    refused(zhprep("normalize", plan, "-o", tmp_path / "y"), 3, "is not there")
    text = plan.read_text("utf-8")
    plan.write_text(text.replace('"documents"', '"dokuments"'), "utf-8")
    refused(zhprep("normalize", plan, "-o", tmp_path / "y"), 3, "was changed after it was written")


FORMS = ("txt", "jsonl", "gz", "bz2", "parquet", "arrow", "utf-16")


@pytest.mark.parametrize("form", FORMS)
def test_parts_stand_for_what_they_are_of(form, tmp_path):
    """Documents that are all alike: whatever the form, the parts tell how many there are within a few in a hundred."""
    texts = [f"第{number:05d}篇。" + "中文" * 40 for number in range(3000)]
    path, read, encoding = write(form, texts, tmp_path), ReadConfig(), "utf-8"
    if form == "utf-16":
        read, encoding = ReadConfig(encoding="utf-16"), "utf-16"
    (source,) = find_inputs((str(path),), encoding=encoding)
    (tmp_path / "parts").mkdir()
    parts = take_samples([source], read, tmp_path / "parts", number=5, size=20_000)
    corpora = [scan([part.source], ReadConfig()) for part in parts]
    documents = [sum(p.documents for block in corpus.blocks for p in block.pieces) for corpus in corpora]
    assert len(parts) == 5
    assert sum(documents) < 700
    scale = path.stat().st_size / sum(part.raw for part in parts)
    assert sum(documents) * scale == pytest.approx(3000, rel=0.25 if form in ("gz", "bz2") else 0.06)


def write(form, texts, folder):
    import pyarrow as pa
    import pyarrow.parquet as pq

    plain = "\n\n".join(texts) + "\n"
    path = folder / f"x.{form}"
    if form in ("gz", "bz2"):
        path = folder / f"x.txt.{form}"
        path.write_bytes((gzip if form == "gz" else bz2).compress(plain.encode()))
    elif form == "jsonl":
        path.write_text("".join(json.dumps({"text": text}, ensure_ascii=False) + "\n" for text in texts), "utf-8")
    elif form == "parquet":
        pq.write_table(pa.table({"text": texts}), path, row_group_size=700)
    elif form == "arrow":
        with pa.ipc.new_file(path, pa.schema([("text", pa.string())])) as file:
            file.write_table(pa.table({"text": texts}), max_chunksize=500)
    else:
        path = folder / "x.txt"
        path.write_text(plain, "utf-16" if form == "utf-16" else "utf-8")
    return path


def test_the_estimate_of_a_sample_is_what_the_whole_is(shared_data, vocab, tmp_path):
    """Half a megabyte tells of two: text, documents, blocks, disk. Of time benchmarks/test_estimate.py tells: here others may
    be at work."""
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for name in ("prose_public_domain_fiction.txt", "prose_laws_zh_cn.txt"):
        text = (shared_data / "corpus" / name).read_bytes()[: 1 << 20].decode(errors="ignore")
        (corpus / name).write_text(text[: text.rindex("\n\n")] + "\n", encoding="utf-8")
    there = sum(path.stat().st_size for path in corpus.iterdir())  # said, so that no more than the sample is read
    flags = ("--sample", "512KiB", "--block-size", "256KiB", "--vocab", vocab, "--as-if", there)
    found = zhprep("plan", corpus, "--estimate", *flags, "--json", "--quiet").report
    plan = zhprep("plan", corpus, "--block-size", "256KiB", "--json", "--quiet").report
    data = made_by(
        "make-instances",
        corpus,
        "--vocab",
        vocab,
        "--recipe",
        "bert-wwm",
        "--block-size",
        "256KiB",
        output=tmp_path / "data",
    )
    counts = json.loads((data / "manifest.json").read_bytes())["account"]["counts"]
    written = sum(file.stat().st_size for file in data.rglob("*") if file.is_file())
    (stage,) = [stage for stage in found["stages"] if stage["stage"] == "data"]
    close(found["text_bytes"], plan["text_bytes"])
    close(found["characters"], counts["characters"])
    close(found["documents"], counts["documents_in"])
    close(stage["disk_bytes"], written)
    assert abs(found["blocks"] - plan["blocks"]) <= 2
    assert [stage["stage"] for stage in found["stages"]] == ["plan", "data"]
    assert all(stage["core_hours"]["value"] > 0 for stage in found["stages"])
    assert stage["worker_bytes"] > 50e6


FILES = {"vocab (count)", "vocab (learn)"}
"""The stages that make the folder of a vocabulary."""


@pytest.mark.nightly
@pytest.mark.parametrize("share", [8, 4, 2, 1])
def test_an_estimate_holds_for_shares_of_real_text(share, shared_data, tmp_path):
    """Of an eighth to the whole of six corpora: files as they are made, disk within a fifth, seconds within three tenths.

    Each command plans and begins for itself; seconds are those of the processor. A measure that others disturb on this
    machine may be taken again, twice.
    """
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for path in (shared_data / "corpus").glob("*.txt"):
        text = path.read_bytes()[: path.stat().st_size // share]
        (corpus / path.name).write_bytes(text[: text.rindex(b"\n") + 1])
    for attempt in range(3):
        found, _ = measured("plan", corpus, "--estimate", "--json")
        stages = {stage["stage"]: stage for stage in json.loads(found)["stages"]}
        begun = json.loads(found)["start_seconds"] + seconds_of(stages["plan"])
        folders = [tmp_path / f"vocab-{attempt}", tmp_path / f"data-{attempt}"]
        _, vocab = measured("build-vocab", corpus, "-o", folders[0], "--recipe", "bert-wwm", "--workers", 1)
        given = ("--vocab", folders[0], "--recipe", "bert-wwm", "--workers", 1)
        _, data = measured("make-instances", corpus, "-o", folders[1], *given)
        reckoned = [[stages[name] for name in sorted(FILES)], [stages["data"]]]
        for rows, folder in zip(reckoned, folders, strict=True):
            made = [file for file in folder.rglob("*") if file.is_file()]
            assert sum(row["files"] for row in rows) == len(made)
            disk = sum(file.stat().st_size for file in made)
            assert sum(row["disk_bytes"]["value"] for row in rows) == pytest.approx(disk, rel=0.2)
        seconds = [begun + sum(map(seconds_of, rows)) for rows in reckoned]
        if seconds == pytest.approx([vocab, data], rel=0.3):
            return
    raise AssertionError((seconds, [vocab, data]))


def seconds_of(stage):
    return 3600 * stage["core_hours"]["value"]


def measured(*line):
    """Run a command in a process of its own; return what it printed and the seconds of a processor that it took."""
    before = os.times()
    done = subprocess.run(
        [sys.executable, "-m", "zhprep", *map(str, line), "--quiet"],
        env=environment(), stdout=subprocess.PIPE, check=True,
    )  # fmt: skip
    after = os.times()
    user, system = (getattr(after, kind) - getattr(before, kind) for kind in ("children_user", "children_system"))
    return done.stdout, user + system


def close(amount, real):
    """Assert that an estimate is right within four of its standard errors and two in a hundred."""
    assert abs(amount["value"] - real) <= 4 * amount["error"] + 0.02 * real, (amount, real)


def test_a_larger_corpus_like_this_one_costs_in_proportion():
    """What grows with the text grows so; what a block of counts holds, and learning, by the power that was measured."""
    parts = [PartSize(1000.0, 900, 3), PartSize(1000.0, 1100, 5), PartSize(1000.0, 1000, 4), PartSize(1000.0, 1000, 4)]
    blocks = [
        Took(0.1, 2000, 100, 800),
        Took(0.3, 2400, 100, 900),
        Took(0.2, 2200, 100, 850),
        Took(0.2, 2200, 100, 850),
    ]
    counts = [Took(0.1, 500, 100, 800)] * 4
    stages = [
        StageCost("plan", "blocks", [Took(0.01, 0, 50)] * 4, Took(0.01, 0, 50)),
        # the root of the text, from every other part to all as beyond
        StageCost("vocab (count)", "counts", counts, Took(0.4, 1000, 140), beside=4, half=Took(0.2, 689, 120)),
        StageCost("vocab (learn)", "learn", [Took(0.0, 0, 100)], Took(2.0, 700, 110), beside=7),
        # a block takes 0.1 s, whatever it holds, and the first one 1 s more
        StageCost("data", "blocks", blocks, Took(0.5, 8800, 100), load=1.0, beside=8, beside_bytes=5000),
    ]
    found = reckon(Measured(parts, stages, beside=10), 4000 * 10_000, sampled_of=4000, block_size=400_000)
    rows = {row["stage"]: row for row in found["stages"]}
    assert (found["text_bytes"]["value"], found["blocks"], found["heaps_exponent"]) == (4e7, 100, 0.5)
    assert (found["documents"]["value"], found["characters"]["value"]) == (160_000, 3.4e7)
    assert rows["data"]["core_hours"]["value"] == pytest.approx((0.4 * 10_000 + 0.1 * 100 + 1.0) / 3600, rel=1e-4)
    spread = math.sqrt((0.1**2 + 0.1**2) / (4 * 3)) / 1000 * 4e7
    assert rows["data"]["core_hours"]["error"] == pytest.approx(spread / 3600, rel=1e-2)
    assert rows["data"]["disk_bytes"]["value"] == 8800 * 10_000 + 10 * 100 + 5000
    assert [rows[name]["files"] for name in rows] == [0, 2 * 100 + 4, 7, 2 * 100 + 8]
    assert rows["vocab (count)"]["disk_bytes"]["value"] == pytest.approx(1000 * math.sqrt(100) * 100 + 1000, rel=1e-2)
    assert rows["vocab (count)"]["worker_bytes"] == pytest.approx(100 + 40 * math.sqrt(100), rel=1e-2)
    assert rows["vocab (learn)"]["core_hours"]["value"] == pytest.approx(2.0 * math.sqrt(10_000) / 3600, rel=1e-2)
    assert rows["vocab (learn)"]["worker_bytes"] == pytest.approx(100 + 10 * math.sqrt(10_000), rel=1e-2)
    seen = reckon(Measured(parts, stages, beside=10), 4000, sampled_of=4000, block_size=None)
    assert seen["text_bytes"] == {"value": 4000.0, "error": 0.0}  # the sample is the whole


def test_an_estimate_for_people(sample_data, vocab):
    flags = ("--vocab", vocab, "--parts", 2, "--sample", "20KiB", "--as-if", "1TB", "--quiet")
    shown = zhprep("plan", sample_data / "corpus" / "news.txt", "--estimate", *flags).out.decode()
    lines = shown.splitlines()
    assert re.match(r"corpus    1 TB in files, .* GB( ± .* %)? of text, .* documents, .* characters", lines[1])
    assert re.match(r"blocks    1[\d,]+ of 67\.1 MB", lines[2])
    assert lines[3].split() == ["stage", "core-hours", "disk", "files", "memory", "a", "worker"]
    assert [line.split()[0] for line in lines[4:]] == ["plan", "data", "total", "time"]


@pytest.mark.parametrize(
    ("said", "size"),
    [("7", 7), ("7B", 7), ("512k", 512_000), ("2 kB", 2_000), ("2KiB", 2 << 10), ("64MB", 64_000_000),
     ("64MiB", 64 << 20), ("64Mi", 64 << 20), ("1gib", 1 << 30), ("1TB", 10**12), ("1TiB", 1 << 40)],
)  # fmt: skip
def test_a_size_is_decimal_unless_it_says_otherwise(said, size):
    assert Size().convert(said, None, None) == size


@pytest.mark.parametrize("said", ["0", "0MiB", "1.5GB", "7i", "7iB", "7PB", "k"])
def test_what_is_no_size(said):
    with pytest.raises(click.BadParameter, match="is not a size; write 64MiB, 64MB or a number of bytes"):
        Size().convert(said, None, None)


def test_what_cannot_be_estimated(sample_data, tmp_path):
    refused(zhprep("plan", "-", "--estimate"), 2, "a pipe cannot be sampled")
    refused(zhprep("plan", sample_data / "corpus", "--estimate", "-o", tmp_path / "c.plan.json"), 2, "--estimate reads")
    refused(zhprep("plan", sample_data / "corpus", "--estimate", "--recipe", "bret"), 2, "bret")
