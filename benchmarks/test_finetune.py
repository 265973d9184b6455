"""Fine-tuning and scoring on a CPU, ours beside transformers' ``Trainer``: the same model, task, epochs and rates.

One task is to tell which part of the sample corpus a passage of two to six clauses is from. In random batches of 32
there are 2.1 places to a real token, as in AFQMC's parent ATEC (2.1; ChnSentiCorp 1.5 at 128 tokens, 2.4 at 256). The
other is ChnSentiCorp's first rows, where they are at hand (``ZHPREP_DATA``). Timed is all from texts to scores
(encoding, training, scoring on dev), in processor time of one thread; the peer pads each batch to its longest row, as
its collator does. Both scores are means over three seeds, printed side by side, and must lie within a deviation: that
of the difference of two runs.
"""

from __future__ import annotations

import json
import math
import os
import random
import re
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from racing import Race

from zhprep.collate import Padding
from zhprep.core.progress import Progress
from zhprep.engine.distribution import World
from zhprep.evaluate.config import EvaluateConfig
from zhprep.evaluate.score import score_task
from zhprep.evaluate.tasks import read_task
from zhprep.models import model_config
from zhprep.models.checkpoints.files import save_model
from zhprep.models.model import seeded_model
from zhprep.vocab import VocabConfig, count, load, train, write

transformers = pytest.importorskip("transformers")
ROOT = Path(__file__).parent.parent
N_TRAIN, N_DEV, LENGTH, SEEDS = 900, 300, 128, (0, 1, 2)
LEAST = 1.5


def passages() -> list[dict[str, str]]:
    """Return passages of the sample corpus, each with the name of its file."""
    draw, rows = random.Random(1), []
    for file in sorted((ROOT / "sample_data" / "corpus").glob("*.txt")):
        sentences = [one for one in re.split(r"(?<=[，。！？；])|\n", file.read_text("utf-8")) if one]
        for _ in range((N_TRAIN + N_DEV) // 8):
            begin = draw.randrange(len(sentences) - 12)
            end = begin + draw.choice((2, 2, 3, 3, 3, 4, 4, 6))
            rows.append({"text": "".join(sentences[begin:end]), "label": file.stem})
    draw.shuffle(rows)
    return rows


def reviews() -> list[dict[str, str]]:
    """Return the first rows of ChnSentiCorp."""
    folder = Path(os.environ.get("ZHPREP_DATA", ROOT.parent / "shared" / "data")) / "tasks" / "chnsenticorp"
    if not folder.exists():
        pytest.skip(f"no {folder} (set ZHPREP_DATA)")
    rows = []
    for part, n_rows in (("train", N_TRAIN), ("dev", N_DEV)):
        lines = (folder / f"{part}.jsonl").read_text("utf-8").splitlines()[:n_rows]
        rows += [{"text": row["text"], "label": str(row["label"])} for row in map(json.loads, lines)]
    return rows


@pytest.fixture(scope="module", params=[passages, reviews])
def rows(request: pytest.FixtureRequest) -> list[dict[str, str]]:
    found: list[dict[str, str]] = request.param()
    return found


@pytest.fixture(scope="module")
def task(rows: list[dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("task")
    for part, chosen in (("train", rows[:N_TRAIN]), ("dev", rows[N_TRAIN:])):
        lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in chosen]
        (folder / f"{part}.jsonl").write_text("".join(lines), "utf-8")
    return folder


@pytest.fixture(scope="module")
def model(rows: list[dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT of fresh weights, as a folder that both read; its vocabulary is of the texts of train."""
    import pyarrow as pa

    from zhprep.core import schema

    folder = tmp_path_factory.mktemp("model")
    texts = [row["text"] for row in rows[:N_TRAIN]]
    columns = [pa.array(["sample"]), pa.array([texts], pa.list_(pa.string()))]
    config = VocabConfig(size=4000)
    vocabulary = train(count(pa.RecordBatch.from_arrays(columns, schema=schema.TEXT), config), config)
    write(vocabulary, folder)
    described = model_config({"objectives": ["mlm", "next_sentence"]}, "tiny", load(folder).size)
    save_model(seeded_model(described, 1), folder)
    return folder


def ours(model: Path, task: Path) -> list[float]:
    config = EvaluateConfig(seeds=SEEDS, learning_rate=1e-3, epochs=4, max_length=LENGTH, threads=1)
    found: list[float] = score_task(model, read_task(task), config, World(), Progress())["accuracy"]["values"]
    return found


def theirs(model: Path, task: Path, output: Path) -> list[float]:
    tokenizer = transformers.AutoTokenizer.from_pretrained(model)
    parts = {part: (task / f"{part}.jsonl").read_text("utf-8").splitlines() for part in ("train", "dev")}
    rows = {part: [json.loads(line) for line in lines] for part, lines in parts.items()}
    names = sorted({row["label"] for row in rows["train"]})
    data = {part: [_encoded(tokenizer, row, names) for row in chosen] for part, chosen in rows.items()}
    return [_trained(model, data, tokenizer, names, output, seed) for seed in SEEDS]


def _encoded(tokenizer: Any, row: dict[str, str], names: list[str]) -> dict[str, Any]:
    return {**tokenizer(row["text"], truncation=True, max_length=LENGTH), "labels": names.index(row["label"])}


def _trained(model: Path, data: dict[str, Any], tokenizer: Any, names: list[str], output: Path, seed: int) -> float:
    arguments = transformers.TrainingArguments(
        output_dir=str(output), per_device_train_batch_size=32, per_device_eval_batch_size=64, num_train_epochs=4,
        learning_rate=1e-3, warmup_steps=0.1, weight_decay=0.01, seed=seed, save_strategy="no", report_to=[],
        disable_tqdm=True, use_cpu=True, logging_strategy="no", dataloader_pin_memory=False,
    )  # fmt: skip
    transformers.set_seed(seed)
    classifier = transformers.BertForSequenceClassification.from_pretrained(model, num_labels=len(names))
    collator = transformers.DataCollatorWithPadding(tokenizer)
    trainer = transformers.Trainer(classifier, arguments, data_collator=collator, train_dataset=data["train"])
    trainer.train()
    said = trainer.predict(data["dev"])
    return float((said.predictions.argmax(-1) == said.label_ids).mean())


def timed(function: Any, *arguments: Any) -> tuple[float, list[float]]:
    began = time.process_time()
    scores = function(*arguments)
    return time.process_time() - began, scores


def test_finetuning(race: Race, model: Path, task: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    Padding()  # what is imported late is imported before either is timed
    mine, other = timed(ours, model, task), timed(theirs, model, task, tmp_path)
    n_rows = len(SEEDS) * 4 * N_TRAIN / 1000
    deviations = [float(np.std(scores, ddof=1)) for _, scores in (mine, other)]
    for whose, (_, scores), deviation in zip(("zhprep", "Trainer"), (mine, other), deviations, strict=True):
        shown = ", ".join(f"{score:.3f}" for score in scores)
        print(f"\n{whose}: accuracy {np.mean(scores):.3f} ± {deviation:.3f} over seeds ({shown})", end="")
    apart = abs(float(np.mean(mine[1]) - np.mean(other[1])))
    assert apart <= math.hypot(*deviations) + 1 / N_DEV
    what = "fine-tuning, tiny, CPU" + (", ChnSentiCorp" if "reviews" in request.node.name else "")
    peer = "transformers Trainer, dynamic padding"
    assert race.add(what, peer, n_rows / mine[0], n_rows / other[0], "k rows/s") > LEAST
