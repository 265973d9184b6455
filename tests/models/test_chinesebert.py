"""Characters, sounds and images: what is fused, what is filled in, what is saved under whose names."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
import safetensors.torch
import torch
from plain_chinesebert import PlainChineseBert

from zhprep.core.errors import DataError, UsageError
from zhprep.models import Assets, Model, ModelConfig, model_config
from zhprep.models.checkpoints import format_of
from zhprep.models.checkpoints.files import load_model, load_weights, read_config, save_model
from zhprep.models.model import n_parameters, seeded_model
from zhprep.models.recipe import fitted
from zhprep.pinyin.syllables import ids as syllable_ids
from zhprep.pinyin.syllables import spellings
from zhprep.recipes import load_recipe

transformers = pytest.importorskip("transformers")
N_VALUES = 48
GLYPH = {"glyph": {"glyph_embedding_dim": N_VALUES}}
CONFIG = ModelConfig(
    inputs=("token", "pinyin", "glyph", "position", "segment"), embeddings="fusion", objectives=("mlm",), parts=GLYPH,
    vocab_size=60, num_hidden_layers=2, hidden_size=32, num_attention_heads=2, intermediate_size=64,
    max_position_embeddings=24, initializer_range=0.2, format="chinesebert",
)  # fmt: skip


def filled(model: Model) -> Model:
    """Return the model with images in its table, as small numbers."""
    draw = torch.Generator().manual_seed(5)
    table = model.get_parameter("body.embeddings.inputs.glyph.images.weight")
    table.data.copy_(torch.rand(table.shape, generator=draw))
    return model.eval()


@pytest.fixture
def model() -> Model:
    return filled(seeded_model(CONFIG, 3))


def batch_of(n_rows: int, *, padded: bool) -> dict[str, torch.Tensor]:
    draw = torch.Generator().manual_seed(n_rows)
    batch = {
        "input_ids": torch.randint(1, 60, (n_rows, 24), generator=draw),
        "pinyin_ids": torch.randint(0, len(spellings()), (n_rows, 24), generator=draw),
        "token_type_ids": torch.randint(0, 2, (n_rows, 24), generator=draw),
    }
    if not padded:
        return batch
    real = torch.arange(24) < torch.randint(1, 25, (n_rows, 1), generator=draw)
    return {name: column.masked_fill(~real, 0) for name, column in batch.items()} | {"attention_mask": real}


def logits_of(model: Model, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    stream = model.encode(batch)
    return model.objectives["mlm"].head(stream.hidden_states, stream.token_table)


def plain_of(folder) -> PlainChineseBert:
    described = transformers.BertConfig.from_pretrained(folder)
    plain = PlainChineseBert(described, described.glyph_embedding_dim)
    plain.load_state_dict(safetensors.torch.load_file(folder / "model.safetensors"), strict=True)
    return plain.eval()


@pytest.mark.parametrize(("n_rows", "padded"), [(3, True), (3, False), (100, True)])
def test_logits_and_gradients_are_those_of_a_plain_one(model, tmp_path, n_rows, padded):
    """100 rows are more tokens than there are syllables: each of these is read once."""
    save_model(model, tmp_path)
    plain, batch = plain_of(tmp_path), batch_of(n_rows, padded=padded)
    assert (batch["pinyin_ids"].numel() > len(spellings())) == (n_rows == 100)
    real = batch.get("attention_mask", torch.ones_like(batch["input_ids"], dtype=torch.bool))
    letters = torch.from_numpy(spellings().astype(np.int64))[batch["pinyin_ids"]]
    theirs = plain(batch["input_ids"], letters, batch["token_type_ids"], real)[real]
    ours = logits_of(model, batch)[real]
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)
    ours.square().mean().backward()
    theirs.square().mean().backward()
    inputs, other = model.body.embeddings.inputs, plain.bert.embeddings
    for mine, their in (
        (inputs["pinyin"].letters, other.pinyin_embeddings.embedding),
        (inputs["pinyin"].convolution, other.pinyin_embeddings.conv),
        (inputs["glyph"].images, other.glyph_embeddings.embedding),
        (inputs["glyph"].map, other.glyph_map),
        (model.body.embeddings.map, other.map_fc),
        (inputs["token"].table, other.word_embeddings),
    ):
        torch.testing.assert_close(mine.weight.grad, their.weight.grad, rtol=1e-4, atol=1e-5)


def test_what_the_authors_saved_loads_as_it_is(model, tmp_path):
    """Their folders say they are BERT, and no more: the images among their weights tell what they are."""
    save_model(model, tmp_path)
    described = json.loads((tmp_path / "config.json").read_bytes())
    assert (described["architectures"], described["model_type"]) == (["GlyceBertForMaskedLM"], "chinesebert")
    assert load_model(tmp_path).config == model.config
    torch.manual_seed(1)
    plain = PlainChineseBert(transformers.BertConfig.from_pretrained(tmp_path), N_VALUES)
    weights = {name: weight.clone() for name, weight in plain.state_dict().items()}
    safetensors.torch.save_file(weights, tmp_path / "model.safetensors")
    for name in ("zhprep", "pinyin_map_len", "architectures"):
        del described[name]
    described["model_type"] = "bert"
    (tmp_path / "config.json").write_text(json.dumps(described), "utf-8")
    assert load_model(tmp_path).config.parts == model.config.parts
    del described["glyph_embedding_dim"]
    (tmp_path / "config.json").write_text(json.dumps(described), "utf-8")
    assert read_config(tmp_path).parts == {"glyph": {"glyph_embedding_dim": 1728}}
    model.config = dataclasses.replace(model.config, format="")  # as runs are saved
    assert load_weights(model, tmp_path) == []
    batch = batch_of(3, padded=False)
    letters = torch.from_numpy(spellings().astype(np.int64))[batch["pinyin_ids"]]
    real = torch.ones(3, 24, dtype=torch.bool)
    theirs = plain.eval()(batch["input_ids"], letters, batch["token_type_ids"], real)
    torch.testing.assert_close(logits_of(model, batch), theirs, rtol=1e-5, atol=1e-5)


def test_no_class_of_transformers_takes_one_for_a_bert(model, tmp_path):
    """Saved in their layout by name only; else in ours, whose class is named beside the weights."""
    save_model(model, tmp_path)
    with pytest.raises(ValueError, match="chinesebert"):
        transformers.AutoModel.from_pretrained(tmp_path)
    assert format_of(dataclasses.replace(model.config, format="")).model_type == "zhprep"


@pytest.mark.parametrize(("size", "expected"), [("base", 147_337_984), ("large", 373_017_344)])
def test_parameters_are_those_of_the_released_models(size, expected):
    recipe = load_recipe("chinesebert", size=size)["model"]
    recipe = recipe | {"glyph": {**recipe["glyph"], "glyph_embedding_dim": 1728}}
    with torch.device("meta"):
        model = Model(model_config(recipe, size, 23236))
    pooler = model.config.hidden_size * (model.config.hidden_size + 1)
    assert n_parameters(model.body) + pooler == expected  # theirs has a pooler, which nothing trains


@pytest.mark.parametrize("trainable", [True, False])
def test_fresh_models_see_the_images(tmp_path, trainable):
    images = np.random.default_rng(1).integers(0, 256, (60, 3, 4, 4)).astype(np.uint8)
    np.save(tmp_path / "glyphs.npy", images)
    assets = Assets(tmp_path)
    described = dataclasses.replace(CONFIG, parts={"glyph": {"trainable": trainable}})
    described = fitted(described, assets)
    assert described.parts["glyph"] == {"glyph_embedding_dim": N_VALUES, "trainable": trainable}
    model = seeded_model(described, 0)
    model.fill(assets)
    table = model.state_dict()["body.embeddings.inputs.glyph.images.weight"]
    assert np.array_equal(table.numpy(), images.reshape(60, -1))
    assert ("body.embeddings.inputs.glyph.images.weight" in dict(model.named_parameters())) == trainable
    save_model(model, tmp_path / "saved")
    again = load_model(tmp_path / "saved")
    assert torch.equal(again.state_dict()["body.embeddings.inputs.glyph.images.weight"], table)


def test_images_of_another_vocabulary_and_none_are_told(tmp_path):
    with pytest.raises(UsageError, match=r"needs glyphs\.npy") as caught:
        fitted(CONFIG, Assets(tmp_path))
    assert caught.value.hint == f"zhprep render-glyphs --vocab {tmp_path}"
    np.save(tmp_path / "glyphs.npy", np.zeros((59, 3, 4, 4), np.uint8))
    with pytest.raises(DataError, match="not images of 60 entries"):
        fitted(CONFIG, Assets(tmp_path))


@pytest.mark.parametrize("name", ["token", "pinyin", "glyph"])
def test_every_input_is_wired(model, name):
    batch = batch_of(3, padded=False)
    before = model.encode(batch).hidden_states
    for weight in model.body.embeddings.inputs[name].parameters():
        weight.data.zero_()
    assert (model.encode(batch).hidden_states - before).abs().max() > 0.1


def test_readings_of_one_character_are_two_inputs(model):
    batch = batch_of(1, padded=False)
    hang, xing = (
        model.encode(batch | {"pinyin_ids": torch.full((1, 24), syllable_ids()[sound])}).hidden_states
        for sound in ("hang2", "xing2")
    )
    assert (hang - xing).abs().max() > 0.1


def test_one_without_images_fuses_two_and_is_saved_as_our_own():
    kept = ("token", "pinyin")
    config = dataclasses.replace(CONFIG, inputs=(*kept, "position"), parts={"fusion": {"fused": kept}}, format="")
    assert Model(config).body.embeddings.map.in_features == 64
    assert format_of(config).model_type == "zhprep"
    with pytest.raises(UsageError, match="cannot be saved as 'chinesebert'"):
        format_of(dataclasses.replace(config, format="chinesebert"))
    with pytest.raises(UsageError, match="fuses 'glyph', which is not in inputs"):
        Model(dataclasses.replace(config, parts={}))
