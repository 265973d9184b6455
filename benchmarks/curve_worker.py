"""One contender of ``equal_loss.py``, in a process of its own: trains, and prints the held-out loss every so often.

``python curve_worker.py zhprep|transformers FOLDER SIZE STEPS EVERY SETTINGS``: ours is the job of ``zhprep
pretrain`` with ``quick.toml``; the peer is ``transformers.Trainer`` with its best settings: fused AdamW, batches of
rows of about one length (the lengths are read before the clock begins), sdpa, linear decay, no dropout. Its whole-word
masks are those of zhprep's collator, as its own are wrong for Chinese. Both are looked at on the same held-out rows
under the same masks, by the same function on the same kind of model, outside the time that is told. After each look
it waits for a line, so that contenders go by turns.
"""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from zhprep.collate import Instances
from zhprep.collate.hugging_face import MaskingCollator
from zhprep.core.config import build
from zhprep.engine.distribution import World
from zhprep.engine.validation import in_order, predict
from zhprep.models import Model
from zhprep.models.checkpoints.files import load_weights
from zhprep.models.model import seeded_model
from zhprep.pretrain.config import PretrainConfig
from zhprep.pretrain.job import Job, set_up
from zhprep.recipes import load_recipe

RECIPE = str(Path(__file__).parent / "quick.toml")
N_HELD_OUT = 256


@dataclasses.dataclass
class Clock:
    """Seconds of training, without the looks at held-out rows."""

    every: int
    cpu: float = 0.0
    clock: float = 0.0

    def begin(self) -> None:
        """Count from now on."""
        self._since = time.process_time(), time.monotonic()

    def pause(self) -> None:
        """Count no longer."""
        self.cpu += time.process_time() - self._since[0]
        self.clock += time.monotonic() - self._since[1]

    def tell(self, step: int, loss: float) -> None:
        """Say what was reached, and wait for the next turn."""
        print(json.dumps({"step": step, "cpu": self.cpu, "clock": self.clock, "loss": loss}), flush=True)
        sys.stdin.readline()


def job_of(folder: Path, size: str, **stated: Any) -> Job:
    """Return the job of the recipe on the instances in ``folder``."""
    sections = load_recipe(RECIPE, size=size)
    config = build(PretrainConfig, {**sections["pretrain"], "size": size, "threads": 1, **stated}, where="[pretrain]")
    return set_up([folder / "data"], folder / "run", sections["model"], config, None, World())


def held_out_loss(job: Job, model: Model) -> float:
    """Return the mean loss of ``model`` on the held-out rows, in nats."""
    stage = job.stages[0]
    found = predict(model, in_order(stage.batches, stage.held_out[:N_HELD_OUT], model), torch.device("cpu"))
    return float(found["mlm"].figures["loss"])


def ours(folder: Path, size: str, n_steps: int, clock: Clock, stated: dict[str, Any]) -> None:
    """Train as ``zhprep pretrain`` does."""
    job = job_of(folder, size, steps=n_steps, **stated)
    clock.tell(0, held_out_loss(job, job.model))
    job.model.train()
    clock.begin()
    for number, batches in enumerate(job.feed.steps(0, n_steps)):
        job.trainer.step(number, batches)
        if (number + 1) % clock.every == 0 or number + 1 == n_steps:
            clock.pause()
            clock.tell(number + 1, held_out_loss(job, job.model))
            clock.begin()


class RowsOf:
    """The rows that a job trains on, as ``Trainer`` takes them."""

    COLUMNS = ("input_ids", "token_type_ids", "word_ids", "special_tokens_mask", "instance_id")

    def __init__(self, job: Job) -> None:
        self.rows = job.stages[0].rows
        self.instances = Instances(job.stages[0].batches.instances.folder, needs=self.COLUMNS)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> dict[str, Any]:
        one = self.instances.gather(np.array([self.rows[index]], np.int64))
        lists = {name: column.values for name, column in one.lists.items()}
        return lists | {name: column[0] for name, column in one.plain.items()}


def theirs(folder: Path, size: str, n_steps: int, clock: Clock, stated: dict[str, Any]) -> None:
    """Train with ``transformers.Trainer``."""
    import transformers

    transformers.logging.set_verbosity_error()
    job = job_of(folder, size)
    described = job.model.config
    config = transformers.BertConfig(
        vocab_size=described.vocab_size, hidden_size=described.hidden_size, attention_probs_dropout_prob=0.0,
        num_hidden_layers=described.num_hidden_layers, num_attention_heads=described.num_attention_heads,
        intermediate_size=described.intermediate_size, hidden_dropout_prob=0.0, attn_implementation="sdpa",
    )  # fmt: skip
    transformers.set_seed(0)
    model = transformers.BertForMaskedLM(config)

    def look() -> float:
        model.save_pretrained(folder / f"peer-{stated['learning_rate']}")
        twin = seeded_model(described, 0)
        load_weights(twin, folder / f"peer-{stated['learning_rate']}")
        return held_out_loss(job, twin)

    class Looks(transformers.TrainerCallback):
        def on_train_begin(self, *_: Any, **__: Any) -> None:
            clock.begin()

        def on_step_end(self, _: Any, state: Any, __: Any, **___: Any) -> None:
            if state.global_step % clock.every == 0 or state.global_step == n_steps:
                clock.pause()
                clock.tell(state.global_step, look())
                clock.begin()

    arguments = transformers.TrainingArguments(
        output_dir=str(folder / "trainer"), per_device_train_batch_size=stated["batch_size"], max_steps=n_steps,
        learning_rate=stated["learning_rate"], warmup_steps=0.1, weight_decay=0.01, save_strategy="no", report_to=[],
        disable_tqdm=True, use_cpu=True, logging_strategy="no", dataloader_pin_memory=False, optim="adamw_torch_fused",
        train_sampling_strategy="group_by_length", remove_unused_columns=False,
    )  # fmt: skip
    trainer = transformers.Trainer(
        model, arguments, data_collator=MaskingCollator.of_data(folder / "data", trust=True), train_dataset=RowsOf(job),
        callbacks=[Looks()],
    )  # fmt: skip
    clock.tell(0, look())
    trainer.train()


def main() -> None:
    """Train one contender."""
    torch.set_num_threads(1)
    who, folder, size, steps, every, stated = sys.argv[1:]
    contender = ours if who == "zhprep" else theirs
    contender(Path(folder), size, int(steps), Clock(int(every)), json.loads(stated))


if __name__ == "__main__":
    main()
