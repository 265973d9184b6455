"""Where text may be cut so that each part has the tokens it has in the whole.

A way of cutting gets a chunk and says of each code point that it stands alone (its id), that it gives
nothing, or that it belongs to a run, and where the runs are. Which way is right is read from the
rules of the tokenizer; one whose rules are not known here is given whole sentences.
"""

from __future__ import annotations

import contextlib
from typing import Any

from tokenizers import Tokenizer

from zhprep.vocab.cuts.bert import BertCuts
from zhprep.vocab.cuts.bytelevel import ByteLevelCuts
from zhprep.vocab.cuts.cut import Cut, Marks
from zhprep.vocab.cuts.sentences import SentenceCuts
from zhprep.vocab.cuts.words import KnownWordCuts, WordCuts
from zhprep.vocab.vocabulary import Vocabulary

__all__ = [
    "BertCuts", "ByteLevelCuts", "Cut", "KnownWordCuts", "Marks", "SentenceCuts", "WordCuts", "by_word", "of",
    "takes_words",
]  # fmt: skip


def of(vocabulary: Vocabulary, tokenizer: Tokenizer) -> BertCuts | ByteLevelCuts | SentenceCuts:
    """Return the way of cutting that is exact for ``tokenizer``."""
    marks = Marks.for_size(vocabulary.size)
    parts = vocabulary.parts
    if any(token.get("normalized") for token in parts.get("added_tokens", [])):
        return SentenceCuts(marks)  # such a token is looked for in the text as normalised
    if _kind(parts, "pre_tokenizer") == "BertPreTokenizer" and _kind(parts, "normalizer") in ("BertNormalizer", ""):
        return BertCuts(tokenizer, marks)
    if _is_byte_level(parts):
        return ByteLevelCuts(tokenizer, marks)
    return SentenceCuts(marks)


def takes_words(vocabulary: Vocabulary) -> bool:
    """Return True when the tokenizer expects words with spaces between them."""
    return _kind(vocabulary.parts, "pre_tokenizer") == "WhitespaceSplit"


def by_word(vocabulary: Vocabulary, marks: Marks) -> WordCuts | KnownWordCuts:
    """Return the way of cutting at given word borders that is exact for ``vocabulary``."""
    parts = vocabulary.parts
    if takes_words(vocabulary) and _kind(parts, "normalizer") in ("BertNormalizer", "") and _is_of_words(parts):
        with contextlib.suppress(ValueError):
            return KnownWordCuts(parts["model"], parts.get("normalizer"), marks)
    return WordCuts(marks)


def _is_of_words(parts: dict[str, Any]) -> bool:
    """Return True for a model that looks whole words up, and then at most their characters."""
    model = parts["model"]
    if any(token.get("normalized") for token in parts.get("added_tokens", [])):
        return False  # such a token is looked for in the text as normalised
    if model.get("unk_token") not in model.get("vocab", {}):
        return False
    if model["type"] == "WordLevel":
        return True
    others = ("merges", "dropout", "continuing_subword_prefix", "end_of_word_suffix", "fuse_unk", "byte_fallback")
    return model["type"] == "BPE" and model.get("ignore_merges") and not any(model.get(name) for name in others)


def _kind(parts: dict[str, Any], name: str) -> str:
    return str((parts.get(name) or {}).get("type", ""))


def _is_byte_level(parts: dict[str, Any]) -> bool:
    """Return True for GPT-2's rules over unchanged text, with or without Chinese characters set apart before."""
    if parts.get("normalizer") or parts["model"].get("type") != "BPE" or parts["model"].get("dropout"):
        return False
    steps = parts.get("pre_tokenizer") or {}
    steps = steps.get("pretokenizers", []) if steps.get("type") == "Sequence" else [steps]
    *before, last = steps or [{}]
    plain = last.get("type") == "ByteLevel" and last.get("use_regex", True) and not last.get("add_prefix_space")
    return plain and len(before) <= 1 and all(_sets_characters_apart(step) for step in before)


def _sets_characters_apart(step: dict[str, Any]) -> bool:
    from zhprep.vocab.pieces import HAN

    return step.get("type") == "Split" and step.get("behavior") == "Isolated" and step["pattern"] == {"Regex": HAN}
