from __future__ import annotations

import json

import pytest
from command_line import made_by, refused, zhprep
from plain_exports import read_tfrecord
from training_data import write_vocabulary

from zhprep.core.shards import open_table
from zhprep.export import EXPORTS


def test_instances_become_jsonl(data, tmp_path):
    result = zhprep("export", data, "--to", "jsonl", "-o", tmp_path / "new" / "out", "--json", "--quiet")
    assert (result.code, result.err) == (0, "")
    assert result.report["format"] == "jsonl"
    names = sorted((tmp_path / "new" / "out").glob("*.jsonl"))
    assert result.report["files"] == len(names) + 1
    found = [json.loads(line) for name in names for line in name.read_text().splitlines()]
    assert found == open_table(data).to_pylist()


@pytest.mark.parametrize("form", [form for form in EXPORTS if form not in ("chinesebert", "transformers")])
def test_real_instances_in_every_format(form, data, tmp_path):
    if form == "hdf5":
        pytest.importorskip("h5py")
    result = zhprep("export", data, "--to", form, "-o", tmp_path / "out")
    assert (result.code, result.out) == (0, b""), result.err
    assert form in result.err
    assert (tmp_path / "out" / "export.json").is_file()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_tfrecord_of_real_instances(data, tmp_path):
    result = zhprep("export", data, "--to", "tfrecord", "-o", tmp_path / "out", "--json", "--quiet")
    assert result.report["max_length"] == 64
    assert "word_ids" in result.report["left_out"]
    names = sorted((tmp_path / "out").glob("*.tfrecord"))
    found = [record for name in names for record in read_tfrecord(name, check=1)]
    rows = open_table(data).to_pylist()
    assert [sum(record["input_mask"]) for record in found] == [len(row["input_ids"]) for row in rows]
    assert {len(record["masked_lm_ids"]) for record in found} == {result.report["max_predictions"]}


def test_an_unknown_format_is_told_with_the_nearest(data, tmp_path):
    refused(
        zhprep("export", data, "--to", "tfrecords", "-o", tmp_path / "out"),
        2, "unknown export format 'tfrecords'", "did you mean 'tfrecord'?",
    )  # fmt: skip
    assert not list(tmp_path.iterdir())


def test_what_does_not_fit_leaves_nothing_behind(vocab, tmp_path):
    result = zhprep("export", vocab, "--to", "tfrecord", "-o", tmp_path / "new" / "out")
    refused(result, 2, "is a vocabulary; this format takes instances")
    refused(zhprep("export", vocab / "vocab.txt", "--to", "jsonl", "-o", tmp_path / "out"), 2, "is not a folder")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("static", ["--static", "--dynamic"])
def test_sources_and_targets_go_where_every_column_does(static, sample_data, vocab, tmp_path):
    inputs = (sample_data / "corpus" / "news.txt", "--vocab", vocab, "--format", "single", "--corruption", "infill")
    data = made_by("make-instances", *inputs, static, output=tmp_path / "data")
    for name in ("tfrecord", "hdf5", "megatron", "ernie"):
        refused(zhprep("export", data, "--to", name, "-o", tmp_path / name), 2, "is for models that write", "parquet")
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
    for name in ("jsonl", "parquet", "mds"):
        assert zhprep("export", data, "--to", name, "-o", tmp_path / name).code == 0
    row = json.loads(next((tmp_path / "jsonl").glob("*.jsonl")).read_text("utf-8").split("\n")[0])
    assert ("labels" in row) == (static == "--static")


def test_nothing_is_written_over(data, tmp_path):
    (tmp_path / "precious").write_text("mine")
    refused(zhprep("export", data, "--to", "jsonl", "-o", tmp_path), 2, "is not empty", "name another folder")
    refused(zhprep("export", data, "--to", "jsonl", "-o", tmp_path / "precious"), 2, "is a file, not a folder")
    assert [path.name for path in tmp_path.iterdir()] == ["precious"]


def test_a_vocabulary_without_glyphs_is_told_what_is_missing(vocab, tmp_path):
    folder = write_vocabulary(tmp_path / "vocab")
    (folder / "tokenizer.json").unlink()  # vocab.txt alone is read with BERT's defaults
    refused(zhprep("export", folder, "--to", "chinesebert", "-o", tmp_path / "out"), 3, "glyphs.npy")
    refused(zhprep("export", vocab, "--to", "chinesebert", "-o", tmp_path / "out"), 2, "another normalizer")
    assert [path.name for path in tmp_path.iterdir()] == ["vocab"]
