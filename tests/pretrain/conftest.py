from __future__ import annotations

from pathlib import Path

import pytest
import torch
from training_data import write_instances, write_vocabulary

from zhprep.pretrain.config import PretrainConfig


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def vocabulary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_vocabulary(tmp_path_factory.mktemp("vocabulary"))


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_instances(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="session")
def static_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_instances(tmp_path_factory.mktemp("static"), static=True)


@pytest.fixture(scope="session")
def config() -> PretrainConfig:
    """Twelve steps of eight rows at a size of two layers of 32."""
    return PretrainConfig(
        size="nano", steps=12, batch_size=8, learning_rate=3e-3, warmup=0.25, threads=1, log_every=1, accumulate=2,
        checkpoint_every=5,
    )  # fmt: skip
