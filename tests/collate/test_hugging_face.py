from __future__ import annotations

import numpy as np
import pytest
import torch
from training_data import TOKENS, masked, pair

from zhprep.collate import DynamicMasks, MaskingCollator, to_tensors
from zhprep.core.errors import DataError, UsageError
from zhprep.instances.config import InstancesConfig

ROWS = [pair(number) for number in range(12)]


def test_labels_are_the_original_tokens_where_masks_are_and_minus_100_elsewhere(vocabulary_folder):
    batch = MaskingCollator(vocabulary_folder, mask="char", seed=2, rate=0.4, pad_to_multiple_of=8)(ROWS)
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
    assert torch.equal(to_tensors(rows, found, [], pad_id=0)["input_ids"], batch["input_ids"])


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
    collator = MaskingCollator(vocabulary_folder, mask="char", seed=2, rate=0.4, pad_to_multiple_of=32)
    loader = torch.utils.data.DataLoader(
        ROWS, batch_size=6, collate_fn=collator, num_workers=1, persistent_workers=True, multiprocessing_context="fork"
    )
    for epoch in (0, 1):
        collator.set_epoch(epoch)
        found = torch.cat([batch["labels"] for batch in loader])
        expected = torch.cat([collator(ROWS[:6])["labels"], collator(ROWS[6:])["labels"]])
        assert torch.equal(found, expected)


@pytest.mark.reference
@pytest.mark.filterwarnings("default")
def test_a_trainer_trains_with_it(vocabulary_folder, tmp_path):
    transformers = pytest.importorskip("transformers")
    pytest.importorskip("accelerate")
    transformers.logging.set_verbosity_error()
    config = transformers.BertConfig(
        vocab_size=len(TOKENS), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64
    )
    arguments = transformers.TrainingArguments(
        output_dir=str(tmp_path), max_steps=4, per_device_train_batch_size=6, logging_steps=1, learning_rate=1e-3,
        remove_unused_columns=False, report_to=[], use_cpu=True, disable_tqdm=True, save_strategy="no",
    )  # fmt: skip
    collator = MaskingCollator(vocabulary_folder, mask="wwm", seed=1)
    seen = []

    def spying(rows):
        seen.append((int(collator._epoch), sorted(row["instance_id"] for row in rows)))
        return collator(rows)

    trainer = transformers.Trainer(
        transformers.BertForPreTraining(config), arguments, data_collator=spying, train_dataset=ROWS,
        callbacks=[collator.callback()],
    )  # fmt: skip
    trained = trainer.train()
    assert trained.global_step == 4
    assert 0.0 < trained.training_loss < 10.0
    assert [epoch for epoch, _ in seen[:4]] == [0, 0, 1, 1]
