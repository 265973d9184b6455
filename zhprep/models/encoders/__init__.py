"""How layers are arranged: modules from embeddings ``[B, L, D]`` to states ``[B, L, D]``."""

from __future__ import annotations

from zhprep.models.encoders.stacked import StackedEncoder
from zhprep.models.part import Encoder

ENCODERS: dict[str, type[Encoder]] = {
    "stacked": StackedEncoder,
}
