"""A model begun with another's weights, table by table, beside plain numpy."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from objectives_at_home import HOME

from zhprep.core.errors import DataError
from zhprep.models import BODIES, INPUTS, OBJECTIVES, ModelConfig
from zhprep.models.checkpoints.files import save_model
from zhprep.models.model import Model, seeded_model
from zhprep.pretrain.initial import begin_with, tables
from zhprep.vocab import Counts, VocabConfig, Vocabulary, load, origins, train

SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
CHARACTERS = [*SPECIALS, *"我在北京上海喝茶水猫", "a", "##b"]
WORDS = ("北京", "上海", "喝茶", "我", "水", "猫", "狗", "ab", "京", "海")
SMALL = ModelConfig(
    vocab_size=len(CHARACTERS), num_hidden_layers=1, hidden_size=8, num_attention_heads=2, intermediate_size=16,
    max_position_embeddings=6, initializer_range=0.5, objectives=("mlm",),
)  # fmt: skip


def write_vocab(folder: Path, tokens: list[str] = CHARACTERS) -> Vocabulary:
    folder.mkdir(exist_ok=True)
    (folder / "vocab.txt").write_text("".join(f"{token}\n" for token in tokens), "utf-8")
    return load(folder)


def saved(folder: Path, config: ModelConfig) -> dict[str, np.ndarray]:
    """Save a model of the characters with weights that are all drawn, and return them."""
    model = seeded_model(config, 3)
    with torch.no_grad():
        for weight in model.state_dict().values():
            weight.copy_(torch.randn(weight.shape))
    save_model(model, folder)
    write_vocab(folder)
    return {name: weight.numpy() for name, weight in model.state_dict().items()}


@pytest.fixture
def words() -> Vocabulary:
    counts = Counts.from_dict({word: 20 - place for place, word in enumerate(WORDS)}, by_word=True)
    return train(counts, VocabConfig(type="mixed", size=40, punctuation=False))


def means(table: np.ndarray, new: Vocabulary, old: Vocabulary) -> np.ndarray:
    """Return the rows of ``new``, slowly."""
    found, rows = origins(new, old), []
    for number in range(new.size):
        ids = found.ids[found.offsets[number] : found.offsets[number + 1]]
        rows.append(table[ids].mean(0) if len(ids) else table.mean(0))
    return np.stack(rows)


def begun(config: ModelConfig, folder: Path, vocabulary: Vocabulary, **how: str) -> tuple[dict[str, np.ndarray], str]:
    model = seeded_model(dataclasses.replace(config, vocab_size=vocabulary.size), 9)
    said = begin_with(model, folder, vocabulary, **how)
    return {name: weight.numpy() for name, weight in model.state_dict().items()}, str(said)


FAMILIES = {
    "bert": {},
    "roberta": {"parts": {"position": {"offset": 1}}, "inputs": ("token", "position")},
    "albert": {"stack": "shared", "embedding_size": 4},
    **{name: home for name, home in HOME.items() if name in ("rtd", "seq2seq")},
}


@pytest.mark.parametrize("family", FAMILIES)
def test_every_table_of_tokens_follows_the_words(family: str, tmp_path: Path, words: Vocabulary) -> None:
    config = dataclasses.replace(SMALL, **FAMILIES[family])
    before = saved(tmp_path, config)
    after, said = begun(config, tmp_path, words)
    old, n_tables = load(tmp_path), 0
    for name, weight in before.items():
        if old.size not in weight.shape:
            assert np.array_equal(after[name], weight), name
            continue
        n_tables += 1
        turned = weight.T if weight.shape[0] == 1 else weight
        wanted = means(turned, words, old)
        np.testing.assert_allclose(after[name], wanted.T if weight.shape[0] == 1 else wanted, rtol=1e-6, atol=1e-7)
    assert n_tables == 2  # one table of tokens, shared by what reads and writes, and one bias of the output
    北京 = before["body.embeddings.inputs.token.table.weight"][[old.ids["北"], old.ids["京"]]].mean(0)
    np.testing.assert_allclose(after["body.embeddings.inputs.token.table.weight"][words.ids["北京"]], 北京, rtol=1e-6)
    assert said.startswith("no weight is fresh; tokens: ")
    assert "1 of all" in said  # 狗


def test_the_same_vocabulary_takes_every_weight_as_it_is(tmp_path: Path) -> None:
    before = saved(tmp_path, SMALL)
    after, said = begun(SMALL, tmp_path, load(tmp_path))
    assert all(np.array_equal(after[name], weight) for name, weight in before.items())
    assert said == "no weight is fresh"


def test_the_same_number_of_other_tokens_is_not_the_same_vocabulary(tmp_path: Path) -> None:
    before = saved(tmp_path, SMALL)
    turned = write_vocab(tmp_path / "turned", [*SPECIALS, *CHARACTERS[:4:-1]])
    after, _ = begun(SMALL, tmp_path, turned)
    name = "body.embeddings.inputs.token.table.weight"
    assert np.array_equal(after[name], before[name][[*range(5), *range(len(CHARACTERS) - 1, 4, -1)]])


def test_without_a_tokenizer_only_tables_of_one_size_are_joined(tmp_path: Path, words: Vocabulary) -> None:
    before, same = saved(tmp_path, SMALL), load(tmp_path)
    (tmp_path / "vocab.txt").unlink()
    (tmp_path / "tokenizer_config.json").write_text("{}")  # of a tokenizer in a file of SentencePiece, say
    with pytest.raises(DataError, match=f"{len(CHARACTERS)} tokens and no tokenizer that can be .*; the data have"):
        begun(SMALL, tmp_path, words)
    after, _ = begun(SMALL, tmp_path, same)
    assert all(np.array_equal(after[name], weight) for name, weight in before.items())


def test_a_tokenizer_of_another_model_is_told(tmp_path: Path, words: Vocabulary) -> None:
    saved(tmp_path, SMALL)
    write_vocab(tmp_path, [*CHARACTERS, "狗"])
    with pytest.raises(DataError, match="more tokens than the table"):
        begun(SMALL, tmp_path, words)


def test_other_widths_are_told(tmp_path: Path, words: Vocabulary) -> None:
    saved(tmp_path, SMALL)
    with pytest.raises(DataError, match=r"is \[\d+, 8\], the model wants \[\d+, 16\]"):
        begun(dataclasses.replace(SMALL, hidden_size=16), tmp_path, words)


def stretched(table: np.ndarray, n: int) -> np.ndarray:
    places = np.linspace(0, len(table) - 1, n)
    return np.stack([np.interp(places, np.arange(len(table)), column) for column in table.T], 1)


@pytest.mark.parametrize("offset", [0, 1])
@pytest.mark.parametrize(("how", "n"), [("tile", 15), ("interpolate", 15), ("cut", 4)])
def test_positions_become_more_or_fewer(offset: int, how: str, n: int, tmp_path: Path) -> None:
    config = dataclasses.replace(SMALL, parts={"position": {"offset": offset}} if offset else {})
    name = "body.embeddings.inputs.position.table.weight"
    before = saved(tmp_path, config)[name]
    after, said = begun(dataclasses.replace(config, max_position_embeddings=n), tmp_path, load(tmp_path), how=how)
    known = before[offset:]
    wanted = {
        "tile": np.concatenate([known, known, known[:3]]), "interpolate": stretched(known, 15), "cut": known[:4],
    }[how]  # fmt: skip
    np.testing.assert_allclose(after[name], np.concatenate([before[:offset], wanted]), rtol=1e-5, atol=1e-6)
    assert said == f"no weight is fresh; positions: 6 become {n} ({how})"


def test_positions_are_cut_only_if_told(tmp_path: Path) -> None:
    saved(tmp_path, SMALL)
    shorter = dataclasses.replace(SMALL, max_position_embeddings=4)
    for how in ("tile", "interpolate"):
        with pytest.raises(DataError, match="has 6 positions, the model wants 4") as told:
            begun(shorter, tmp_path, load(tmp_path), how=how)
        assert "--initial-positions cut" in told.value.hint
    with pytest.raises(DataError, match="has 6 positions, the model wants 9"):
        begun(dataclasses.replace(SMALL, max_position_embeddings=9), tmp_path, load(tmp_path), how="cut")


def test_positions_move_with_the_row_that_the_first_one_has(tmp_path: Path) -> None:
    """A BERT's first position is row 0 of its table, a RoBERTa's is behind the padding."""
    before = saved(tmp_path, SMALL)
    after, _ = begun(dataclasses.replace(SMALL, parts={"position": {"offset": 2}}), tmp_path, load(tmp_path))
    name = "body.embeddings.inputs.position.table.weight"
    assert np.array_equal(after[name][2:], before[name])


def test_what_the_other_lacks_is_fresh_and_named(tmp_path: Path, words: Vocabulary) -> None:
    saved(tmp_path, SMALL)
    _, said = begun(dataclasses.replace(SMALL, objectives=("mlm", "next_sentence")), tmp_path, words)
    assert said.startswith("4 weights are fresh (objectives.next_sentence)")


def test_what_holds_for_one_vocabulary_only_is_fresh_with_another(tmp_path: Path, words: Vocabulary) -> None:
    """How tokens are written by number, and classes of rarer tokens."""
    config = dataclasses.replace(
        SMALL, inputs=("token", "characters"), output="adaptive",
        parts={"adaptive": {"cutoffs": (5,)}, "characters": {"n_characters": 9, "character_size": 4}},
    )  # fmt: skip
    saved(tmp_path, config)
    _, said = begun(config, tmp_path, load(tmp_path))
    assert said == "no weight is fresh"
    _, said = begun(config, tmp_path, words)
    assert said.startswith("6 weights are fresh (body.embeddings, objectives.mlm); tokens: ")


V, P = 53, 37
"""Sizes that nothing else has."""


@pytest.mark.parametrize(
    "config",
    [
        *({"objectives": (name,)} | HOME.get(name, {}) for name in OBJECTIVES),
        *({"body": name, "objectives": ()} for name in BODIES),
        *({"inputs": ("token", name), "objectives": ()} for name in INPUTS if name != "token"),
    ],
)
def test_every_table_of_tokens_or_positions_is_declared(config: dict[str, object]) -> None:
    plain = dataclasses.replace(SMALL, vocab_size=V, max_position_embeddings=P, **config)
    parts = {**plain.parts, "glyph": {"glyph_embedding_dim": 12}, "position": {"offset": 0}}
    parts["two-granularities"] = {"coarse_vocab_size": V}
    model = Model(dataclasses.replace(plain, parts=parts))
    declared = {name: (rows.of, rows.axis) for name, rows in tables(model).items()}
    sized = {
        name: ("token" if V in weight.shape else "position", list(weight.shape).index(V if V in weight.shape else P))
        for name, weight in model.state_dict().items()
        if {V, P} & set(weight.shape)
    }
    assert {name: (of, axis) for name, (of, axis) in declared.items() if of != "vocabulary"} == {
        name: what for name, what in sized.items() if declared.get(name, ("", 0))[0] != "vocabulary"
    }
