from __future__ import annotations

import datasets
import numpy as np
import pytest
import torch
from command_line import made_by
from training_data import TOKENS, masked, pair

from zhprep.collate import DynamicMasks, MaskingCollator, to_tensors
from zhprep.core.errors import DataError, UsageError
from zhprep.instances import InstancesConfig


@pytest.fixture(scope="module")
def data_of_command(sample_data, vocab, tmp_path_factory):
    flags = ("--vocab", vocab, "--mask", "char", "--mask-prob", 0.3, "--seed", 7, "--max-length", 64)
    return made_by("make-instances", sample_data / "corpus", *flags, output=tmp_path_factory.mktemp("made") / "data")


ROWS = [pair(number) for number in range(12)]


def test_labels_are_the_original_tokens_where_masks_are_and_minus_100_elsewhere(vocabulary_folder):
    batch = MaskingCollator(vocabulary_folder, mask="char", seed=2, mask_prob=0.4, pad_to_multiple_of=8)(ROWS)
    names = ("input_ids", "attention_mask", "token_type_ids", "labels", "next_sentence_label")
    found = {name: (tensor.dtype, tensor.shape[0]) for name, tensor in batch.items()}
    assert found == dict.fromkeys(names, (torch.int64, 12))
    assert batch["input_ids"].shape[1] % 8 == 0
    for row, ids, mask, labels in zip(ROWS, batch["input_ids"], batch["attention_mask"], batch["labels"], strict=True):
        n_tokens = len(row["input_ids"])
        assert mask.tolist() == [1] * n_tokens + [0] * (len(mask) - n_tokens)
        original = torch.where(labels >= 0, labels, ids)
        assert original[:n_tokens].tolist() == row["input_ids"]
        assert (original[n_tokens:] == 0).all()
        assert (labels >= 0).any()


def test_masks_are_those_of_our_own_loader(vocabulary_folder, vocabulary):
    collator = MaskingCollator(vocabulary_folder, mask="wwm", seed=2)
    collator.set_epoch(3)
    batch = collator(ROWS)
    from zhprep.collate.hugging_face import _gather

    rows = _gather(ROWS, ["input_ids", "word_ids", "instance_id"])
    found = DynamicMasks.of(InstancesConfig(mask="wwm", seed=2), vocabulary)(rows, np.full(12, 3))
    assert torch.equal(to_tensors(found.of(rows))["input_ids"], batch["input_ids"])


def test_data_say_how_they_are_masked(data_of_command, vocab):
    rows = list(datasets.load_from_disk(str(data_of_command)))[:32]
    named = MaskingCollator(vocab, mask="char", mask_prob=0.3, seed=7, max_length=64)(rows)
    found = MaskingCollator.of_data(data_of_command)(rows)
    assert found.keys() == named.keys()
    assert all(torch.equal(found[name], named[name]) for name in found)
    with pytest.raises(DataError, match="holds a table of vocabulary"):
        MaskingCollator.of_data(vocab)


def test_rows_masked_on_disk_keep_their_masks(vocabulary_folder):
    rows = [masked(row, 0) for row in ROWS]
    batch = MaskingCollator(vocabulary_folder)(rows)
    assert batch["input_ids"][0, :4].tolist() == rows[0]["input_ids"][:4]
    assert batch["labels"][0].nonzero().numel() == batch["labels"].shape[1]
    assert (batch["labels"] >= 0).sum(1).tolist() == [2] * 12


def test_columns_that_a_trainer_took_away_are_told(vocabulary_folder):
    with pytest.raises(DataError, match="rows have no word_ids, instance_id") as caught:
        MaskingCollator(vocabulary_folder)([{"input_ids": [2, 9, 3]}])
    assert "remove_unused_columns=False" in caught.value.hint


def test_an_unknown_setting_is_told(vocabulary_folder):
    with pytest.raises(UsageError, match="unknown setting 'maks' in MaskingCollator"):
        MaskingCollator(vocabulary_folder, maks="wwm")


def test_workers_that_outlive_an_epoch_hear_of_the_next(vocabulary_folder):
    collator = MaskingCollator(vocabulary_folder, mask="char", seed=2, mask_prob=0.4, pad_to_multiple_of=32)
    loader = torch.utils.data.DataLoader(
        ROWS, batch_size=6, collate_fn=collator, num_workers=1, persistent_workers=True, multiprocessing_context="fork"
    )
    for epoch in (0, 1):
        collator.set_epoch(epoch)
        found = torch.cat([batch["labels"] for batch in loader])
        expected = torch.cat([collator(ROWS[:6])["labels"], collator(ROWS[6:])["labels"]])
        assert torch.equal(found, expected)


def trained(vocabulary_folder, folder, **settings):
    """Return a ``Trainer`` that has made eight steps over four epochs of eight rows, and the batches its model was given."""
    transformers = pytest.importorskip("transformers")
    pytest.importorskip("accelerate")
    transformers.logging.set_verbosity_error()
    config = transformers.BertConfig(
        vocab_size=len(TOKENS), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64
    )
    arguments = transformers.TrainingArguments(
        output_dir=str(folder), max_steps=8, per_device_train_batch_size=4, logging_steps=1, learning_rate=1e-3,
        remove_unused_columns=False, report_to=[], use_cpu=True, disable_tqdm=True, save_strategy="no", **settings,
    )  # fmt: skip
    collator = MaskingCollator(vocabulary_folder, mask="wwm", mask_prob=0.4, seed=1)
    batches = []

    class Watched(transformers.Trainer):
        def compute_loss(self, model, inputs, *others, **named):
            batches.append({name: tensor.clone() for name, tensor in inputs.items()})
            return super().compute_loss(model, inputs, *others, **named)

    trainer = Watched(
        transformers.BertForPreTraining(config), arguments, data_collator=collator, train_dataset=ROWS[:8],
        callbacks=[collator.callback()],
    )  # fmt: skip
    trainer.train()
    return trainer, batches


def rows_in(batch):
    """Return each row as its clean text, and its masks."""
    clean = torch.where(batch["labels"] >= 0, batch["labels"], batch["input_ids"])
    return {
        tuple(row.tolist()): tuple((labels >= 0).tolist()) for row, labels in zip(clean, batch["labels"], strict=True)
    }


@pytest.mark.reference
@pytest.mark.filterwarnings("default")
def test_a_trainer_trains_with_it(vocabulary_folder, tmp_path):
    trainer, batches = trained(vocabulary_folder, tmp_path)
    assert trainer.state.global_step == len(batches) == 8
    assert all(0.0 < entry["loss"] < 10.0 for entry in trainer.state.log_history if "loss" in entry)
    collator = MaskingCollator(vocabulary_folder, mask="wwm", mask_prob=0.4, seed=1)
    for step, batch in enumerate(batches):
        collator.set_epoch(step // 2)
        expected = rows_in(collator(ROWS[:8]))
        for text, masks in rows_in(batch).items():
            whole = next(row for row in expected if row[: len(text)] == text)
            assert expected[whole][: len(masks)] == masks


@pytest.mark.reference
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("persistent", [False, True])
def test_a_trainer_is_given_the_same_batches_by_several_workers(persistent, vocabulary_folder, tmp_path):
    _, alone = trained(vocabulary_folder, tmp_path)
    _, found = trained(
        vocabulary_folder, tmp_path, dataloader_num_workers=2, dataloader_persistent_workers=persistent,
        dataloader_prefetch_factor=2,
    )  # fmt: skip
    assert len(found) == len(alone) == 8
    for ours, theirs in zip(alone, found, strict=True):
        assert ours.keys() == theirs.keys()
        assert all(torch.equal(ours[name], theirs[name]) for name in ours)
