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
        vocab_size=50, num_hidden_layers=2, hidden_size=32, num_attention_heads=2, intermediate_size=64, max_position_embeddings=24,
        objectives=("mlm", "next_sentence"),
    )  # fmt: skip
