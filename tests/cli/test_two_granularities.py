"""Data and models of two granularities by the commands: what fits is done, what does not is told before the first step."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import torch
from command_line import made_by, refused, zhprep

from zhprep.collate import MaskingCollator
from zhprep.core.shards import open_table, read_manifest
from zhprep.evaluate.encode import Segment, TaskEncoder
from zhprep.models.checkpoints.files import load_model
from zhprep.vocab import load


@pytest.fixture(scope="module")
def vocabularies(tmp_path_factory, sample_data):
    folder, news = tmp_path_factory.mktemp("two"), sample_data / "corpus" / "news.txt"
    fine = made_by("build-vocab", news, "--size", 3000, output=folder / "fine")
    return fine, made_by("build-vocab", news, "--type", "mixed", "--size", 4000, output=folder / "coarse")


@pytest.fixture(scope="module")
def both(vocabularies, tmp_path_factory, sample_data):
    fine, coarse = vocabularies
    flags = ("--vocab", fine, "--coarse-vocab", coarse, "--recipe", "ambert", "--max-length", 64)
    folder = tmp_path_factory.mktemp("data") / "both"
    return made_by("make-instances", sample_data / "corpus" / "news.txt", *flags, output=folder)


TRAIN = ("--size", "tiny", "--steps", 2, "--batch-size", 4, "--threads", 1, "--quiet")


def test_data_carry_their_coarse_vocabulary_and_can_be_moved(both, vocabularies, tmp_path):
    manifest = read_manifest(both)
    assert manifest["config"]["instances"]["coarse_vocab"] == "coarse-vocab"
    assert "coarse-vocab/tokenizer.json" in manifest["files"]
    assert load(both / "coarse-vocab").sha256 == load(vocabularies[1]).sha256 == manifest["coarse_vocabulary"]
    moved = shutil.copytree(both, tmp_path / "moved")
    for command in (("verify", moved, "--masks"), ("inspect", moved, "--batch", "--rows", 1)):
        result = zhprep(*command)
        assert result.code == 0, result.err
    assert b"coarse_masked_labels" in result.out
    assert zhprep("pretrain", moved, "-o", tmp_path / "run", "--recipe", "ambert", *TRAIN).code == 0
    run = tmp_path / "run"
    assert (run / "coarse-vocab" / "tokenizer.json").read_bytes() == (
        moved / "coarse-vocab" / "tokenizer.json"
    ).read_bytes()
    assert "coarse-vocab/tokenizer.json" in read_manifest(run)["files"]
    assert json.loads((run / "config.json").read_text())["model_type"] == "zhprep"
    assert zhprep("verify", run).code == 0
    again = zhprep("pretrain", moved, "-o", tmp_path / "run", "--recipe", "ambert", *TRAIN, "--overwrite", "--steps", 1)
    assert again.code == 0, again.err
    file = moved / "coarse-vocab" / "tokenizer.json"
    file.write_text(file.read_text() + "\n")
    refused(zhprep("verify", moved), 3, "coarse-vocab/tokenizer.json")


def test_what_does_not_fit_is_told_before_the_first_step(both, vocabularies, sample_data, tmp_path):
    fine, coarse = vocabularies
    run = ("-o", tmp_path / "run", *TRAIN)
    refused(
        zhprep("pretrain", both, "--recipe", "roberta-wwm", *run), 2, "fine and coarse tokens", "without --coarse-vocab"
    )
    one = made_by("make-instances", sample_data / "corpus" / "news.txt", "--vocab", fine, output=tmp_path / "one")
    refused(
        zhprep("pretrain", one, "--recipe", "ambert", *run), 2, "the model needs coarse-vocab", "--coarse-vocab FOLDER"
    )
    each = ("--vocab", fine, "--coarse-vocab", coarse, "--recipe", "ambert", "--per", "token")
    apart = made_by("make-instances", sample_data / "corpus" / "news.txt", *each, output=tmp_path / "apart")
    refused(
        zhprep("pretrain", apart, "--recipe", "ambert-hybrid", *run), 2, "encoder reads both", "--per word"
    )  # fmt: skip
    made = ("make-instances", sample_data / "corpus" / "news.txt", "--vocab", fine, "--coarse-vocab", coarse)
    refused(zhprep(*made, "-o", tmp_path / "x", "--mask", "char"), 2, "chooses parts of words", "--mask wwm")
    assert not (tmp_path / "run").exists()


def test_the_collator_of_transformers_gives_both(both):
    table = open_table(both)
    rows = table.slice(0, 4).to_pylist()
    batch = MaskingCollator.of_data(both)(rows)
    assert batch["coarse_labels"].shape == batch["coarse_input_ids"].shape == batch["coarse_attention_mask"].shape
    assert batch["coarse_of"].shape == batch["input_ids"].shape
    masked, coarse = batch["labels"] != -100, batch["coarse_labels"] != -100
    owner = batch["coarse_of"].clamp(min=0)
    real = batch["coarse_of"] >= 0
    assert torch.equal(coarse.gather(1, owner)[real], masked[real])
    clean = torch.where(coarse, batch["coarse_labels"], batch["coarse_input_ids"])
    for row, wanted in zip(clean.tolist(), rows, strict=True):
        assert row[: len(wanted["coarse_input_ids"])] == wanted["coarse_input_ids"]


def test_texts_of_tasks_are_read_in_both(vocabularies):
    fine, coarse = map(load, vocabularies)
    encoder = TaskEncoder(fine, 12, ("coarse_input_ids",), coarse)
    first, second = ["云溪市第三座跨江大桥昨日正式通车", "大桥", ""], ["居民要绕行", "云溪市 大桥", "通车"]
    segments = encoder.fitted([Segment(encoder.texts(texts)) for texts in (first, second)])
    rows = encoder.lay_out(segments)
    tokens, words, of = (rows.lists[name] for name in ("input_ids", "coarse_input_ids", "coarse_of"))
    assert np.diff(tokens.offsets).max() <= 12
    for row in range(3):
        spelled = [""] * len(words.row(row))
        for token, place in zip(tokens.row(row), of.row(row), strict=True):
            assert (place < 0) == (token in (fine.cls, fine.sep))
            if place >= 0:
                spelled[place] += fine.tokens[token].removeprefix("##")
        whole = [coarse.tokens[token] for token in words.row(row)]
        special = [token in (coarse.cls, coarse.sep) for token in words.row(row)]
        assert all(one.startswith(seen) for one, seen in zip(whole, spelled, strict=True) if seen)
        assert [not seen for seen in spelled] == special
        kinds = rows.lists["coarse_token_type_ids"].row(row)
        assert kinds.tolist() == sorted(kinds.tolist())


def test_a_model_goes_on_with_other_words(both, vocabularies, sample_data, tmp_path):
    """Rows of each table by the tokens of its own vocabulary: an entry that is known keeps its row."""
    news, recipe = sample_data / "corpus" / "news.txt", ("--recipe", "ambert")
    assert zhprep("pretrain", both, "-o", tmp_path / "first", *recipe, *TRAIN).code == 0
    coarse = made_by("build-vocab", news, "--type", "mixed", "--size", 1500, output=tmp_path / "coarse")
    made = ("--vocab", vocabularies[0], "--coarse-vocab", coarse, *recipe, "--max-length", 64)
    data = made_by("make-instances", news, *made, output=tmp_path / "data")
    still = (*recipe, *TRAIN, "--steps", 1, "--learning-rate", 0, "--initial", tmp_path / "first", "--json")
    result = zhprep("pretrain", data, "-o", tmp_path / "second", *still)
    assert result.code == 0, result.err
    tables = [
        {name: one.clone() for name, one in load_model(tmp_path / run).state_dict().items() if "table" in name}
        for run in ("first", "second")
    ]
    before, after = load(both / "coarse-vocab"), load(coarse)
    name = "body.coarse_embeddings.inputs.token.table.weight"
    for token in after.tokens[::50]:
        if token in before.ids:
            assert torch.equal(tables[0][name][before.ids[token]], tables[1][name][after.ids[token]]), token
    fine = "body.embeddings.inputs.token.table.weight"
    assert torch.equal(tables[0][fine], tables[1][fine])
    assert result.report["initial"]["tokens"]["kept"] > 1000


def test_a_run_is_scored_by_both(both, sample_data, tmp_path):
    assert zhprep("pretrain", both, "-o", tmp_path / "run", "--recipe", "ambert-hybrid", *TRAIN).code == 0
    task = ("--task", sample_data / "tasks" / "paraphrase", "--epochs", 1, "--seeds", 0, "--max-length", 64)
    result = zhprep("evaluate", tmp_path / "run", *task, "--quiet", "--json")
    assert result.code == 0, result.err
    assert result.report["intrinsic"]["objectives"].keys() == {"mlm", "mlm:coarse"}
    assert result.report["tasks"]["paraphrase"]["dev_rows"] > 0
