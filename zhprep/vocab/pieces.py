"""How text falls into pieces, by the same rules of the ``tokenizers`` library as when it is encoded.

A piece is what a model sees one at a time: a Chinese character, a punctuation mark, a run of letters.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from tokenizers import Regex, normalizers, pre_tokenizers

from zhprep.vocab.config import VocabConfig

HAN = r"[\u2E80-\u2FDF\u3005\u3007\u3021-\u3029\u3400-\u4DBF\u4E00-\u9FFF\uF900-\uFAFF\U00020000-\U000323AF]"


@dataclasses.dataclass(frozen=True)
class Splitter:
    """A normaliser and a pre-tokeniser of the library, or None where nothing is to be done."""

    normalizer: Any
    pre_tokenizer: Any

    def normalize(self, text: str) -> str:
        """Return ``text`` as the model is to see it."""
        return str(self.normalizer.normalize_str(text)) if self.normalizer else text

    def split(self, text: str) -> list[str]:
        """Return the pieces of ``text``, normalised."""
        text = self.normalize(text)
        if not self.pre_tokenizer:
            return [text] if text else []
        return [piece for piece, _ in self.pre_tokenizer.pre_tokenize_str(text)]


def bert(config: VocabConfig, *, chinese_apart: bool = True) -> Splitter:
    """Return BERT's rules: clean, fold case, set Chinese characters and punctuation apart."""
    normalizer = normalizers.BertNormalizer(
        clean_text=True,
        handle_chinese_chars=chinese_apart,
        strip_accents=config.strip_accents,
        lowercase=config.lowercase,
    )
    return Splitter(normalizer, pre_tokenizers.BertPreTokenizer())
