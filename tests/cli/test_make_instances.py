"""``zhprep make-instances``."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest
from command_line import COUNTS, made_by, refused, zhprep
from reading_instances import read_instances

from zhprep.instances import instances_config


def test_json_report_and_folder(sample_data, vocab, tmp_path):
    arguments = (sample_data / "corpus", "--vocab", vocab, "-o", tmp_path / "data", "--static", "--json", "--quiet")
    result = zhprep("make-instances", *arguments)
    assert (result.code, result.err) == (0, "")
    assert set(COUNTS) <= set(result.report)
    assert result.report["documents_in"] == 336
    assert result.report["instances"] > 100
    assert 0 < result.report["masked_tokens"] < result.report["tokens"]
    names = {path.name for path in (tmp_path / "data").iterdir()}
    assert {"plan.json", "manifest.json", "state.json", "dataset_info.json", "vocab"} <= names
    assert not [name for name in names if name.startswith((".part-", ".spool-"))]


@pytest.mark.parametrize(
    ("flags", "parts"),
    [
        (["--mask", "wmw"], ["unknown mask strategy 'wmw'", "did you mean 'wwm'?"]),
        (["--replacement", "bret"], ["unknown replacement 'bret'", "did you mean 'bert'?"]),
        (["--format", "segment-pairs"], ["unknown format 'segment-pairs'", "did you mean 'segment-pair'?"]),
        (["--budget", "goggle"], ["--budget cannot be 'goggle'", "did you mean 'google'?"]),
        (["--cws", "jeiba"], ["unknown segmenter 'jeiba'", "did you mean 'jieba'?"]),
        (["--recipe", "bert-wmw"], ["unknown recipe 'bert-wmw'", "did you mean 'bert-wwm'?"]),
        (["--corruption", "infil"], ["unknown corruption 'infil'", "did you mean 'infill'?"]),
        (["--corruption", "infill,sentinels"], ["'sentinels' makes a target of its own"]),
        (["--corruption", "infill", "--mask", "pert"], ["does not go with pert"]),
        (["--corruption", "infill", "--span-mean", 0], ["span_mean is 0.0", "at least 0.1"]),
        (["--ratios", "0.8,0.1"], ["ratios are [0.8, 0.1]", "add up to 1"]),
        (["--ratios", "0.8,x,0.1"], ["--ratios", "'x' is not a valid float"]),
        (["--max-length", 2], ["max_length is 2", "at least 8"]),
    ],
)
def test_wrong_flags_are_told_before_anything_is_read_or_written(flags, parts, vocab, tmp_path):
    arguments = (tmp_path / "missing.txt", "--vocab", vocab, "-o", tmp_path / "data")
    refused(zhprep("make-instances", *arguments, *flags), 2, *parts)
    assert list(tmp_path.iterdir()) == []


def test_special_tokens_in_the_text_are_text(vocab, tmp_path):
    (tmp_path / "text.txt").write_text("今天[MASK]很好[SEP]我们[CLS]去[PAD]\n[UNK]是[UNUSED]\n", encoding="utf-8")
    flags = ("--vocab", vocab, "--json", "--quiet", "--format", "single")
    result = zhprep("make-instances", tmp_path / "text.txt", *flags, "-o", tmp_path / "data")
    assert (result.code, result.err) == (0, "")
    assert result.report["changed"]["tokens.special_as_text"] == 5
    found = read_instances(tmp_path / "data")
    never = found.vocabulary.never_text()
    assert not never[found.ids[found.words >= 0]].any()
    assert never[found.ids[found.words < 0]].all()
    assert zhprep("verify", tmp_path / "data", "--masks", "--quiet").code == 0


def test_placeholders_are_kept_by_name(sample_data, tmp_path):
    vocab = made_by("build-vocab", sample_data / "corpus", "--size", 800, "--unused", 3, output=tmp_path / "vocab")
    (tmp_path / "text.txt").write_text("今天[unused2]很好，我们[unused1]去。\n", encoding="utf-8")
    flags = ("--vocab", vocab, "--json", "--quiet", "--format", "single", "--mask", "char")
    kept = ("--keep-special", "[unused1],[unused2]")
    result = zhprep("make-instances", tmp_path / "text.txt", *flags, *kept, "-o", tmp_path / "data")
    assert (result.code, result.err) == (0, "")
    found = read_instances(tmp_path / "data")
    names = [found.vocabulary.tokens[number] for number in found.ids[found.words >= 0]]
    assert [name for name in names if name.startswith("[unused")] == ["[unused2]", "[unused1]"]
    assert zhprep("verify", tmp_path / "data", "--masks", "--quiet").code == 0
    for name in ("[MASK]", "<NUM>"):
        command = ("make-instances", tmp_path / "text.txt", *flags, "--keep-special", name, "-o", tmp_path / "none")
        refused(zhprep(*command), 2, name)


def test_a_folder_without_a_tokenizer(tmp_path):
    (tmp_path / "vocab").mkdir()
    arguments = (tmp_path / "missing.txt", "-o", tmp_path / "data", "--vocab")
    refused(zhprep("make-instances", *arguments, tmp_path / "vocab"), 3, "has no tokenizer.json", "build-vocab")
    refused(zhprep("make-instances", *arguments, tmp_path / "vocba"), 2, "vocba: no such file", "vocab'")
    (tmp_path / "vocab" / "tokenizer.json").write_text("{not json")
    refused(zhprep("make-instances", *arguments, tmp_path / "vocab"), 3, "tokenizer.json is not JSON")


def test_lists_take_commas(sample_data, vocab, tmp_path):
    arguments = (sample_data / "corpus" / "news.txt", "--vocab", vocab, "-o", tmp_path / "data", "--quiet")
    assert zhprep("make-instances", *arguments, "--ratios", "0.6,0.3,0.1").code == 0
    config = json.loads((tmp_path / "data" / "manifest.json").read_text("utf-8"))["config"]["instances"]
    assert config["ratios"] == [0.6, 0.3, 0.1]


def test_a_flag_goes_before_the_recipe(sample_data, vocab, tmp_path):
    arguments = (sample_data / "corpus" / "news.txt", "--vocab", vocab, "--recipe", "bert", "-o", tmp_path / "data")
    assert zhprep("make-instances", *arguments, "--mask", "wwm", "--quiet").code == 0
    manifest = json.loads((tmp_path / "data" / "manifest.json").read_text("utf-8"))
    assert (manifest["config"]["instances"]["mask"], manifest["recipe"]) == ("wwm", "bert")


def test_former_names_of_flags_and_settings_make_the_same(sample_data, vocab, tmp_path):
    inputs = (sample_data / "corpus", "--vocab", vocab, "--static", "--format", "doc-sentences")
    base = tmp_path / "base.toml"
    base.write_text("[instances]\nmask_prob = 0.2\ncorruption = ['permute']\n", encoding="utf-8")
    own = tmp_path / "own.toml"
    own.write_text("base = 'base.toml'\n[instances]\nrate = 0.3\npermute_share = 0.5\n", encoding="utf-8")
    ways = (
        ("--corruption", "permute", "--rate", 0.3, "--permute-share", 0.5),
        ("--corruption", "permute", "--mask-prob", 0.3, "--permute-ratio", 0.5),
        ("--recipe", own),
    )
    made = [made_by("make-instances", *inputs, *way, output=tmp_path / str(n)) for n, way in enumerate(ways)]
    assert len({json.loads((folder / "manifest.json").read_text("utf-8"))["content_sha256"] for folder in made}) == 1
    assert b"--rate" not in zhprep("make-instances", "--help").out
    manifest = json.loads((made[0] / "manifest.json").read_text("utf-8"))
    manifest["config"]["instances"]["rate"] = manifest["config"]["instances"].pop("mask_prob")
    assert instances_config(made[0], manifest).mask_prob == 0.3


def test_another_config_is_refused(sample_data, vocab, tmp_path):
    arguments = (sample_data / "corpus" / "news.txt", "--vocab", vocab, "-o", tmp_path / "data")
    assert zhprep("make-instances", *arguments, "--quiet").code == 0
    refused(zhprep("make-instances", *arguments, "--mask", "char"), 2, "another config", "mask: wwm, now char")
    refused(zhprep("make-instances", *arguments, "--seed", 1), 2, "another config", "seed: 0, now 1")


def test_too_many_unknown_tokens(sample_data, vocab, tmp_path):
    (tmp_path / "rare.txt").write_text("龘靐齉爩鱻麤灪籱。\n" * 20, encoding="utf-8")
    arguments = (tmp_path / "rare.txt", "--vocab", vocab, "--format", "full-sentences", "-o", tmp_path / "data")
    refused(zhprep("make-instances", *arguments, "--max-unk-rate", 0.01), 3, "tokens are unknown", "--max-unk-rate")


def test_standard_input_leaves_no_spool(sample_data, vocab, tmp_path):
    news = (sample_data / "corpus" / "news.txt").read_bytes()
    made = zhprep("make-instances", "-", "--vocab", vocab, "-o", tmp_path / "data", "--quiet", stdin=news)
    assert made.code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
    twice = zhprep("make-instances", "-", "-", "--vocab", vocab, "-o", tmp_path / "data", stdin=news)
    refused(twice, 2, "-: is given twice", "standard input can be read once")


@pytest.mark.parametrize(
    ("flags", "parts"),
    [
        (["--corruption", "infill"], ["token_type_ids, next_sentence_label", "--format full-sentences"]),
        (["--corruption", "permute", "--format", "packed"], ["have cu_seqlens"]),
        (["--corruption", "sentinels", "--format", "single"], ["has 0 sentinels", "build-vocab --unused 26"]),
    ],
)
def test_a_corruption_that_does_not_fit_is_told_before_anything_is_written(flags, parts, sample_data, vocab, tmp_path):
    arguments = (sample_data / "corpus", "--vocab", vocab, "-o", tmp_path / "data")
    refused(zhprep("make-instances", *arguments, *flags, "--quiet"), 2, *parts)
    assert list(tmp_path.iterdir()) == []


def test_a_corruption_does_not_go_with_pinyin(sample_data, vocab, tmp_path):
    read = zhprep("extract-pinyin", sample_data / "corpus" / "news.txt", "-o", tmp_path / "pinyin", "--quiet")
    assert (read.code, read.err) == (0, "")
    arguments = (tmp_path / "pinyin", "--vocab", vocab, "-o", tmp_path / "data", "--format", "single", "--quiet")
    refused(zhprep("make-instances", *arguments, "--corruption", "delete"), 2, "have pinyin_ids")
    assert not (tmp_path / "data").exists()


def test_spans_of_a_tagger(sample_data, vocab, tmp_path):
    """As a user makes them: normalize, tag each sentence of the table, give both."""
    table = made_by("normalize", sample_data / "corpus", output=tmp_path / "text")
    rows = pa.concat_tables(
        pa.ipc.open_stream(path).read_all() for path in sorted(table.glob("data-*.arrow"))
    ).to_pylist()
    tagged = [
        {"doc": row["doc"], "spans": [[[0, len(sentence), "ALL"]] for sentence in row["sentences"]]} for row in rows
    ]
    spans = tmp_path / "spans.jsonl"
    spans.write_text("".join(json.dumps(row) + "\n" for row in reversed(tagged)), "utf-8")
    settings = ("--vocab", vocab, "--mask", "entity", "--max-length", 128, "--format", "single", "--spans", spans)
    result = zhprep("make-instances", table, *settings, "-o", tmp_path / "data", "--quiet", "--json", "--workers", 2)
    assert result.code == 0, result.err
    assert result.report["entity_spans"] == result.report["sentences"]
    words = pa.concat_tables(
        pa.ipc.open_stream(path).read_all() for path in sorted((tmp_path / "data").glob("data-*.arrow"))
    )["word_ids"]
    assert max(max(row) for row in words.to_pylist()) == 0  # every sentence is one entity
    spans.write_text("", "utf-8")
    refused(zhprep("make-instances", table, *settings, "-o", tmp_path / "none"), 3, "has no line for the document")
    refused(zhprep("make-instances", table, *settings, "-o", tmp_path / "data"), 2, "--overwrite")  # other spans


def test_other_entities_under_the_same_name_make_other_data(sample_data, vocab, tmp_path):
    names = tmp_path / "names.txt"
    flags = ("--vocab", vocab, "--mask", "entity", "--entities", names, "-o", tmp_path / "data", "--quiet")
    names.write_text("清华大学的学生\n", "utf-8")
    assert zhprep("make-instances", sample_data / "corpus", *flags).code == 0
    assert zhprep("make-instances", sample_data / "corpus", *flags).code == 0
    names.write_text("北京图书馆看书\n", "utf-8")
    refused(zhprep("make-instances", sample_data / "corpus", *flags), 2, "entities differs")
