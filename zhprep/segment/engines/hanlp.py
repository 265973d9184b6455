"""HanLP 2, any of its tokenizers."""

from __future__ import annotations

from zhprep.core.errors import UsageError
from zhprep.core.installed import version_of
from zhprep.core.registry import require
from zhprep.segment.config import SegmentConfig
from zhprep.segment.cuts import restore_spaces

_BATCH = 64  # sentences a call


class Hanlp:
    """Cut with a HanLP tokenizer (``--cws hanlp --model FOLDER``)."""

    name = "hanlp"

    def __init__(self, config: SegmentConfig) -> None:
        module = require("hanlp", purpose="--cws hanlp", install="hanlp")
        if config.model is None:
            raise UsageError(
                "--cws hanlp needs a model", hint="give --model: a folder, or a name such as COARSE_ELECTRA_SMALL_ZH"
            )
        known = getattr(module.pretrained.tok, config.model, config.model)
        self._engine = module.load(known)
        self._model = config.model

    def fingerprint(self) -> str:
        """Return the version and the model's name."""
        return f"hanlp {version_of('hanlp')} model={self._model}"

    def cut(self, sentences: list[str]) -> list[list[str]]:
        """Return the words of each sentence; the spaces that HanLP drops are words again."""
        words: list[list[str]] = []
        for i in range(0, len(sentences), _BATCH):
            some = sentences[i : i + _BATCH]
            words += [restore_spaces(sentence, row) for sentence, row in zip(some, self._engine(some), strict=True)]
        return words
