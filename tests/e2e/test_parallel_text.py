"""Parallel text from a ``.tsv`` to batches and a trained model: translation language modelling (XLM, §3.3)."""

from __future__ import annotations

import json

import numpy as np
import pytest
from command_line import made_by, refused, zhprep
from reading_instances import read_instances

PAIRS = [
    ("今天天气很好。我们去公园吧！", "The weather is fine today. Let us go to the park!"),
    ("北京大学在哪里？", "Where is Peking University?"),
    ("他在咖啡馆等米勒先生。", "He waits for Mr Müller at the café."),
    ("语言模型预测下一个词。", "The language model predicts the next word."),
]


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    path = tmp_path_factory.mktemp("parallel") / "pairs.tsv"
    rows = "".join(f"{n}\t{english}\t{chinese}\n" for n, (chinese, english) in enumerate(PAIRS * 40))
    path.write_text(f"id\ten\tzh\n{rows}", "utf-8")
    return path


@pytest.fixture(scope="module")
def both_vocab(table):
    return made_by("build-vocab", table, "--columns", "zh,en", "--size", 300, output=table.parent / "vocab")


@pytest.fixture(scope="module")
def pairs(table, both_vocab):
    settings = ("--vocab", both_vocab, "--format", "tlm", "--pairs", "zh,en", "--max-length", 64)
    return made_by("make-instances", table, *settings, output=table.parent / "data")


def test_each_row_is_one_instance_of_two_whole_sides(pairs):
    instances = read_instances(pairs)
    assert instances.table.num_rows == len(PAIRS) * 40
    tokens = np.array(instances.vocabulary.tokens)
    for row, (chinese, english) in zip(instances.table.slice(0, 4).to_pylist(), PAIRS, strict=True):
        ids, side = np.array(row["input_ids"]), np.array(row["lang_ids"])
        text = ["".join(tokens[ids[side == which][:-1]]).replace("##", "") for which in (0, 1)]
        assert text[0] == "[CLS]" + chinese
        assert text[1] == english.lower().replace(" ", "")
        assert row["token_type_ids"] == row["lang_ids"]


def test_words_of_both_sides_are_whole(pairs):
    instances = read_instances(pairs)
    seen = set()
    for row in instances.table.slice(0, 4).to_pylist():
        words = {}
        for token, word in zip(row["input_ids"], row["word_ids"], strict=True):
            words.setdefault(word, []).append(instances.vocabulary.tokens[token].removeprefix("##"))
        del words[-1]
        seen |= {"".join(word) for word in words.values()}
    assert {"北京大学", "咖啡馆", "模型", "müller", "café", "predicts", "university"} <= seen


def test_masks_fall_on_both_sides(pairs):
    instances = read_instances(pairs)
    _, places, _ = instances.masked(0)
    sides = instances.table["lang_ids"].combine_chunks().flatten().to_numpy()[places]
    assert 0.2 < sides.mean() < 0.8
    assert zhprep("verify", pairs, "--masks", "--quiet").code == 0


def test_batches_count_positions_anew_in_the_second_language(pairs, both_vocab):
    import torch

    from zhprep.collate import MaskingCollator

    rows = read_instances(pairs).table.slice(0, 4).to_pylist()
    batch = MaskingCollator(both_vocab)(rows)
    assert "lang_ids" not in batch
    for row, positions in zip(rows, batch["position_ids"], strict=True):
        first = row["lang_ids"].index(1)
        n = len(row["lang_ids"])
        assert positions[:n].tolist() == [*range(first), *range(n - first)]
    from transformers import BertConfig, BertForMaskedLM

    config = BertConfig(
        vocab_size=300, hidden_size=16, num_hidden_layers=1, num_attention_heads=1, intermediate_size=16
    )
    assert torch.isfinite(BertForMaskedLM(config)(**batch).loss)


def test_our_model_counts_them_in_the_same_way(both_vocab):
    import torch

    from zhprep.models import model_config
    from zhprep.models.embeddings.inputs import INPUTS

    part = INPUTS["position"](model_config({}, "tiny", 10))
    ids = torch.zeros(2, 5, dtype=torch.int64)
    lang_ids = torch.tensor([[0, 0, 1, 1, 0], [0, 1, 1, 1, 1]])
    table = part.table.weight
    found = part({"input_ids": ids, "lang_ids": lang_ids})
    assert torch.equal(found[0, :4], table[[0, 1, 0, 1]])
    assert torch.equal(found[1], table[[0, 0, 1, 2, 3]])
    assert torch.equal(part({"input_ids": ids}), table[:5])


def test_a_model_is_trained_on_them(pairs, tmp_path):
    recipe = tmp_path / "tlm.toml"
    recipe.write_text('base = "roberta-wwm"\n', "utf-8")
    settings = ("--recipe", recipe, "--size", "tiny", "--steps", 2, "--batch-size", 4, "--threads", 1)
    run = made_by("pretrain", pairs, *settings, output=tmp_path / "run")
    assert json.loads((run / "report.json").read_bytes())["steps"] == 2


def test_a_long_side_is_shortened_and_not_dropped(table, both_vocab, tmp_path):
    path = tmp_path / "long.tsv"
    path.write_text(f"zh\ten\n{PAIRS[0][0] * 20}\t{PAIRS[0][1]}\n", "utf-8")
    settings = ("--vocab", both_vocab, "--format", "tlm", "--pairs", "zh,en", "--max-length", 64)
    report = zhprep("make-instances", path, *settings, "-o", tmp_path / "data", "--quiet", "--json").report
    assert report["instances"] == 1
    assert set(report["dropped"]) == {"tokens.truncated"}


def test_a_line_break_of_another_kind_does_not_part_a_side(both_vocab, tmp_path):
    path = tmp_path / "odd.tsv"
    path.write_text("zh\ten\n好\u2028吗？\tgood\u0085or not\r\n\u200b\tnothing\n", "utf-8")
    settings = ("--vocab", both_vocab, "--format", "tlm", "--pairs", "zh,en", "--quiet", "--json")
    report = zhprep("make-instances", path, *settings, "-o", tmp_path / "data").report
    assert report["instances"] == 1
    assert report["dropped"]["documents.not_a_pair"] == 1  # a side of which nothing was left


def test_a_pipe_and_bad_rows(table, both_vocab, tmp_path):
    settings = ("--vocab", both_vocab, "--format", "tlm", "--pairs", "zh,en", "--quiet")
    made = zhprep("make-instances", "-", *settings, "-o", tmp_path / "piped", "--json", stdin=table.read_bytes())
    assert made.report["instances"] == len(PAIRS) * 40
    bad = tmp_path / "bad.tsv"
    bad.write_text("zh\ten\n好\tgood\n好\n", "utf-8")
    refused(zhprep("make-instances", bad, *settings, "-o", tmp_path / "bad"), 3, "bad.tsv, line 3", "1 columns")
    skipped = zhprep("make-instances", bad, *settings, "-o", tmp_path / "bad", "--on-error", "skip", "--json")
    assert skipped.report["dropped"] == {"documents.ragged_row": 1}
    assert skipped.report["instances"] == 1


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (("--pairs", "zh,en"), ("'segment-pair' has none", "--format tlm")),
        (("--pairs", "zh", "--format", "tlm"), ("pairs cannot be 'zh'", "zh,en")),
        (("--pairs", "nxt"), ("pairs cannot be 'nxt'", "did you mean 'next'")),
        (("--format", "tlm"), ("is a table of columns", "--pairs")),
        (("--format", "tlm", "--pairs", "zh,fr"), ("no column 'fr'", "id, en, zh")),
    ],
)
def test_what_is_wrong(table, both_vocab, tmp_path, arguments, parts):
    refused(zhprep("make-instances", table, "--vocab", both_vocab, *arguments, "-o", tmp_path / "data"), 2, *parts)
    assert not (tmp_path / "data").exists()


def test_a_recipe_reads_its_columns(table, tmp_path):
    recipe = tmp_path / "tlm.toml"
    recipe.write_text(
        'base = "roberta-wwm"\n[vocab]\nsize = 300\n[instances]\nformat = "tlm"\npairs = "zh,en"\nmax_length = 64\n'
        "[pretrain]\nsteps = 1\nbatch_size = 2\n[sizes.tiny.vocab]\nsize = 300\n"
        "[sizes.tiny.instances]\nmax_length = 64\n",
        "utf-8",
    )
    result = zhprep("run", recipe, table, "--size", "tiny", "--steps", 1, "-o", tmp_path / "out", "--quiet", "--json")
    assert result.code == 0, result.err
    assert "lang_ids" in read_instances(tmp_path / "out" / "data").table.schema.names
