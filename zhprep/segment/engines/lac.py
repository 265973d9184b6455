"""LAC (Baidu): a GRU with a CRF."""

from __future__ import annotations

from zhprep.core.installed import version_of
from zhprep.core.registry import require
from zhprep.segment.config import SegmentConfig
from zhprep.segment.cuts import restore_spaces

_BATCH = 256  # sentences a call


class Lac:
    """Cut with LAC's ``seg`` mode (``--cws lac``); ``model`` is a folder of other weights."""

    name = "lac"

    def __init__(self, config: SegmentConfig) -> None:
        module = require("LAC", purpose="--cws lac", install="LAC")
        self._engine = module.LAC(model_path=config.model, mode="seg")
        if config.user_dictionary is not None:
            self._engine.load_customization(config.user_dictionary)
        self._chosen = config

    def fingerprint(self) -> str:
        """Return the version and what was chosen."""
        chosen = f"model={self._chosen.model} user_dictionary={self._chosen.user_dictionary}"
        return f"lac {version_of('LAC')} {chosen}"

    def cut(self, sentences: list[str]) -> list[list[str]]:
        """Return the words of each sentence; the spaces that LAC drops are words again."""
        words: list[list[str]] = []
        for i in range(0, len(sentences), _BATCH):
            some = sentences[i : i + _BATCH]
            words += [restore_spaces(sentence, row) for sentence, row in zip(some, self._engine.run(some), strict=True)]
        return words
