"""``zhprep verify``."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pyarrow as pa
import pytest
from command_line import COUNTS, made_by, refused, zhprep

from zhprep.core.corpus.inputs import file_sha256
from zhprep.core.shards import content_sha256, write_manifest
from zhprep.run.folders import note_last
from zhprep.vocab import load


def test_whole_folders(data, vocab, run):
    for folder, table in ((data, "instances"), (vocab, "vocabulary"), (run, "run")):
        report = zhprep("verify", folder, "--json", "--quiet").report
        assert set(COUNTS) <= set(report)
        assert (report["verified"], report["chars_per_second"]) == (True, 0)
        assert f"verified_{table}" in report
    assert "characters/s" not in zhprep("verify", data).err


def test_a_run_of_a_recipe_is_not_whole_before_its_last_part_is_there(data, vocab, run, tmp_path):
    note_last(tmp_path, "run")
    for name, part in (("vocab", vocab), ("data", data), ("run", run)):
        refused(zhprep("verify", tmp_path, "--quiet"), 3, "is unfinished, run is not there yet")
        (tmp_path / name).symlink_to(part)
    assert zhprep("verify", tmp_path, "--quiet").code == 0


@pytest.mark.parametrize("static", ["--static", "--dynamic"])
def test_corrupted_instances_are_held_to_their_settings(static, sample_data, vocab, tmp_path):
    inputs = (sample_data / "corpus", "--vocab", vocab, "--format", "doc-sentences", "--max-length", 64)
    data = made_by("make-instances", *inputs, "--corruption", "infill,permute", static, output=tmp_path / "data")
    result = zhprep("verify", data, "--masks", "--json", "--quiet")
    assert (result.code, result.err) == (0, "")
    assert 0.1 < result.report["masks"]["changed_share"] < 0.2
    assert {"source_tokens", "target_tokens", "source_share"} <= set(result.report["masks"])


def flip(path, place):
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


def with_special_in_text(data, folder):
    """Copy a folder of instances and make one token of its text ``[SEP]``; shards and manifest agree with each other."""
    shutil.copytree(data, folder, ignore=shutil.ignore_patterns(".receipts", "plan.json"))
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    shard = folder / manifest["shards"][0]["name"]
    with pa.ipc.open_stream(shard.read_bytes()) as stream:
        schema, batches = stream.schema, list(stream)
    batch = batches[0]
    column = batch["input_ids"]
    ids = column.values.to_numpy().copy()
    text = np.flatnonzero(batch["special_tokens_mask"].values.to_numpy() == 0)
    taken = batch["masked_lm_positions"][0].as_py() if "masked_lm_positions" in schema.names else []
    ids[next(place for place in text.tolist() if place not in taken)] = load(data / "vocab").sep
    changed = pa.ListArray.from_arrays(column.offsets, pa.array(ids))
    batches[0] = batch.set_column(schema.get_field_index("input_ids"), schema.field("input_ids"), changed)
    with pa.OSFile(str(shard), "wb") as sink, pa.ipc.new_stream(sink, schema) as writer:
        for part in batches:
            writer.write_batch(part)
    manifest["shards"][0] |= {"sha256": file_sha256(shard), "bytes": shard.stat().st_size}
    manifest["content_sha256"] = content_sha256(part["sha256"] for part in manifest["shards"])
    write_manifest(folder, manifest)
    return folder


@pytest.mark.parametrize("flags", [["--dynamic"], ["--static"], ["--static", "--corruption", "infill,delete"]])
def test_special_tokens_in_the_text_of_instances(flags, sample_data, vocab, tmp_path):
    inputs = (sample_data / "corpus", "--vocab", vocab, "--format", "doc-sentences", "--max-length", 64)
    data = made_by("make-instances", *inputs, *flags, output=tmp_path / "data")
    assert zhprep("verify", data, "--quiet").code == 0
    folder = with_special_in_text(data, tmp_path / "wrong")
    refused(zhprep("verify", folder), 3, "1 tokens of the text are special tokens", "--keep-special")


@pytest.mark.parametrize("place", [0, 1000, -200])
def test_a_flipped_bit_in_a_shard(data, place, tmp_path):
    folder = shutil.copytree(data, tmp_path / "data")
    shard = next(folder.glob("data-*.arrow"))
    flip(shard, place)
    refused(zhprep("verify", folder), 3, shard.name)


def test_a_shard_cut_short_or_away(data, tmp_path):
    folder = shutil.copytree(data, tmp_path / "data")
    shard = next(folder.glob("data-*.arrow"))
    shard.write_bytes(shard.read_bytes()[:-8])
    refused(zhprep("verify", folder), 3, shard.name, "bytes")
    shard.unlink()
    refused(zhprep("verify", folder), 3, shard.name, "is missing")


@pytest.mark.parametrize("name", ["vocab.txt", "tokenizer.json", "counts.arrow"])
def test_a_flipped_bit_in_a_vocabulary(vocab, name, tmp_path):
    folder = shutil.copytree(vocab, tmp_path / "vocab")
    flip(folder / name, 50)
    refused(zhprep("verify", folder), 3, name)


def test_a_flipped_bit_in_a_model(run, tmp_path):
    folder = shutil.copytree(run, tmp_path / "run")
    flip(folder / "model.safetensors", 5000)
    refused(zhprep("verify", folder), 3, "model.safetensors")


def test_an_edited_manifest(data, tmp_path):
    folder = shutil.copytree(data, tmp_path / "data")
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    manifest["shards"][0]["rows"] += 1
    (folder / "manifest.json").write_text(json.dumps(manifest))
    refused(zhprep("verify", folder), 3, "manifest.json: was changed after it was written")
    write_manifest(folder, manifest)
    refused(zhprep("verify", folder), 3, "rows")
    (folder / "manifest.json").write_text("{")
    refused(zhprep("verify", folder), 3, "manifest.json", "damaged")


def test_unfinished_or_none_of_ours(data, tmp_path):
    folder = shutil.copytree(data, tmp_path / "data")
    (folder / "manifest.json").unlink()
    refused(zhprep("verify", folder), 3, "is unfinished")
    (tmp_path / "theirs").mkdir()
    refused(zhprep("verify", tmp_path / "theirs"), 3, "was not made by zhprep")
    refused(zhprep("verify", tmp_path / "dataa"), 2, "no such file or folder", str(folder))


def test_data_with_a_rate_schedule_are_held_to_their_rate(sample_data, vocab, tmp_path):
    settings = ("--vocab", vocab, "--max-length", 64, "--mask-prob-schedule", "0:0.3,1:0.5", "--mask-prob", 0.2)
    data = made_by("make-instances", sample_data / "corpus", *settings, output=tmp_path / "data")
    report = zhprep("verify", data, "--masks", "--quiet", "--json").report
    assert abs(report["masks"]["chosen_share"] - 0.2) < 0.02
    assert zhprep("inspect", data).code == 0
    static = zhprep("make-instances", sample_data / "corpus", *settings, "--static", "-o", tmp_path / "static")
    refused(static, 2, "masks on disk cannot follow")
