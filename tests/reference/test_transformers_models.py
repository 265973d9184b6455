"""Our models beside transformers': whole outputs, with and without padding, both ways."""

from __future__ import annotations

import dataclasses
import warnings

import pytest
import torch

from zhprep.models import ModelConfig
from zhprep.models.checkpoints.bert import FORMAT as BERT
from zhprep.models.checkpoints.files import load_model, save_model
from zhprep.models.checkpoints.names import to_format
from zhprep.models.model import Model, seeded_model

transformers = pytest.importorskip("transformers")
pytestmark = pytest.mark.reference

CONFIG = ModelConfig(
    vocab_size=70, num_hidden_layers=3, hidden_size=48, num_attention_heads=3, intermediate_size=80, max_position_embeddings=32,
    objectives=("mlm", "next_sentence"),
)  # fmt: skip


@pytest.fixture(autouse=True)
def _quiet(monkeypatch):
    torch.set_num_threads(1)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()


def batches() -> list[dict[str, torch.Tensor]]:
    """Return a batch with padding and segments, and one with neither."""
    draw = torch.Generator().manual_seed(1)
    ids = torch.randint(0, 70, (4, 32), generator=draw)
    lengths = torch.tensor([32, 5, 17, 1])
    segments = torch.randint(0, 2, (4, 32), generator=draw)
    padded = {"input_ids": ids, "attention_mask": torch.arange(32) < lengths[:, None], "token_type_ids": segments}
    return [padded, {"input_ids": ids}]


def their_logits(model, batch):
    given = {name: tensor.long() for name, tensor in batch.items()}
    with torch.inference_mode():
        return model.eval()(**given)


def our_logits(model: Model, batch, name: str) -> torch.Tensor:
    with torch.inference_mode():
        encoded = model.eval().encode(batch)
        head = model.objectives[name].head
        return head(encoded.hidden_states, encoded.token_table) if name == "mlm" else head(encoded.row_states)


def assert_same(model: Model, other) -> None:
    for batch in batches():
        found = their_logits(other, batch)
        masked = found.logits if hasattr(found, "logits") else found.prediction_logits
        real = batch.get("attention_mask", torch.ones(4, 32, dtype=torch.bool))
        torch.testing.assert_close(our_logits(model, batch, "mlm")[real], masked[real], rtol=1e-5, atol=1e-5)
        for name in model.config.objectives[1:]:
            torch.testing.assert_close(
                our_logits(model, batch, name), found.seq_relationship_logits, rtol=1e-5, atol=1e-5
            )


@pytest.mark.parametrize(
    ("objectives", "kind"),
    [
        (("mlm",), "BertForMaskedLM"),
        (("mlm", "next_sentence"), "BertForPreTraining"),
        (("mlm", "sentence_order"), "BertForPreTraining"),
    ],
)
def test_what_we_save_gives_equal_logits_there(objectives, kind, tmp_path):
    model = seeded_model(dataclasses.replace(CONFIG, objectives=objectives), 3)
    save_model(model, tmp_path)
    described = transformers.AutoConfig.from_pretrained(tmp_path)
    assert described.architectures == [kind]
    other, report = getattr(transformers, kind).from_pretrained(tmp_path, output_loading_info=True)
    assert not any(report.values()), report
    assert_same(model, other)


@pytest.mark.parametrize("inputs", [("token", "position"), ("token", "segment"), ("token",)])
def test_inputs_that_a_model_does_not_have_are_nothing_there(inputs, tmp_path):
    """RoBERTa-wwm and WoBERT have no segments; transformers drew vectors for them anew, other ones at each loading."""
    model = seeded_model(dataclasses.replace(CONFIG, objectives=("mlm",), inputs=inputs), 3)
    save_model(model, tmp_path)
    other, report = transformers.BertForMaskedLM.from_pretrained(tmp_path, output_loading_info=True)
    assert not any(report.values()), report
    assert_same(model, other)
    assert load_model(tmp_path).config == model.config


def test_a_model_with_a_sentence_head_loads_as_a_plain_masked_model_too(tmp_path):
    model = seeded_model(CONFIG, 3)
    save_model(model, tmp_path)
    other, report = transformers.BertForMaskedLM.from_pretrained(tmp_path, output_loading_info=True)
    assert not report["missing_keys"]
    for batch in batches():
        real = batch.get("attention_mask", torch.ones(4, 32, dtype=torch.bool))
        expected = their_logits(other, batch).logits
        torch.testing.assert_close(our_logits(model, batch, "mlm")[real], expected[real], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", ["BertForMaskedLM", "BertForPreTraining"])
@pytest.mark.parametrize("shard", ["50GB", "40KB"])
def test_what_they_save_gives_equal_logits_here(kind, shard, tmp_path):
    config = transformers.BertConfig(
        vocab_size=70, hidden_size=48, num_hidden_layers=3, num_attention_heads=3, intermediate_size=80,
        max_position_embeddings=32, initializer_range=0.05,
    )  # fmt: skip
    torch.manual_seed(0)
    other = getattr(transformers, kind)(config)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        other.save_pretrained(tmp_path, max_shard_size=shard)
    assert (tmp_path / "model.safetensors.index.json").exists() == (shard == "40KB")
    assert_same(load_model(tmp_path), other)


def test_our_losses_are_theirs():
    """BertForPreTraining's loss is the mean over masked tokens plus the mean over rows."""
    model = seeded_model(CONFIG, 3).eval()
    batch = batches()[0]
    positions = torch.tensor([0, 9, 34, 70])
    labels = torch.full((4, 32), -100)
    labels.view(-1)[positions] = torch.tensor([3, 60, 8, 11])
    sums = model(
        batch
        | {"masked_positions": positions, "masked_labels": labels.view(-1)[positions]}
        | {"next_sentence_label": torch.tensor([0, 1, 0, 1])}
    )
    other = transformers.BertForPreTraining(transformers.BertConfig(
        vocab_size=70, hidden_size=48, num_hidden_layers=3, num_attention_heads=3, intermediate_size=80,
        max_position_embeddings=32,
    ))  # fmt: skip
    other.load_state_dict(to_format(model.state_dict(), BERT), strict=False)
    given = {name: tensor.long() for name, tensor in batch.items()}
    expected = other.eval()(**given, labels=labels, next_sentence_label=torch.tensor([0, 1, 0, 1])).loss
    torch.testing.assert_close(sums["mlm"] / 4 + sums["next_sentence"] / 4, expected, rtol=1e-6, atol=1e-6)
