from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
import torch
from training_data import SENTENCES, nano, write_instances, write_vocabulary

from zhprep.pretrain.config import PretrainConfig
from zhprep.pretrain.run import pretrain


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_instances(tmp_path_factory.mktemp("data"))
    write_vocabulary(folder / "vocab")
    return folder


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory, data: Path) -> Path:
    """A run of a hundred steps."""
    torch.set_num_threads(1)
    run = tmp_path_factory.mktemp("finished") / "run"
    config = PretrainConfig(size="nano", steps=100, batch_size=32, learning_rate=1e-2, warmup=0.1, validation=0.1)
    pretrain(data, run, nano(), config)
    return run


@pytest.fixture(scope="session")
def task(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Does the sentence speak of drinking, of eating, or of neither?"""
    folder = tmp_path_factory.mktemp("tasks") / "meals"
    folder.mkdir()
    draw = random.Random(5)
    for part, n_rows in (("train", 240), ("dev", 90)):
        texts = [draw.choice(SENTENCES) + draw.choice(SENTENCES[3:5]) for _ in range(n_rows)]
        labels = ["喝" if "喝" in text else "吃" if "吃" in text else "无" for text in texts]
        rows = [{"text": text, "label": label} for text, label in zip(texts, labels, strict=True)]
        (folder / f"{part}.jsonl").write_text(
            "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8"
        )
    return folder
