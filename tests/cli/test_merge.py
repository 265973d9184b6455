"""``zhprep merge``."""

from __future__ import annotations

from command_line import refused, zhprep


def test_a_folder_whose_last_task_was_killed_in_between(sample_data, tmp_path):
    arguments = ("normalize", sample_data / "corpus", "-o", tmp_path / "out", "--block-size", "20KiB", "--quiet")
    assert zhprep(*arguments, "--num-shards", 2, "--shard-index", 0).code == 0
    refused(zhprep("merge", tmp_path / "out"), 3, "shards are missing", "--pending-array")
    assert zhprep(*arguments, "--num-shards", 2, "--shard-index", 1).code == 0
    manifest = (tmp_path / "out" / "manifest.json").read_bytes()
    (tmp_path / "out" / "manifest.json").unlink()
    result = zhprep("merge", tmp_path / "out", "--json", "--quiet")
    assert (result.code, result.err, result.report["chars_per_second"]) == (0, "", 0)
    assert (tmp_path / "out" / "manifest.json").read_bytes() == manifest
    assert zhprep("verify", tmp_path / "out", "--quiet").code == 0


def test_instances_without_their_tokenizer_are_not_finished(sample_data, vocab, tmp_path):
    arguments = (
        "make-instances",
        sample_data / "corpus" / "news.txt",
        "--vocab",
        vocab,
        "-o",
        tmp_path / "data",
        "--quiet",
    )
    assert zhprep(*arguments).code == 0
    (tmp_path / "data" / "manifest.json").unlink()
    (tmp_path / "data" / "vocab").rename(tmp_path / "away")
    refused(zhprep("merge", tmp_path / "data"), 3, "tokenizer.json: is missing", "make-instances")
    assert not (tmp_path / "data" / "manifest.json").exists()
    assert zhprep(*arguments).code == 0
    assert (tmp_path / "data" / "vocab" / "tokenizer.json").exists()


def test_what_is_wrong(vocab, data, tmp_path):
    refused(zhprep("merge", tmp_path), 3, "no plan.json")
    refused(zhprep("merge", vocab), 3, "is a vocabulary", "build-vocab")
    refused(zhprep("merge", data.parent / "daat"), 2, "no such file or folder", str(data))
