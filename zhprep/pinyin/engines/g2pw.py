"""g2pW: a BERT reads the polyphones (Chen et al., Interspeech 2022), from weights on this machine.

The package ``g2pw`` would fetch its weights when first used; zhprep never reads from the network, so the folder of the
model and that of its tokenizer are given with ``--g2pw-model`` and ``--g2pw-tokenizer``.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zhprep.core.errors import DataError, UsageError
from zhprep.core.registry import require
from zhprep.pinyin.flat import FlatText
from zhprep.pinyin.syllables import ids
from zhprep.pinyin.words import Syllables

if TYPE_CHECKING:
    from zhprep.pinyin.config import PinyinConfig

SENTENCES = 256
"""Sentences handed over at once."""


class G2pwEngine:
    """The package g2pw with a local model."""

    name = "g2pw"

    def __init__(self, config: PinyinConfig) -> None:
        self._model = _folder(config.g2pw_model, "--g2pw-model", "g2pw.onnx", "version")
        tokenizer = _folder(config.g2pw_tokenizer, "--g2pw-tokenizer", "vocab.txt")
        package = require("g2pw", purpose="--engine g2pw", install="g2pw onnxruntime transformers")
        self._version = getattr(package, "__version__", "unknown")
        self._convert: Any = package.G2PWConverter(
            model_dir=f"{self._model}/",
            model_source=str(tokenizer),
            style="pinyin",
            enable_non_tradional_chinese=True,  # the package's spelling
        )

    def fingerprint(self) -> str:
        """Return the version of g2pw and the hash of the model."""
        with (self._model / "g2pw.onnx").open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return f"g2pw {self._version} {digest[:16]}"

    def read(self, text: FlatText) -> Syllables:
        """Return the syllable of every code point in its sentence, uint16 ``[N]``.

        Raises ``DataError`` when the package answers with another number of characters.
        """
        result = np.zeros(len(text.codes), np.uint16)
        bounds = text.sentence_offsets
        known = ids()
        for first in range(0, len(bounds) - 1, SENTENCES):
            block = range(first, min(first + SENTENCES, len(bounds) - 1))
            rows = [row for row in block if bounds[row] < bounds[row + 1]]
            sentences = ["".join(map(chr, text.codes[bounds[row] : bounds[row + 1]])) for row in rows]
            for row, sentence, read in zip(rows, sentences, self._convert(sentences) if rows else [], strict=True):
                if len(read) != len(sentence):
                    raise DataError(
                        f"g2pw read {len(read)} of {len(sentence)} characters of {sentence[:40]!r}",
                        hint="take another --engine, and report the sentence to the makers of g2pw",
                    )
                result[bounds[row] : bounds[row + 1]] = [known.get(syllable or "", 0) for syllable in read]
        return result


def _folder(path: str | None, flag: str, *files: str) -> Path:
    if path is None:
        hint = f"give the folder that holds {files[0]}; nothing is downloaded"
        raise UsageError(f"--engine g2pw needs {flag}", hint=hint)
    folder = Path(path).expanduser()
    for file in files:  # without `version` the package would fetch the model
        if not (folder / file).is_file():
            raise UsageError(f"{flag} {folder} has no {file}", hint="give the folder of the unpacked model")
    return folder
