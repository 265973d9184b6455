"""Our own format, for models that transformers has no class for: our names of weights, all settings as they are."""

from __future__ import annotations

from zhprep.models.checkpoints.format import Format
from zhprep.models.config import ModelConfig


def matches(config: ModelConfig) -> bool:  # noqa: ARG001
    """Return True: any model can be saved so."""
    return True


def architecture(config: ModelConfig) -> str:  # noqa: ARG001
    """Return what to load it with."""
    return "zhprep.models.checkpoints.files.load_model"


FORMAT = Format(model_type="zhprep", weights=None, matches=matches, architecture=architecture)
