"""Weights on disk: safetensors files that others may read as they may read all else (it makes files of mode 0600)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import safetensors.torch
from torch import Tensor


def write_weights(weights: Mapping[str, Tensor], path: Path, metadata: dict[str, str] | None = None) -> None:
    """Write ``weights`` to ``path``, readable by whom the umask lets."""
    path.unlink(missing_ok=True)
    path.touch()
    mode = path.stat().st_mode
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in weights.items()}
    safetensors.torch.save_file(tensors, path, metadata=metadata)
    path.chmod(mode)
