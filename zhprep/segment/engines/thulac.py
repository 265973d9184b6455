"""THULAC (Tsinghua University): a perceptron with its model in the package."""

from __future__ import annotations

import contextlib
import io

from zhprep.core.installed import version_of
from zhprep.core.registry import require
from zhprep.segment.config import SegmentConfig
from zhprep.segment.cuts import restore_spaces


class Thulac:
    """Cut with ``thulac`` without part of speech (``--cws thulac``); ``model`` is a folder of other weights."""

    name = "thulac"

    def __init__(self, config: SegmentConfig) -> None:
        module = require("thulac", purpose="--cws thulac", install="thulac")
        with contextlib.redirect_stdout(io.StringIO()):  # it says "Model loaded succeed" among the data
            self._engine = module.thulac(user_dict=config.user_dictionary, model_path=config.model, seg_only=True)
        self._chosen = config

    def fingerprint(self) -> str:
        """Return the version and what was chosen."""
        chosen = f"model={self._chosen.model} user_dictionary={self._chosen.user_dictionary}"
        return f"thulac {version_of('thulac')} {chosen}"

    def cut(self, sentences: list[str]) -> list[list[str]]:
        """Return the words of each sentence; the spaces that THULAC drops are words again."""
        return [restore_spaces(sentence, self._words(sentence)) for sentence in sentences]

    def _words(self, sentence: str) -> list[str]:
        return [entry[0] for entry in self._engine.cut(sentence)]
