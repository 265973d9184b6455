"""What tokens are written with and which language they are in, as inputs, beside plain numpy."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from training_data import write_vocabulary

from zhprep.models import Assets, ModelConfig
from zhprep.models.checkpoints.files import load_model, save_model
from zhprep.models.embeddings.inputs.characters import CharactersInput, alphabet_of
from zhprep.models.model import Model, seeded_model
from zhprep.models.recipe import fitted
from zhprep.vocab import Counts, VocabConfig, load, train, write

WORDS = {"北京": 9, "上海": 8, "海": 7, "abc": 6, "中华人民共和国万岁啊": 5, "京": 4}
CONFIG = ModelConfig(
    num_hidden_layers=1, hidden_size=16, num_attention_heads=2, intermediate_size=16, max_position_embeddings=12,
    inputs=("token", "characters", "position"), body="causal", objectives=("lm",), initializer_range=0.3,
    parts={"characters": {"character_size": 5, "longest": 6}},
)  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "vocab").mkdir()
    counts = Counts.from_dict(WORDS, by_word=True)
    write(train(counts, VocabConfig(type="mixed", size=60, punctuation=False, unused=2)), tmp_path / "vocab")
    return tmp_path / "vocab"


def made(folder: Path) -> Model:
    assets = Assets(folder)
    model = seeded_model(fitted(dataclasses.replace(CONFIG, vocab_size=assets.tokens.size), assets), 1).eval()
    model.fill(assets)
    return model


def plain(part: CharactersInput, text: str, alphabet: list[str]) -> np.ndarray:
    table, weight, bias = (
        tensor.detach().numpy() for tensor in (part.table.weight, part.convolution.weight, part.convolution.bias)
    )
    written = [alphabet.index(character) + 1 for character in text[:6]]
    if not written:
        return np.zeros(len(bias))
    padded = np.stack([table[number] for number in [0, *written, *[0] * (7 - len(written))]])
    padded[0] = 0  # before the first place there is nothing, not even padding
    if len(written) == 6:
        padded[7] = 0
    heard = [np.einsum("ock,kc->o", weight[:, :, :], padded[place : place + 3]) + bias for place in range(len(written))]
    return np.max(heard, 0)


def test_a_token_is_the_largest_of_each_channel_over_its_characters(folder: Path) -> None:
    model, vocabulary = made(folder), load(folder)
    part, alphabet = model.body.embeddings.inputs["characters"], alphabet_of(load(folder))
    assert alphabet == sorted({character for word in WORDS for character in word})
    few = {
        token: vocabulary.ids[token] for token in ("北京", "海", "中华人民共和国万岁啊", "[UNK]", "[SEP]", "[unused1]")
    }
    ids = torch.tensor([list(few.values())])
    with torch.inference_mode():
        found = part({"input_ids": ids})[0].numpy()
        every = part({"input_ids": ids.repeat(20, 1)})
    np.testing.assert_allclose(every[7].numpy(), found, rtol=1e-5, atol=1e-6)
    for token, vector in zip(few, found, strict=True):
        text = "" if token.startswith("[") else token
        np.testing.assert_allclose(vector, plain(part, text, alphabet), rtol=1e-5, atol=1e-6)


def test_how_tokens_are_written_is_saved_with_the_model(folder: Path, tmp_path: Path) -> None:
    model = made(folder)
    save_model(model, tmp_path / "run")
    again = load_model(tmp_path / "run")
    assert all(torch.equal(weight, again.state_dict()[name]) for name, weight in model.state_dict().items())
    assert model.state_dict()["body.embeddings.inputs.characters.spelt"].any()


def test_languages_are_added_and_positions_begin_again(tmp_path: Path) -> None:
    vocabulary = load(write_vocabulary(tmp_path))
    config = ModelConfig(
        vocab_size=vocabulary.size, num_hidden_layers=1, hidden_size=8, num_attention_heads=2, intermediate_size=16,
        max_position_embeddings=12, inputs=("token", "position", "language"), objectives=("mlm",),
    )  # fmt: skip
    embeddings = seeded_model(config, 2).eval().body.embeddings
    token, position, language = (embeddings.inputs[name].table.weight for name in ("token", "position", "language"))
    ids, languages = torch.tensor([[2, 7, 8, 3, 9, 3]]), torch.tensor([[0, 0, 0, 0, 1, 1]])
    summed = token[ids[0]] + position[[0, 1, 2, 3, 0, 1]] + language[languages[0]]
    torch.testing.assert_close(embeddings.combined({"input_ids": ids, "lang_ids": languages})[0], summed)
    alone = token[ids[0]] + position[:6] + language[0]
    torch.testing.assert_close(embeddings.combined({"input_ids": ids})[0], alone)
