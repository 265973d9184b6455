"""Models that write, beside transformers' classes: equal outputs, losses and gradients, carried across both ways."""

from __future__ import annotations

import dataclasses
import warnings

import pytest
import torch
from torch import Tensor

from zhprep.models import Model, ModelConfig, model_config
from zhprep.models.checkpoints import format_of
from zhprep.models.checkpoints.files import load_model, save_model
from zhprep.models.checkpoints.names import to_format
from zhprep.models.model import n_parameters, seeded_model
from zhprep.recipes import load_recipe

transformers = pytest.importorskip("transformers")
pytestmark = pytest.mark.reference

PAD, END = 1, 3
TOKENS = {"decoder_start_token_id": END, "pad_token_id": PAD}
SIZES = {
    "vocab_size": 70, "num_hidden_layers": 3, "hidden_size": 48, "num_attention_heads": 3, "intermediate_size": 80,
    "max_position_embeddings": 32, "initializer_range": 0.2, "body": "encoder-decoder", "objectives": ("seq2seq",),
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Writer:
    """The class there, the settings of ours, those of its parts, and what the layers of the decoder are called."""

    kind: str
    settings: dict[str, object]
    parts: dict[str, dict[str, object]]
    decoder_layers: str = "num_decoder_layers"
    padding_learns: bool = True

    def model(self, **own: int) -> Model:
        body = {"encoder-decoder": {**TOKENS, "end_token_id": END, **own}}
        return seeded_model(ModelConfig(**SIZES | self.settings, parts={**body, **self.parts}), 3)


def their_bart(size: str) -> torch.nn.Module:
    width, layers, heads = {"base": (768, 6, 12), "large": (1024, 12, 16)}[size]
    halves = {
        f"{half}_{name}": value
        for half in ("encoder", "decoder")
        for name, value in (("layers", layers), ("attention_heads", heads), ("ffn_dim", 4 * width))
    }
    config = transformers.BartConfig(vocab_size=21128, d_model=width, max_position_embeddings=512, **halves)
    return transformers.BartForConditionalGeneration(config)


def their_t5(size: str, **settings: object) -> torch.nn.Module:
    width, layers, heads = {"small": (512, 6, 8), "base": (768, 12, 12), "large": (1024, 24, 16)}[size]
    sizes = {"d_model": width, "num_layers": layers, "num_heads": heads, "d_kv": 64, "d_ff": 4 * width}
    return transformers.T5ForConditionalGeneration(transformers.T5Config(vocab_size=21128, **sizes | settings))


def their_t5_v1_1(size: str) -> torch.nn.Module:
    changed = {
        "small": {"num_layers": 8, "num_heads": 6, "d_ff": 1024}, "base": {"d_ff": 2048}, "large": {"d_ff": 2816},
    }[size]  # fmt: skip
    return their_t5(size, feed_forward_proj="gated-gelu", tie_word_embeddings=False, **changed)


THERE = {"bart": their_bart, "t5": their_t5, "t5-v1_1": their_t5_v1_1}
T5_SIZES = [(name, size) for name in ("t5", "t5-v1_1") for size in ("small", "base", "large")]
T5 = {
    "inputs": ("token",), "stack": "relative", "norm": "rms", "norm_position": "pre", "embedding_norm": False, "bias": False,
    "layer_norm_eps": 1e-6, "attention_scale": 1.0, "activation": "relu",
}  # fmt: skip
ONE_TABLE = {"tied": True, "scaled": True, "bias": False}
TWO_TABLES = {"tied": False, "scaled": False, "bias": False}
WRITERS = {
    "bart": Writer(
        "BartForConditionalGeneration", {"inputs": ("token", "position"), "layer_norm_eps": 1e-5},
        {"position": {"offset": 2}}, "decoder_layers", padding_learns=False,
    ),
    "t5": Writer("T5ForConditionalGeneration", T5, {"seq2seq": ONE_TABLE}),
    "t5-few-buckets": Writer(
        "T5ForConditionalGeneration", T5, {"seq2seq": ONE_TABLE, "relative": {"num_buckets": 8, "max_distance": 16}}
    ),
    "t5-v1_1": Writer(
        "T5ForConditionalGeneration", {**T5, "activation": "geglu_new", "head_size": 20, "initializer_range": 0.1}, {"seq2seq": TWO_TABLES}
    ),
}  # fmt: skip


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


def assert_same(model: Model, other: torch.nn.Module, writer: Writer) -> None:
    """Compare states, logits, the loss, and its gradients to every weight.

    Not to the row of padding where theirs never learns what stands for it in the input (``padding_idx``).
    """
    model.eval(), other.eval()
    close, form = {"rtol": 1e-5, "atol": 1e-5}, format_of(model.config)
    for batch in batches():
        model.zero_grad(), other.zero_grad()
        found, theirs = model.predictions(batch)["seq2seq"], other(**{name: one.long() for name, one in batch.items()})
        written = batch["labels"] != -100
        real = batch.get("attention_mask", torch.ones_like(batch["input_ids"], dtype=torch.bool))
        torch.testing.assert_close(found.logits, theirs.logits[written], **close)
        read = model.encode(batch).hidden_states
        torch.testing.assert_close(read[real], theirs.encoder_last_hidden_state[real], **close)
        loss = found.loss_sum / found.count
        torch.testing.assert_close(loss, theirs.loss, **close)
        loss.backward(), theirs.loss.backward()
        mine = to_format({name: one.grad for name, one in model.named_parameters()}, form)
        expected = {name: one.grad for name, one in other.named_parameters()}
        assert mine.keys() == expected.keys()
        for name, gradient in mine.items():
            rows = torch.arange(len(gradient)) != (PAD if "shared" in name and not writer.padding_learns else -1)
            torch.testing.assert_close(
                gradient[rows], expected[name][rows], **close, msg=lambda text, of=name: f"{of}: {text}"
            )


@pytest.mark.parametrize("n_layers", [0, 2])
@pytest.mark.parametrize("name", WRITERS)
def test_what_we_save_loads_there_and_is_equal(name, n_layers, tmp_path):
    writer = WRITERS[name]
    model = writer.model(num_decoder_layers=n_layers)
    for bias in model.objectives["seq2seq"].buffers():
        bias.copy_(torch.linspace(-1, 1, 70))
    save_model(model, tmp_path, pad_id=PAD)
    other, report = getattr(transformers, writer.kind).from_pretrained(tmp_path, output_loading_info=True)
    assert not any(report.values()), report
    assert getattr(other.config, writer.decoder_layers) == (n_layers or 3)
    assert (other.config.decoder_start_token_id, other.config.eos_token_id) == (END, END)
    assert n_parameters(model) == other.num_parameters()
    assert_same(model, other, writer)
    assert load_model(tmp_path).config == model.config


@pytest.mark.parametrize("n_layers", [3, 2])
@pytest.mark.parametrize("name", WRITERS)
def test_what_they_save_loads_here_and_is_equal(name, n_layers, tmp_path):
    writer = WRITERS[name]
    save_model(writer.model(num_decoder_layers=n_layers), tmp_path / "ours", pad_id=PAD)
    config = transformers.AutoConfig.from_pretrained(tmp_path / "ours")
    del config.zhprep  # as a folder is that we have not written
    torch.manual_seed(0)
    other = getattr(transformers, writer.kind)(config)
    if getattr(config, "scale_decoder_outputs", None) is False:  # T5 1.1; transformers 5 ties what is fresh
        other.lm_head.weight = torch.nn.Parameter(torch.randn(70, 48))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        other.save_pretrained(tmp_path / "theirs")
    assert_same(load_model(tmp_path / "theirs"), other, writer)


def test_a_fresh_t5_v1_1_of_theirs_has_one_table_and_loads_as_two_that_are_equal(tmp_path):
    """transformers 5 ties what is fresh, so that its file lacks the table that is written with."""
    sizes = {"vocab_size": 70, "d_model": 48, "num_layers": 3, "num_heads": 3, "d_kv": 20, "d_ff": 80}
    kept = {"feed_forward_proj": "gated-gelu", "tie_word_embeddings": False, "decoder_start_token_id": END}
    torch.manual_seed(0)
    other = transformers.T5ForConditionalGeneration(transformers.T5Config(**sizes, **kept, pad_token_id=PAD))
    other.save_pretrained(tmp_path / "theirs")
    model, other = load_model(tmp_path / "theirs").eval(), other.eval()
    for batch in batches():
        logits = other(**{name: one.long() for name, one in batch.items()}).logits[batch["labels"] != -100]
        torch.testing.assert_close(model.predictions(batch)["seq2seq"].logits, logits, rtol=1e-5, atol=1e-5)
    read, written = model.body.embeddings.inputs["token"].table.weight, model.objectives["seq2seq"].output.weight
    assert torch.equal(read, written)
    assert read is not written


@pytest.mark.parametrize(("recipe", "size"), [("bart", "base"), ("bart", "large"), *T5_SIZES])
def test_a_recipe_has_as_many_weights(recipe, size):
    with torch.device("meta"):
        ours = Model(model_config(load_recipe(recipe)["model"], size, 21128))
        theirs = THERE[recipe](size)
    assert n_parameters(ours) == theirs.num_parameters() + (0 if recipe != "t5-v1_1" else theirs.lm_head.weight.numel())


@pytest.mark.parametrize("recipe", ["t5", "t5-v1_1"])
def test_fresh_weights_are_as_large_as_theirs(recipe):
    """Queries among them, which are smaller because scores are not scaled."""
    section = {**load_recipe(recipe)["model"], "num_hidden_layers": 1}
    config = model_config(section, "small", 500)
    ours = {
        name: float(one.std())
        for name, one in to_format(seeded_model(config, 1).state_dict(), format_of(config)).items()
    }
    torch.manual_seed(1)
    theirs = {name: float(one.std()) for name, one in THERE[recipe]("small").state_dict().items()}
    compared = [name for name in ours if "layer_norm" not in name and name != "lm_head.weight"]
    assert len(compared) > 16
    for name in compared:
        rough = 0.15 if "bias" in name else 0.03
        assert ours[name] == pytest.approx(theirs[name], rel=rough), name


@pytest.mark.parametrize("name", WRITERS)
def test_no_place_sees_what_it_is_to_write_or_what_comes_after(name):
    model, batch = WRITERS[name].model().eval(), batches()[1]
    before = model.encode(batch, "decoder").hidden_states
    changed = batch["labels"].clone()
    changed[:, 7] = 5 + (changed[:, 7] - 4) % 65
    after = model.encode({**batch, "labels": changed}, "decoder").hidden_states
    assert torch.equal(before[:, :8], after[:, :8])
    assert not torch.isclose(before[:, 8:], after[:, 8:]).all(-1).any()
