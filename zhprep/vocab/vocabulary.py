"""A vocabulary: its entries in order of id, its special ids, and the library's tokenizer as JSON."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from zhprep.vocab.bytemap import text_of
from zhprep.vocab.config import SPECIALS

N_ROLES = len(SPECIALS)
"""The first special tokens have a role each: pad, unk, cls, sep, mask."""

UNUSED = re.compile(r"\[unused\d+\]|<unused\d+>")


@dataclasses.dataclass(frozen=True)
class Vocabulary:
    """What :func:`zhprep.vocab.load` and the trainers give.

    ``tokenizer_json`` is the exact text of tokenizer.json; ``sha256`` is its hash and names the
    vocabulary in manifests. ``specials`` are all special tokens, the five roles first. ``settings`` is
    what goes into tokenizer_config.json beside them; ``report`` is what the trainer says of itself.
    """

    kind: str
    tokens: list[str]
    tokenizer_json: str
    specials: tuple[str, ...] = SPECIALS
    merges: tuple[tuple[str, str], ...] = ()
    settings: dict[str, Any] = dataclasses.field(default_factory=dict)
    report: dict[str, Any] = dataclasses.field(default_factory=dict)
    path: Path | None = None

    @property
    def size(self) -> int:
        """Number of entries."""
        return len(self.tokens)

    @functools.cached_property
    def ids(self) -> dict[str, int]:
        """Token to id."""
        return {token: number for number, token in enumerate(self.tokens)}

    @functools.cached_property
    def shown(self) -> list[str]:
        """The entries as a person reads them: bytes as their text (␣ for a space) where they are whole characters."""
        if self.kind != "bbpe":
            return self.tokens
        return [token if (text := text_of(token)) is None else text.replace(" ", "␣") for token in self.tokens]

    @functools.cached_property
    def parts(self) -> dict[str, Any]:
        """tokenizer.json as plain values: normalizer, pre_tokenizer, model, added_tokens, …; not to be changed."""
        parts: dict[str, Any] = json.loads(self.tokenizer_json)
        return parts

    @functools.cached_property
    def sha256(self) -> str:
        """Hash of tokenizer.json."""
        return hashlib.sha256(self.tokenizer_json.encode()).hexdigest()

    @property
    def pad(self) -> int:
        """Id of the padding token."""
        return self.ids[self.specials[0]]

    @property
    def unk(self) -> int:
        """Id of the unknown token."""
        return self.ids[self.specials[1]]

    @property
    def cls(self) -> int:
        """Id of the token that opens an instance."""
        return self.ids[self.specials[2]]

    @property
    def sep(self) -> int:
        """Id of the token that closes a segment."""
        return self.ids[self.specials[3]]

    @property
    def mask(self) -> int:
        """Id of the mask token."""
        return self.ids[self.specials[4]]

    @functools.cached_property
    def is_special(self) -> npt.NDArray[np.bool_]:
        """True at the ids of special tokens, bool[V]."""
        flags = np.zeros(self.size, np.bool_)
        flags[[self.ids[token] for token in self.specials]] = True
        return flags

    def never_text(self, keep_special: Iterable[str] = ()) -> npt.NDArray[np.bool_]:
        """True at the ids that no text has, bool[V]: special tokens but the unknown one and ``keep_special``."""
        flags = np.zeros(self.size, np.bool_)
        text = {self.specials[1], *keep_special}
        flags[[self.ids[token] for token in self.specials if token in self.ids and token not in text]] = True
        return flags

    @functools.cached_property
    def normal_ids(self) -> npt.NDArray[np.int32]:
        """Ids that a random replacement may draw: no special token and no unused slot, int32[N]."""
        free = np.array([token[:1] in ("[", "<") and bool(UNUSED.fullmatch(token)) for token in self.tokens], np.bool_)
        return np.flatnonzero(~(self.is_special | free)).astype(np.int32)
