"""Batches for models that write: what they hold, and that real models of transformers train on them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from training_data import IDS, SENTENCES, TOKENS, pair

from zhprep.collate import MaskingCollator
from zhprep.core.errors import DataError, UsageError
from zhprep.instances import Flat, InstancesConfig, corrupt_batch, facts_of
from zhprep.instances.corruptions import CORRUPTIONS
from zhprep.vocab import load

UNUSED = [f"[unused{number}]" for number in range(1, 61)]
SETTINGS = {"mask_prob": 0.3, "seed": 2, "mask": "char"}
everything = pytest.mark.parametrize("names", [*([name] for name in CORRUPTIONS), ["infill", "permute"]], ids=",".join)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The vocabulary with free slots after it."""
    folder = tmp_path_factory.mktemp("roomy")
    (folder / "vocab.txt").write_text("".join(f"{token}\n" for token in [*TOKENS, *UNUSED]), encoding="utf-8")
    return folder


def text(number):
    """An instance of two sentences."""
    sentences = "".join(SENTENCES[(number + step) % 8] for step in (0, 3))
    ids = [IDS["[CLS]"], *(IDS[character] for character in sentences), IDS["[SEP]"]]
    return {"input_ids": ids, "word_ids": [-1, *range(len(ids) - 2), -1], "instance_id": number}


ROWS = [text(number) for number in range(12)]


def drawn(folder, names, epoch):
    vocabulary = load(folder)
    config = InstancesConfig(corruption=tuple(names), **SETTINGS)
    flat = Flat(
        np.array([id_ for row in ROWS for id_ in row["input_ids"]]),
        np.array([word for row in ROWS for word in row["word_ids"]]),
        np.cumsum([0, *(len(row["input_ids"]) for row in ROWS)]),
        np.arange(12),
    )
    return corrupt_batch(flat, config, facts_of(config, vocabulary), epoch)


def static(folder, names, epoch):
    """The rows as make-instances would write them."""
    found = drawn(folder, names, epoch)
    rows = []
    for row, (begin, end) in enumerate(zip(found.label_offsets, found.label_offsets[1:], strict=False)):
        source = found.input_ids[found.offsets[row] : found.offsets[row + 1]]
        given = {} if found.prefix_lengths is None else {"prefix_length": int(found.prefix_lengths[row])}
        rows.append({"input_ids": source.tolist(), "labels": found.labels[begin:end].tolist(), **given})
    return rows


@everything
def test_sources_and_targets_are_padded_and_those_of_the_epoch(folder, names):
    collator = MaskingCollator(folder, corruption=names, pad_to_multiple_of=8, **SETTINGS)
    collator.set_epoch(3)
    batch = collator(ROWS)
    assert {name: tensor.dtype for name, tensor in batch.items()} == dict.fromkeys(
        ("input_ids", "attention_mask", "labels"), torch.int64
    )
    for row, ids, mask, labels in zip(static(folder, names, 3), *batch.values(), strict=True):
        n_source, n_target, given = len(row["input_ids"]), len(row["labels"]), row.get("prefix_length", 0)
        assert ids.tolist() == row["input_ids"] + [0] * (len(ids) - n_source)
        assert mask.tolist() == [1] * n_source + [0] * (len(ids) - n_source)
        assert labels.tolist() == [-100] * given + row["labels"] + [-100] * (len(labels) - given - n_target)
        assert len(ids) % 8 == len(labels) % 8 == 0
    if names in (["prefix"], ["causal"]):
        assert batch["labels"].shape == batch["input_ids"].shape
        real = batch["labels"] >= 0
        assert torch.equal(batch["labels"][real], batch["input_ids"][real])


@everything
def test_rows_corrupted_on_disk_are_taken_as_they_are(folder, names):
    collator = MaskingCollator(folder, corruption=names, **SETTINGS)
    collator.set_epoch(1)
    dynamic, on_disk = collator(ROWS), MaskingCollator(folder)(static(folder, names, 1))
    assert dynamic.keys() == on_disk.keys()
    assert all(torch.equal(dynamic[name], on_disk[name]) for name in dynamic)


def test_labels_of_somebody_elses_are_no_targets(folder):
    rows = [{**row, "labels": [1] * len(row["input_ids"])} for row in ROWS]
    plain = MaskingCollator(folder, **SETTINGS)
    assert all(torch.equal(plain(rows)[name], tensor) for name, tensor in plain(ROWS).items())


def test_rows_that_cannot_be_corrupted_are_told(folder):
    collator = MaskingCollator(folder, corruption=["infill"], **SETTINGS)
    with pytest.raises(UsageError, match="these have token_type_ids, next_sentence_label"):
        collator([pair(0)])
    with pytest.raises(DataError, match="rows have no word_ids, instance_id"):
        collator([{"input_ids": [2, 9, 3]}])
    assert set(collator([{**ROWS[0], "source": "somebody's own column"}])) == {"input_ids", "attention_mask", "labels"}


def models():
    transformers = pytest.importorskip("transformers")
    n, special = len(TOKENS) + len(UNUSED), {"pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3}
    start = {**special, "decoder_start_token_id": 3}
    bart = transformers.BartConfig(
        vocab_size=n, d_model=32, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2, decoder_attention_heads=2,
        encoder_ffn_dim=64, decoder_ffn_dim=64, max_position_embeddings=64, forced_eos_token_id=None, **start,
    )  # fmt: skip
    t5 = transformers.T5Config(
        vocab_size=n, d_model=32, d_ff=64, d_kv=16, num_layers=1, num_heads=2, **{**start, "decoder_start_token_id": 0}
    )
    gpt2 = transformers.GPT2Config(vocab_size=n, n_embd=32, n_layer=1, n_head=2, n_positions=64, **special)
    return {
        "bart": lambda: transformers.BartForConditionalGeneration(bart),
        "t5": lambda: transformers.T5ForConditionalGeneration(t5),
        "gpt2": lambda: transformers.GPT2LMHeadModel(gpt2),
    }


@pytest.mark.reference
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("name", ["infill", "sentinels"])
def test_the_collator_of_transformers_pads_static_rows_alike(folder, vocabulary_folder, name):
    transformers = pytest.importorskip("transformers")
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_file=str(vocabulary_folder / "tokenizer.json"), pad_token="[PAD]"
    )
    rows = static(folder, [name], 0)
    theirs, ours = transformers.DataCollatorForSeq2Seq(tokenizer)(rows), MaskingCollator(folder)(rows)
    assert all(torch.equal(theirs[column], tensor) for column, tensor in ours.items())


@pytest.mark.reference
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize(
    ("model", "names"),
    [
        *(("bart", [name]) for name in ("permute", "mask", "delete", "infill", "rotate")),
        ("bart", ["infill", "permute"]),
        ("t5", ["sentinels"]),
        ("gpt2", ["prefix"]),
        ("gpt2", ["causal"]),
    ],
)
def test_models_of_transformers_take_them(folder, model, names):
    torch.manual_seed(0)
    batch = MaskingCollator(folder, corruption=names, **SETTINGS)(ROWS)
    loss = models()[model]()(**batch).loss
    assert abs(float(loss.detach()) - np.log(len(TOKENS) + len(UNUSED))) < 1.5  # as good as a guess
    loss.backward()


@pytest.mark.reference
@pytest.mark.filterwarnings("default")
def test_a_trainer_trains_bart(folder, tmp_path):
    transformers = pytest.importorskip("transformers")
    pytest.importorskip("accelerate")
    transformers.logging.set_verbosity_error()
    torch.manual_seed(0)
    arguments = transformers.TrainingArguments(
        output_dir=str(tmp_path), max_steps=60, per_device_train_batch_size=12, logging_steps=20, learning_rate=1e-2,
        lr_scheduler_type="constant", remove_unused_columns=False, report_to=[], use_cpu=True, disable_tqdm=True,
        save_strategy="no",
    )  # fmt: skip
    collator = MaskingCollator(folder, corruption=["infill", "permute"], **SETTINGS)
    trainer = transformers.Trainer(
        models()["bart"](), arguments, data_collator=collator, train_dataset=ROWS, callbacks=[collator.callback()]
    )
    assert trainer.train().global_step == 60
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    assert losses[-1] < 0.8 * losses[0]
    assert int(collator._epoch) == 59
