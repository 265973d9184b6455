"""The families that transformers has a class for: equal outputs and gradients, carried across both ways.

A family is a line in ``FAMILIES``: how a model of ours with its parts is made, and what of its output is which logits.
"""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Callable, Mapping

import pytest
import torch
from torch import Tensor

from zhprep.models import Model, ModelConfig
from zhprep.models.bodies.generator_discriminator import rewritten
from zhprep.models.checkpoints.files import load_model, save_model
from zhprep.models.model import seeded_model

transformers = pytest.importorskip("transformers")
pytestmark = pytest.mark.reference

SIZES = {
    "vocab_size": 70, "num_hidden_layers": 3, "hidden_size": 48, "num_attention_heads": 3, "intermediate_size": 80,
    "max_position_embeddings": 32, "initializer_range": 0.2,
}  # fmt: skip
PAD = 1


@dataclasses.dataclass(frozen=True)
class Family:
    """Settings of ours, the class there, and which logits of its output each objective's are."""

    settings: dict[str, object]
    kind: str
    logits: Mapping[str, str]
    segments: bool = True


def same_mlm(model: Model, batch: Mapping[str, Tensor]) -> Tensor:
    stream = model.encode(batch)
    return model.objectives["mlm"].head(stream.hidden_states, stream.token_table)


def same_pair(model: Model, batch: Mapping[str, Tensor]) -> Tensor:
    return model.objectives["sentence_order"].head(model.encode(batch).row_states)


def same_rtd(model: Model, batch: Mapping[str, Tensor]) -> Tensor:
    return model.objectives["rtd"].logits(model.encode(batch).hidden_states)


OURS: dict[str, Callable[[Model, Mapping[str, Tensor]], Tensor]] = {
    "mlm": same_mlm, "sentence_order": same_pair, "rtd": same_rtd,
}  # fmt: skip

ALBERT = {"stack": "shared", "embedding_size": 16, "activation": "gelu_new"}
MODERN = {
    "layer": "bare-first", "norm_position": "pre", "activation": "geglu", "bias": False, "inputs": ("token",),
    "objectives": ("mlm",), "rotary_theta": 160_000.0, "layer_norm_eps": 1e-5, "hidden_dropout": 0.0, "attention_dropout": 0.0,
}  # fmt: skip
LOCAL = {"local_rotary_theta": 10_000.0, "local_attention": 8, "global_attn_every_n_layers": 2}
ROBERTA = {"parts": {"position": {"offset": PAD + 1}}, "objectives": ("mlm",)}

FAMILIES = {
    "albert": Family(
        {**ALBERT, "objectives": ("mlm", "sentence_order")}, "AlbertForPreTraining",
        {"mlm": "prediction_logits", "sentence_order": "sop_logits"},
    ),
    "albert-mlm": Family({**ALBERT, "objectives": ("mlm",)}, "AlbertForMaskedLM", {"mlm": "logits"}),
    "electra": Family({"objectives": ("rtd",), "embedding_size": 24}, "ElectraForPreTraining", {"rtd": "logits"}),
    "electra-wide": Family({"objectives": ("rtd",)}, "ElectraForPreTraining", {"rtd": "logits"}),
    "electra-generator": Family({"objectives": ("mlm",), "embedding_size": 24}, "ElectraForMaskedLM", {"mlm": "logits"}),
    "modernbert": Family({**MODERN, **LOCAL}, "ModernBertForMaskedLM", {"mlm": "logits"}, False),
    "modernbert-all-global": Family(MODERN, "ModernBertForMaskedLM", {"mlm": "logits"}, False),
    "roberta": Family({**ROBERTA, "inputs": ("token", "position")}, "RobertaForMaskedLM", {"mlm": "logits"}, False),
    "roberta-one-segment": Family({**ROBERTA, "type_vocab_size": 1}, "RobertaForMaskedLM", {"mlm": "logits"}, False),
}  # fmt: skip


@pytest.fixture(autouse=True)
def _quiet(monkeypatch):
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()


def batches(segments: bool) -> list[dict[str, Tensor]]:
    """Return a padded batch and one that is full."""
    draw = torch.Generator().manual_seed(1)
    ids = torch.randint(5, 70, (4, 32), generator=draw)
    real = torch.arange(32) < torch.tensor([32, 5, 17, 1])[:, None]
    kinds = {"token_type_ids": torch.randint(0, 2, (4, 32), generator=draw)} if segments else {}
    return [{"input_ids": ids.masked_fill(~real, PAD), "attention_mask": real, **kinds}, {"input_ids": ids, **kinds}]


def assert_same(model: Model, other: torch.nn.Module, family: Family) -> None:
    """Compare logits, and the gradients of their sum of squares to the token table, on both batches."""
    for batch in batches(family.segments):
        found = other.eval()(**{name: tensor.long() for name, tensor in batch.items()})
        real = batch.get("attention_mask", torch.ones_like(batch["input_ids"], dtype=torch.bool))
        for one in (model.eval(), other):
            one.zero_grad()
        for name, theirs in family.logits.items():
            pair = OURS[name](model, batch), getattr(found, theirs)
            mine, other_logits = (logits[real] if logits.shape[:2] == real.shape else logits for logits in pair)
            torch.testing.assert_close(mine, other_logits, rtol=1e-5, atol=1e-5)
            mine.square().mean().backward()
            other_logits.square().mean().backward(retain_graph=True)
        mine, theirs = model.encode(batch).token_table.grad, other.get_input_embeddings().weight.grad
        torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", FAMILIES)
def test_what_we_save_loads_there_and_is_equal(name, tmp_path):
    family = FAMILIES[name]
    model = seeded_model(ModelConfig(**SIZES | family.settings), 3)
    save_model(model, tmp_path, pad_id=PAD)
    assert transformers.AutoConfig.from_pretrained(tmp_path).architectures == [family.kind]
    other, report = getattr(transformers, family.kind).from_pretrained(tmp_path, output_loading_info=True)
    assert not any(report.values()), report
    assert_same(model, other, family)
    assert load_model(tmp_path).config == model.config


@pytest.mark.parametrize("name", FAMILIES)
def test_what_they_save_loads_here_and_is_equal(name, tmp_path):
    family = FAMILIES[name]
    save_model(seeded_model(ModelConfig(**SIZES | family.settings), 3), tmp_path / "ours", pad_id=PAD)
    config = transformers.AutoConfig.from_pretrained(tmp_path / "ours")
    del config.zhprep  # as a folder is that we have not written
    torch.manual_seed(0)
    other = getattr(transformers, family.kind)(config)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        other.save_pretrained(tmp_path / "theirs")
    assert_same(load_model(tmp_path / "theirs"), other, family)


def test_both_halves_of_electra_are_theirs_and_so_is_the_loss(tmp_path):
    """The discriminator in the folder, the generator beside it, and the loss of both on the same samples."""
    settings = {"body": "generator-discriminator", "objectives": ("mlm", "rtd"), "embedding_size": 24}
    parts = {"generator-discriminator": {"generator_size": 1 / 3}}
    model = seeded_model(ModelConfig(**SIZES, **settings, parts=parts), 3).eval()
    save_model(model, tmp_path, pad_id=PAD)
    halves = []
    for kind, folder in (("ElectraForPreTraining", tmp_path), ("ElectraForMaskedLM", tmp_path / "generator")):
        half, report = getattr(transformers, kind).from_pretrained(folder, output_loading_info=True)
        assert not any(report.values()), report
        halves.append(half.eval())
    draw = torch.Generator().manual_seed(2)
    for batch in batches(segments=True):
        real = batch.get("attention_mask", torch.ones(4, 32, dtype=torch.bool))
        positions = real.flatten().nonzero().squeeze(-1)[::5]
        masked = {"masked_positions": positions, "masked_labels": torch.randint(5, 70, positions.shape, generator=draw)}
        found = model.predictions({**batch, **masked, "keys": torch.arange(4)})
        labels = torch.full((4, 32), -100)
        labels.view(-1)[positions] = masked["masked_labels"]
        given = {name: tensor.long() for name, tensor in batch.items()}
        mlm = halves[1](**given, labels=labels).loss
        torch.testing.assert_close(found["mlm"].losses.mean(), mlm, rtol=1e-5, atol=1e-5)
        written, replaced = rewritten({**batch, **masked, "keys": torch.arange(4)}, found["mlm"])
        theirs = halves[0](**{**given, "input_ids": written}, labels=replaced.long())
        torch.testing.assert_close(found["rtd"].logits.view(4, 32)[real], theirs.logits[real], rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(found["rtd"].loss_sum / found["rtd"].count, theirs.loss, rtol=1e-5, atol=1e-5)
