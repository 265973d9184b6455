"""Two granularities (AMBERT): what is shared, what sees what, how many weights there are, and a plain twin."""

from __future__ import annotations

import pytest
import torch

from zhprep.core.errors import UsageError
from zhprep.instances import InstancesConfig
from zhprep.models import Model, ModelConfig, model_config
from zhprep.models.blocks.attention import AttentionContext
from zhprep.models.bodies.two_granularities import ENCODERS, NAME
from zhprep.models.model import n_parameters, seeded_model
from zhprep.recipes import load_recipe

SIZES = {
    "vocab_size": 40, "num_hidden_layers": 2, "hidden_size": 16, "num_attention_heads": 2, "intermediate_size": 32,
    "max_position_embeddings": 16, "initializer_range": 0.2,
}  # fmt: skip


def model_of(encoder: str, n_coarse: int = 60) -> Model:
    parts = {NAME: {"encoder": encoder, "coarse_vocab_size": n_coarse}}
    config = ModelConfig(**SIZES, body=NAME, objectives=("mlm", "mlm:coarse"), parts=parts)
    return seeded_model(config, 3).eval()


def batch_of(n_coarse: int = 60) -> dict[str, torch.Tensor]:
    draw = torch.Generator().manual_seed(1)
    fine, coarse = torch.randint(5, 40, (3, 10), generator=draw), torch.randint(5, n_coarse, (3, 6), generator=draw)
    return {
        "input_ids": fine, "attention_mask": torch.arange(10) < torch.tensor([10, 4, 7])[:, None],
        "coarse_input_ids": coarse, "coarse_attention_mask": torch.arange(6) < torch.tensor([6, 3, 5])[:, None],
        "masked_positions": torch.tensor([1, 2, 13, 26]), "masked_labels": torch.tensor([7, 9, 5, 8]),
        "coarse_masked_positions": torch.tensor([1, 8, 16]), "coarse_masked_labels": torch.tensor([50, 9, 11]),
    }  # fmt: skip


@pytest.mark.parametrize("encoder", ENCODERS)
@pytest.mark.parametrize("name", ["characters", "glyph", "pinyin"])
def test_inputs_of_fine_tokens_alone_are_refused(encoder, name):
    """Coarse tokens looked into the tables of the fine ones: of other tokens, or beyond their end."""
    config = ModelConfig(**SIZES, body=NAME, inputs=("token", "position", name), parts={NAME: {"encoder": encoder}})
    with pytest.raises(UsageError, match=f"'two-granularities' cannot read '{name}'"):
        Model(config)


def changed(batch: dict[str, torch.Tensor], name: str, place: int) -> dict[str, torch.Tensor]:
    other = batch[name].clone()
    other[:, place] = 5 + (other[:, place] - 4) % 35
    return batch | {name: other}


@pytest.mark.parametrize("encoder", ENCODERS)
def test_what_is_shared_is_one_and_the_tables_are_two(encoder):
    model = model_of(encoder)
    body = model.body
    one = encoder != "separate"
    assert (body.coarse_stack is body.stack) == one
    assert (body.coarse_embeddings.norm is body.embeddings.norm) == one
    assert body.coarse_embeddings.token_table.shape == (60, 16)
    assert body.embeddings.token_table.shape == (40, 16)
    names = [name for name in model.state_dict() if name.startswith("body.coarse")]
    shared = ["body.coarse_embeddings.inputs.token.table.weight"]
    assert names == shared if one else len(names) > 20


@pytest.mark.parametrize("encoder", ENCODERS)
def test_who_sees_whom(encoder):
    """A token of one granularity changes the states of the other only where they are read at once."""
    model, batch = model_of(encoder), batch_of()
    for name, stream in (("coarse_input_ids", "fine"), ("input_ids", "coarse")):
        before, after = (model.encode(one, stream).hidden_states for one in (batch, changed(batch, name, 1)))
        assert torch.equal(before, after) == (encoder != "joint")
        unseen = changed(batch, name, batch[name].shape[1] - 1)  # padding in all rows but the first
        assert torch.equal(model.encode(unseen, stream).hidden_states[1:], before[1:])


@pytest.mark.parametrize("encoder", ["shared", "separate"])
def test_with_the_same_tokens_and_weights_both_losses_are_equal(encoder):
    model, batch = model_of(encoder, 40), batch_of()
    pairs = {"body.coarse_embeddings.": "body.embeddings.", "body.coarse_stack.": "body.stack."}
    pairs["objectives.mlm:coarse."] = "objectives.mlm."
    own = model.state_dict()
    for name in own:
        for ours, theirs in pairs.items():
            if name.startswith(ours):
                own[name].copy_(own[name.replace(ours, theirs)])
    fine = {name.removeprefix("coarse_"): batch[name] for name in batch if not name.startswith("coarse_")}
    losses = model(fine | {f"coarse_{name}": tensor for name, tensor in fine.items()})
    assert torch.equal(losses["mlm"], losses["mlm:coarse"])


def test_one_encoder_over_both_is_a_plain_encoder_over_the_concatenation():
    """Row by row and without padding: embeddings put together, positions of both from 0, one stack."""
    model, batch = model_of("joint"), batch_of()
    body = model.body
    streams = [model.encode(batch, name).hidden_states for name in ("fine", "coarse")]
    layers = [model.encode(batch, name, all_layers=True).layers for name in ("fine", "coarse")]
    for row, (n, m) in enumerate(((10, 6), (4, 3), (7, 5))):
        parts = []
        for embeddings, ids in (
            (body.embeddings, batch["input_ids"][row, :n]), (body.coarse_embeddings, batch["coarse_input_ids"][row, :m])
        ):  # fmt: skip
            summed = embeddings.token_table[ids] + body.embeddings.inputs["position"].table.weight[: len(ids)]
            parts.append(body.embeddings.norm(summed + body.embeddings.inputs["segment"].table.weight[0]))
        states = torch.cat(parts)[None]
        context = AttentionContext.of({"input_ids": torch.zeros(1, n + m, dtype=torch.int64)}, model.config)
        expected = body.stack(states, context)[0][0]
        torch.testing.assert_close(streams[0][row, :n], expected[:n], rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(streams[1][row, :m], expected[n:], rtol=1e-5, atol=1e-5)
    for given, whole in zip(streams, layers, strict=True):
        assert torch.equal(whole[-1], given)
        assert len(whole) == 3


@pytest.mark.parametrize("encoder", ENCODERS)
def test_packed_rows_are_refused(encoder):
    with pytest.raises(UsageError, match="where the coarse tokens of a sequence begin"):
        model_of(encoder).body.check_made(InstancesConfig(format="packed"), "data")


@pytest.mark.parametrize(
    ("recipe", "n_weights"), [("ambert", 157_460_736), ("ambert-combo", 242_911_488), ("ambert-hybrid", 157_460_736)]
)
def test_a_recipe_has_as_many_weights_as_its_vocabularies_give(recipe, n_weights):
    """BERT-base's layers (85,054,464), 21,128 and 72,635 vectors, and one or two sets of positions, segments and norms;
    with a pooler for each set, which we have not, 158.1 and 244.1 million."""
    with torch.device("meta"):
        model = Model(model_config(load_recipe(recipe)["model"], "base", 21128))
    assert n_parameters(model.body) == n_weights
    assert round((n_weights + (2 if recipe == "ambert-combo" else 1) * 590_592) / 1e6, 1) in (158.1, 244.1)
