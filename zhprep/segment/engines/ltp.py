"""LTP (Harbin Institute of Technology), version 4."""

from __future__ import annotations

from zhprep.core.installed import version_of
from zhprep.core.registry import require
from zhprep.segment.config import SegmentConfig
from zhprep.segment.cuts import restore_spaces

_BATCH = 64  # sentences a call: LTP pads them to the longest


class Ltp:
    """Cut with LTP's ``cws`` task (``--cws ltp``); ``model`` is the folder or name of its model."""

    name = "ltp"

    def __init__(self, config: SegmentConfig) -> None:
        module = require("ltp", purpose="--cws ltp", install="ltp")
        self._engine = module.LTP(config.model) if config.model else module.LTP()
        self._model = config.model

    def fingerprint(self) -> str:
        """Return the version and the model's name."""
        return f"ltp {version_of('ltp')} model={self._model}"

    def cut(self, sentences: list[str]) -> list[list[str]]:
        """Return the words of each sentence; the spaces that LTP drops are words again."""
        words: list[list[str]] = []
        for i in range(0, len(sentences), _BATCH):
            some = sentences[i : i + _BATCH]
            rows = self._engine.pipeline(some, tasks=["cws"]).cws
            words += [restore_spaces(sentence, row) for sentence, row in zip(some, rows, strict=True)]
        return words
