from __future__ import annotations

import pytest
import torch

from zhprep.models import ModelConfig


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture
def small() -> ModelConfig:
    """Two layers of 32, both BERT objectives, a vocabulary of 50."""
    return ModelConfig(
        vocabulary_size=50, n_layers=2, width=32, n_heads=2, feedforward_width=64, n_positions=24,
        objectives=("mlm", "next_sentence"),
    )  # fmt: skip
