"""How text falls into pieces, by the same rules of the ``tokenizers`` library as when it is encoded.

A piece is what a model sees one at a time: a Chinese character, a punctuation mark, a run of letters.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

import numpy as np
import numpy.typing as npt
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

from zhprep.vocab import bytemap
from zhprep.vocab.config import VocabConfig

HAN = "[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af]"
"""The characters themselves: the library's patterns know no ``\\U``, and would set 0 to 9 and A to U apart for it."""


@dataclasses.dataclass(frozen=True)
class Splitter:
    """A normaliser (or None) and a pre-tokeniser of the library.

    ``space_opens_word`` says that a space belongs to the word after it.
    """

    normalizer: Any
    pre_tokenizer: Any
    space_opens_word: bool = False

    def split(self, text: str) -> list[str]:
        """Return the pieces of ``text`` as the model is to see them."""
        if self.normalizer:
            text = self.normalizer.normalize_str(text)
        return [piece for piece, _ in self.pre_tokenizer.pre_tokenize_str(text)]

    def dress(self, tokenizer: Tokenizer) -> None:
        """Give ``tokenizer`` these rules."""
        if self.normalizer:
            tokenizer.normalizer = self.normalizer
        tokenizer.pre_tokenizer = self.pre_tokenizer

    def spans(self, text: str) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return where the pieces of ``text`` start and stop in it, as it was before the normaliser."""
        places = np.array(self._probe.encode(text, add_special_tokens=False).offsets, np.int64).reshape(-1, 2)
        return places[:, 0], places[:, 1]

    @functools.cached_property
    def _probe(self) -> Tokenizer:
        """A tokenizer that knows no word, so that every piece is one token."""
        tokenizer = Tokenizer(models.WordLevel({"": 0}, unk_token=""))
        self.dress(tokenizer)
        return tokenizer


class ByteSplitter(Splitter):
    """A splitter whose pre-tokeniser shows bytes: the pieces are given as text again."""

    def split(self, text: str) -> list[str]:
        """Return the pieces of ``text``; each is made of whole characters."""
        return [bytemap.text_of(piece) or "" for piece in super().split(text)]


def bert(config: VocabConfig, by_word: bool = False, *, chinese_apart: bool = True) -> Splitter:  # noqa: ARG001 words are not looked at
    """Return BERT's rules: clean, fold case, set punctuation and (if wished) Chinese characters apart."""
    return Splitter(_cleaner(config, chinese_apart), pre_tokenizers.BertPreTokenizer())


def words(config: VocabConfig, by_word: bool = True) -> Splitter:  # noqa: ARG001 there are always words
    """Return the rules for text whose words are set apart by spaces: clean, fold case, split at spaces."""
    return Splitter(_cleaner(config, chinese_apart=False), pre_tokenizers.WhitespaceSplit())


def byte_level(config: VocabConfig, by_word: bool) -> Splitter:
    """Return GPT-2's rules; without words, Chinese characters are set apart before."""
    rules: Any = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    if not by_word:
        rules = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(HAN), "isolated"), rules])
    return ByteSplitter(normalizers.Lowercase() if config.lowercase else None, rules, space_opens_word=True)


def _cleaner(config: VocabConfig, chinese_apart: bool) -> Any:
    return normalizers.BertNormalizer(
        clean_text=True,
        handle_chinese_chars=chinese_apart,
        strip_accents=config.strip_accents,
        lowercase=config.lowercase is not False,
    )
