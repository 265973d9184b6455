"""The rate of the masks follows a schedule, whoever makes the batches."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader
from training_data import pair

from zhprep.collate import DynamicMasks, MaskingCollator
from zhprep.collate.hugging_face import _gather
from zhprep.instances import InstancesConfig

ROWS = [pair(number) for number in range(96)]
SCHEDULE = "0:0.1,0.5:0.6,1:0.1"


def expected(vocabulary, rows, epoch, rate):
    gathered = _gather(rows, ["input_ids", "word_ids", "instance_id"])
    config = InstancesConfig(mask="char", seed=2, mask_prob=rate)
    return DynamicMasks.of(config, vocabulary)(gathered, np.full(len(rows), epoch)).positions


def collator_of(folder, **settings):
    return MaskingCollator(folder, mask="char", seed=2, mask_prob_schedule=SCHEDULE, **settings)


def test_masks_are_those_of_the_rate_at_the_share(vocabulary):
    config = InstancesConfig(mask="char", seed=2, mask_prob_schedule=SCHEDULE)
    masks = DynamicMasks.of(config, vocabulary)
    rows = _gather(ROWS, ["input_ids", "word_ids", "instance_id"])
    for progress, rate in ((0.0, 0.1), (0.25, 0.35), (0.5, 0.6), (1.0, 0.1), (None, 0.15)):
        found = masks(rows, np.zeros(len(rows), np.int64), progress)
        assert np.array_equal(found.positions, expected(vocabulary, ROWS, 0, rate))
    assert masks.rate(0.25) == pytest.approx(0.35)
    assert DynamicMasks.of(InstancesConfig(), vocabulary).rate(0.25) is None


@pytest.mark.parametrize("accumulation", [1, 3])
def test_any_number_of_workers_gives_the_same_batches(vocabulary_folder, accumulation):
    made = []
    for workers, persistent in ((0, False), (1, False), (2, False), (2, True)):
        collator = collator_of(vocabulary_folder)
        loader = DataLoader(
            ROWS, 8, collate_fn=collator, num_workers=workers, persistent_workers=persistent, prefetch_factor=2
        ) if workers else DataLoader(ROWS, 8, collate_fn=collator)  # fmt: skip
        batches = []
        for epoch in range(2):
            collator.set_epoch(epoch)
            collator.progress.begin(epoch * 12 // accumulation, 24 // accumulation, accumulation)
            batches += [batch["labels"] for batch in loader]
        made.append(batches)
    for batches in made[1:]:
        assert all(torch.equal(*both) for both in zip(made[0], batches, strict=True))
    shares = [float((labels >= 0).float().mean()) for labels in made[0]]
    assert shares[11] > 2 * shares[0]
    assert shares[12] > 2 * shares[23]


def test_batches_that_are_not_of_the_training_have_the_plain_rate(vocabulary_folder, vocabulary):
    def of(rate):
        return len(expected(vocabulary, ROWS[:8], 0, rate))

    collator = collator_of(vocabulary_folder)
    progress = collator.progress

    def now():
        return int((collator(ROWS[:8])["labels"] >= 0).sum())

    assert now() == of(0.15)
    progress.begin(4, 8)
    assert now() == of(0.6)
    progress.pause()
    assert [now(), now()] == [of(0.15)] * 2
    progress.go_on()
    assert now() == of(0.475)
    progress.end()
    progress.go_on()  # an evaluation after the end
    assert now() == of(0.15)


def trained(folder, vocabulary_folder, *, workers, resume=None, **settings):
    """Train with a Trainer; return the masks of each step, in order, and the weights."""
    from transformers import BertConfig, BertForMaskedLM, Trainer, TrainingArguments

    seen = []

    class Watched(Trainer):
        def training_step(self, model, inputs, *others, **more):
            seen.append((self.state.global_step, int((inputs["labels"] >= 0).sum())))
            return super().training_step(model, inputs, *others, **more)

    torch.manual_seed(0)
    size = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 1, "intermediate_size": 16}
    model = BertForMaskedLM(BertConfig(vocab_size=64, **size))
    collator = collator_of(vocabulary_folder)
    arguments = TrainingArguments(
        str(folder), per_device_train_batch_size=8, num_train_epochs=2, remove_unused_columns=False, report_to=[],
        dataloader_num_workers=workers, use_cpu=True, disable_tqdm=True, save_steps=5, logging_steps=100, seed=3,
        eval_strategy="steps", eval_steps=4, dataloader_pin_memory=False, **settings,
    )  # fmt: skip
    rows = [{name: value for name, value in row.items() if "label" not in name} for row in ROWS]
    trainer = Watched(
        model, arguments, data_collator=collator, train_dataset=rows, eval_dataset=rows[:16],
        callbacks=[collator.callback()],
    )  # fmt: skip
    trainer.train(resume_from_checkpoint=resume)
    weights = torch.cat([weight.detach().ravel() for weight in model.parameters()])
    return seen, weights


@pytest.mark.slow
def test_in_a_trainer(vocabulary_folder, tmp_path):
    whole, weights = trained(tmp_path / "whole", vocabulary_folder, workers=0)
    assert whole[12][1] > 2 * whole[0][1]
    assert [step for step, _ in whole] == list(range(24))
    with_workers, same = trained(tmp_path / "workers", vocabulary_folder, workers=2)
    assert with_workers == whole
    assert torch.equal(same, weights)
    resumed, same = trained(
        tmp_path / "more", vocabulary_folder, workers=0, resume=str(tmp_path / "whole" / "checkpoint-20")
    )
    assert resumed == whole[20:]
    assert torch.equal(same, weights)
