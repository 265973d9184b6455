"""``zhprep recipes``."""

from __future__ import annotations

import dataclasses
import json
import tomllib

import pytest
import torch
from command_line import made_by, refused, zhprep

from zhprep.cli.run import make_run
from zhprep.cli.shared import Shared
from zhprep.core.shards import open_table, read_manifest
from zhprep.models import Model, model_config
from zhprep.models.model import n_parameters
from zhprep.recipes import load_recipe, recipe_names


def test_the_list_has_titles_and_papers():
    result = zhprep("recipes")
    assert (result.code, result.err) == (0, "")
    for name in recipe_names():
        recipe = load_recipe(name)
        assert recipe["title"] in result.out.decode()
        assert recipe["paper"] in result.out.decode()
    listed = json.loads(zhprep("recipes", "--json").out)
    assert [recipe["name"] for recipe in listed] == recipe_names()
    by_name = {recipe["name"]: recipe for recipe in listed}
    assert by_name["albert"]["parameters"]["xlarge"] < by_name["bert"]["parameters"]["base"] == 102_882_442
    assert "base 102.9M" in result.out.decode()
    assert by_name["macbert"]["not_confirmed"] == load_recipe("macbert")["not_confirmed"]


@pytest.mark.parametrize("name", recipe_names())
def test_one_is_printed_as_it_is_written_or_resolved(name):
    assert tomllib.loads(zhprep("recipes", name).out.decode())["title"] == load_recipe(name)["title"]
    assert zhprep("recipes", name, "--resolved").report == load_recipe(name)


def test_an_unknown_one():
    refused(zhprep("recipes", "bert-wmw"), 2, "unknown recipe 'bert-wmw'", "did you mean 'bert-wwm'?")


@pytest.mark.parametrize(
    ("text", "code", "told"),
    [
        ("base = 3", 2, "base must be a text, not 3"),
        ('instances = "x"', 2, "instances must be a table, not 'x'"),
        ("sizes = 1", 2, "sizes must be a table, not 1"),
        ("[sizes]\ntiny = 2", 2, "sizes.tiny must be a table of sections"),
        ("title = [1]", 2, "title must be a text, not [1]"),
        ("[model\n", 3, "is not TOML"),
        ("title = '中文'", 3, "is not UTF-8"),
    ],
)
def test_a_damaged_file(text, code, told, tmp_path):
    (tmp_path / "mine.toml").write_bytes(text.encode("gbk"))
    result = zhprep("make-instances", "x.txt", "--recipe", tmp_path / "mine.toml", "--vocab", tmp_path, "-o", "D")
    assert result.code == code, result.err
    assert told in result.err
    assert " / hint: " in result.err
    assert "defect" not in result.err


@pytest.mark.parametrize("size", ["tiny", "base"])
@pytest.mark.parametrize("name", recipe_names())
def test_every_setting_of_each_is_one_that_there_is(name, size, tmp_path):
    tags = tmp_path / "tags.jsonl"
    tags.write_text('{"tags": {"pos": ["n"], "ner": ["O"], "dep": ["HED"]}}\n')
    assert make_run(name, tmp_path / "work", Shared(), size=size, tags=str(tags)).recipe["name"] == name


@pytest.mark.parametrize(
    ("head", "told"),
    [
        (None, "the model learns tags of words (pos, ner, dep), and no file of them is named"),
        ('{"tags": {"pos": ["n"], "ner": ["O"]}}', "tags.jsonl has no dep"),
    ],
)
def test_lert_says_what_it_needs_before_anything_is_read(head, told, sample_data, tmp_path):
    tags = tmp_path / "tags.jsonl"
    tags.write_text(f"{head}\n")
    flags = () if head is None else ("--tags", tags)
    result = zhprep("run", "lert", sample_data / "corpus" / "news.txt", "-o", tmp_path / "work", *flags)
    refused(
        result, 2, told, "--tags FILE", '{"tags": {"pos": ["…"], "ner": ["…"], "dep": ["…"]}}', '"doc": "news.txt:1"'
    )
    assert not (tmp_path / "work").exists()


@pytest.fixture(scope="module")
def roomy_vocab(sample_data, tmp_path_factory):
    """A vocabulary with free slots, which T5 takes for its sentinels."""
    flags = ("--size", 4100, "--unused", 100)
    return made_by("build-vocab", sample_data / "corpus", *flags, output=tmp_path_factory.mktemp("made") / "vocab")


@pytest.mark.parametrize("name", recipe_names())
def test_each_makes_its_data_from_raw_text(name, sample_data, roomy_vocab, tmp_path):
    similar = (
        ("--similar-words", sample_data / "similar-words.tsv")
        if load_recipe(name)["instances"].get("replacement") == "similar"
        else ()
    )
    corpus = sample_data / "corpus" / "news.txt"
    if "," in load_recipe(name)["instances"].get("pairs", ""):
        corpus = tmp_path / "pairs.tsv"
        corpus.write_text("zh\ten\n" + "我在北京喝茶。\tI drink tea in Beijing.\n" * 20, "utf-8")
    made = made_by(
        "make-instances",
        corpus,
        "--vocab",
        roomy_vocab,
        "--recipe",
        name,
        *similar,
        output=tmp_path / "data",
    )
    columns = set(open_table(made).column_names)
    expected = {
        "pinyin_ids": "pinyin" in load_recipe(name),
        "cu_seqlens": load_recipe(name)["instances"]["format"] == "packed",
    }
    assert {column: column in columns for column in expected} == expected
    assert read_manifest(made, "instances")["recipe"] == name


DATA_ONLY = """
title = "Words, images and sounds for a model that is not here"
paper = "none"
[vocab]
size = 3000
[glyphs]
font = ["kai"]
[pinyin]
engine = "context"
[instances]
mask = "wwm"
"""


def test_one_without_a_model_makes_data_and_no_more(sample_data, tmp_path):
    news, recipe = sample_data / "corpus" / "news.txt", tmp_path / "data-only.toml"
    recipe.write_text(DATA_ONLY, "utf-8")
    made = zhprep("run", recipe, news, "-o", tmp_path / "work", "--json")
    assert made.code == 0, made.err
    assert [line.split()[0] for line in made.err.splitlines()[:3]] == ["vocab", "data", "glyphs"]
    assert {path.name for path in (tmp_path / "work").iterdir()} == {".run.json", "vocab", "data"}
    tokenizer = tmp_path / "work" / "data" / "vocab"
    alone = zhprep("make-instances", news, "--vocab", tokenizer, "--recipe", recipe, "-o", tmp_path / "x", "--json")
    assert alone.report["content_sha256"] == made.report["content_sha256"]
    drawn = zhprep("render-glyphs", "--vocab", tokenizer, "--recipe", recipe, "-o", tmp_path / "glyphs")
    assert drawn.code == 0, drawn.err
    assert (tmp_path / "glyphs" / "glyphs.npy").read_bytes() == (tokenizer / "glyphs.npy").read_bytes()
    assert zhprep("verify", tmp_path / "work" / "data").code == 0
    task = ("--task", sample_data / "tasks" / "topic")
    refused(zhprep("run", recipe, news, "-o", tmp_path / "y", *task), 2, "'data-only' has no [model]", "--task")


def test_macbert_finds_similar_words_in_the_corpus(sample_data, tmp_path):
    settings = ("run", "macbert", sample_data / "corpus", "-o", tmp_path / "work", "--size", "tiny", "--steps", 2)
    made = zhprep(*settings, "--vocab-size", 3000, "--json")
    assert made.code == 0, made.err
    stages = [line.split()[0] for line in made.err.splitlines()[:5]]
    assert stages == ["vocab", "similar-words", "data", "run", "evaluate"]
    table = tmp_path / "work" / "similar-words.tsv"
    assert (tmp_path / "work" / "data" / "similar-words.tsv").read_bytes() == table.read_bytes()
    stamp = table.stat().st_mtime_ns
    assert zhprep(*settings, "--vocab-size", 3000, "--quiet").code == 0
    assert table.stat().st_mtime_ns == stamp


def test_data_with_similar_words_can_be_moved_and_are_masked_by_their_own_table(sample_data, vocab, tmp_path):
    news, table = sample_data / "corpus" / "news.txt", tmp_path / "similar.tsv"
    table.write_bytes((sample_data / "similar-words.tsv").read_bytes())
    settings = ("make-instances", news, "--vocab", vocab, "--recipe", "macbert")
    refused(zhprep(*settings, "-o", tmp_path / "data"), 2, "needs a table of similar words", "--similar-words FILE")
    made = made_by(*settings, "--similar-words", table, output=tmp_path / "data")
    assert read_manifest(made)["config"]["instances"]["similar_words"] == "similar-words.tsv"
    other = sample_data / "synonyms.txt"
    refused(zhprep(*settings, "-o", made, "--similar-words", other), 3, "not word, similar word and score")
    table.write_text("使用\t利用\n", encoding="utf-8")
    refused(zhprep(*settings, "-o", made, "--similar-words", table), 2, "another segmenter or vocabulary", "similar")
    table.unlink()
    moved = made.rename(tmp_path / "moved")
    for command in (("verify", moved, "--masks"), ("inspect", moved)):
        result = zhprep(*command)
        assert result.code == 0, result.err
    run = zhprep("pretrain", moved, "-o", tmp_path / "run", "--size", "tiny", "--steps", 1, "--threads", 1)
    assert run.code == 0, run.err


def test_one_without_a_model_is_not_trained_as_something_else(data, tmp_path):
    recipe = tmp_path / "data-only.toml"
    recipe.write_text(DATA_ONLY, "utf-8")
    refused(
        zhprep("pretrain", data, "-o", tmp_path / "run", "--recipe", recipe, "--size", "tiny"),
        2,
        f"recipe '{recipe}' describes data only",
        "--recipe bert",
    )
    assert not (tmp_path / "run").exists()


def test_every_stage_takes_its_section(tmp_path):
    text = tmp_path / "text.txt"
    text.write_text("今天😀去银行，还没有行李。\n", encoding="utf-8")
    recipe = tmp_path / "mine.toml"
    recipe.write_text(
        '[normalize]\nemoji = "strip"\n[segment]\ncws = "characters"\n[vocab]\ntype = "char"\nsize = 500\n'
        '[glyphs]\nsize = 16\nfont = ["kai"]\n[pinyin]\nengine = "pypinyin"\n',
        encoding="utf-8",
    )
    mine = ("--recipe", recipe)
    for command, flags in (
        ("normalize", ("--emoji", "strip")),
        ("segment", ("--cws", "characters")),
        ("extract-pinyin", ("--cws", "characters", "--engine", "pypinyin")),
    ):
        by_recipe, by_flags, by_default = (zhprep(command, text, *how) for how in (mine, flags, ()))
        assert (by_recipe.code, by_recipe.out) == (0, by_flags.out), by_recipe.err
        assert by_recipe.out != by_default.out
    vocabulary = made_by("build-vocab", text, *mine, output=tmp_path / "vocab")
    config = read_manifest(vocabulary)["config"]
    assert (config["vocab"]["type"], config["vocab"]["size"], config["normalize"]["emoji"]) == ("char", 500, "strip")
    assert zhprep("render-glyphs", "--vocab", vocabulary, *mine, "--json").report["shape"][1:] == [1, 16, 16]


PARAMETERS = {"bert-wwm-ext": 102_267_648, "rbt3": 38_476_800, "rbtl3": 61_001_728}
"""Of encoder and pooler, as their authors' models have them."""


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_model_at_base_has_the_parameters_of_the_published_one(name):
    config = model_config(load_recipe(name, size="base")["model"], "base", 21128)
    with torch.device("meta"):
        model = Model(dataclasses.replace(config, objectives=("mlm",)))
    assert n_parameters(model.body) + config.hidden_size**2 + config.hidden_size == PARAMETERS[name]
