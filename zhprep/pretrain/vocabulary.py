"""Stand-in for zhprep.vocab.load until that is merged: the same attributes, read from tokenizer.json."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path

import numpy as np
import numpy.typing as npt

from zhprep.core.errors import UsageError


@dataclasses.dataclass(frozen=True)
class Vocabulary:
    """Tokens by id, and the ids of the special ones."""

    tokens: list[str]
    pad: int
    unk: int
    cls: int
    sep: int
    mask: int
    sha256: str
    normal_ids: npt.NDArray[np.int64]

    @property
    def size(self) -> int:
        """Number of entries."""
        return len(self.tokens)


def load(path: Path) -> Vocabulary:
    """Return the vocabulary in the folder ``path``."""
    file = path / "tokenizer.json"
    if not file.exists():
        raise UsageError(
            f"{path} is not a vocabulary: no tokenizer.json in it", hint="make one with `zhprep build-vocab`"
        )
    raw = file.read_bytes()
    ids = json.loads(raw)["model"]["vocab"]
    tokens = [""] * (max(ids.values()) + 1)
    for token, number in ids.items():
        tokens[number] = token
    normal = [
        i for i, token in enumerate(tokens) if not (token.startswith("[") and token.endswith("]") and len(token) > 2)
    ]
    specials = [ids[name] for name in ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")]
    return Vocabulary(tokens, *specials, hashlib.sha256(raw).hexdigest(), np.array(normal))
