"""Models that write, beside transformers' classes: equal outputs, losses and gradients, carried across both ways."""

from __future__ import annotations

import warnings

import pytest
import torch
from torch import Tensor

from zhprep.models import Model, ModelConfig, model_config
from zhprep.models.checkpoints.files import load_model, save_model
from zhprep.models.model import n_parameters, seeded_model
from zhprep.recipes import load_recipe

transformers = pytest.importorskip("transformers")
pytestmark = pytest.mark.reference

PAD, END = 1, 3
BART = {
    "vocab_size": 70, "num_hidden_layers": 3, "hidden_size": 48, "num_attention_heads": 3, "intermediate_size": 80,
    "max_position_embeddings": 32, "initializer_range": 0.2, "body": "encoder-decoder", "objectives": ("seq2seq",),
    "inputs": ("token", "position"), "layer_norm_eps": 1e-5,
}  # fmt: skip
TOKENS = {"decoder_start_token_id": END, "pad_token_id": PAD}


def bart(**own: int) -> Model:
    parts = {"encoder-decoder": {**TOKENS, **own}, "position": {"offset": 2}}
    return seeded_model(ModelConfig(**BART, parts=parts), 3)


@pytest.fixture(autouse=True)
def _quiet():
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()


def batches() -> list[dict[str, Tensor]]:
    """Return a batch padded on both sides, with places that are given and not written, and one that is full."""
    draw = torch.Generator().manual_seed(1)
    ids, labels = (torch.randint(5, 70, (4, length), generator=draw) for length in (32, 20))
    real = torch.arange(32) < torch.tensor([32, 5, 17, 1])[:, None]
    written = torch.arange(20) < torch.tensor([3, 20, 11, 2])[:, None]
    written[2, :4] = False
    padded = {"input_ids": ids.masked_fill(~real, PAD), "attention_mask": real}
    return [{**padded, "labels": labels.masked_fill(~written, -100)}, {"input_ids": ids, "labels": labels}]


def assert_same(model: Model, other: torch.nn.Module) -> None:
    """Compare states, logits, the loss, and its gradients to the table and to weights of both halves.

    Not to the table's row of padding: theirs never learns what stands for it in the input (``padding_idx``).
    """
    model.eval(), other.eval()
    for batch in batches():
        model.zero_grad(), other.zero_grad()
        found, theirs = model.predictions(batch)["seq2seq"], other(**{name: one.long() for name, one in batch.items()})
        written = batch["labels"] != -100
        real = batch.get("attention_mask", torch.ones_like(batch["input_ids"], dtype=torch.bool))
        close = {"rtol": 1e-5, "atol": 1e-5}
        torch.testing.assert_close(found.logits, theirs.logits[written], **close)
        read = model.encode(batch).hidden_states
        torch.testing.assert_close(read[real], theirs.encoder_last_hidden_state[real], **close)
        loss = found.loss_sum / found.count
        torch.testing.assert_close(loss, theirs.loss, **close)
        loss.backward(), theirs.loss.backward()
        body, half = model.body, other.get_decoder()
        pairs = [
            (table := body.embeddings.token_table, other.get_input_embeddings().weight),
            (
                body.decoder_stack.layers[0].cross_attention.block.query.weight,
                half.layers[0].encoder_attn.q_proj.weight,
            ),
            (body.stack.layers[0].feedforward.block.up.weight, other.get_encoder().layers[0].fc1.weight),
        ]
        for mine, other_weight in pairs:
            rows = torch.arange(len(mine)) != (PAD if mine is table else -1)
            torch.testing.assert_close(mine.grad[rows], other_weight.grad[rows], **close)


@pytest.mark.parametrize("n_layers", [0, 2])
def test_what_we_save_loads_there_and_is_equal(n_layers, tmp_path):
    model = bart(num_decoder_layers=n_layers)
    model.objectives["seq2seq"].final_logits_bias.copy_(torch.linspace(-1, 1, 70))
    save_model(model, tmp_path, pad_id=PAD)
    other, report = transformers.BartForConditionalGeneration.from_pretrained(tmp_path, output_loading_info=True)
    assert not any(report.values()), report
    assert other.config.decoder_layers == (n_layers or 3)
    assert n_parameters(model) == other.num_parameters()
    assert_same(model, other)
    assert load_model(tmp_path).config == model.config


@pytest.mark.parametrize("n_layers", [3, 2])
def test_what_they_save_loads_here_and_is_equal(n_layers, tmp_path):
    save_model(bart(num_decoder_layers=n_layers), tmp_path / "ours", pad_id=PAD)
    config = transformers.AutoConfig.from_pretrained(tmp_path / "ours")
    del config.zhprep  # as a folder is that we have not written
    torch.manual_seed(0)
    other = transformers.BartForConditionalGeneration(config)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        other.save_pretrained(tmp_path / "theirs")
    assert_same(load_model(tmp_path / "theirs"), other)


@pytest.mark.parametrize("size", ["base", "large"])
def test_a_recipe_has_as_many_weights(size):
    with torch.device("meta"):
        ours = Model(model_config(load_recipe("bart")["model"], size, 21128))
        width, layers, heads = {"base": (768, 6, 12), "large": (1024, 12, 16)}[size]
        halves = {
            f"{half}_{name}": value
            for half in ("encoder", "decoder")
            for name, value in (("layers", layers), ("attention_heads", heads), ("ffn_dim", 4 * width))
        }
        config = transformers.BartConfig(vocab_size=21128, d_model=width, max_position_embeddings=512, **halves)
        theirs = transformers.BartForConditionalGeneration(config)
    assert n_parameters(ours) == theirs.num_parameters()


def test_no_place_sees_what_it_is_to_write_or_what_comes_after():
    model, batch = bart().eval(), batches()[1]
    before = model.encode(batch, "decoder").hidden_states
    changed = batch["labels"].clone()
    changed[:, 7] = 5 + (changed[:, 7] - 4) % 65
    after = model.encode({**batch, "labels": changed}, "decoder").hidden_states
    assert torch.equal(before[:, :8], after[:, :8])
    assert not torch.isclose(before[:, 8:], after[:, 8:]).all(-1).any()
