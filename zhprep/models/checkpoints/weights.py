"""Weights on disk: safetensors files that others may read as they may read all else (it makes files of mode 0600)."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

import safetensors.torch
from safetensors import SafetensorError
from torch import Tensor

from zhprep.core.shards.commit import committed_path


def write_weights(weights: Mapping[str, Tensor], path: Path, metadata: dict[str, str] | None = None) -> None:
    """Write ``weights`` to ``path``, whole or not at all, readable by whom the umask lets."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in weights.items()}
    with committed_path(path) as name:
        try:
            safetensors.torch.save_file(tensors, name, metadata=metadata)
        except SafetensorError as error:  # a full disk is no error of the system to it
            number = re.search(r"os error (\d+)", str(error))
            raise (OSError(int(number[1]), os.strerror(int(number[1]))) if number else error) from error
