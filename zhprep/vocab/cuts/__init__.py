"""Where text may be cut so that each part has the tokens it has in the whole.

A way of cutting gets a chunk and says of each code point that it stands alone (its id), that it gives
nothing, or that it belongs to a run, and where the runs are. Which way is right is read from the
rules of the tokenizer; one whose rules are not known here is given whole sentences.
"""

from __future__ import annotations

from typing import Any

from tokenizers import Tokenizer

from zhprep.vocab.cuts.bert import BertCuts
from zhprep.vocab.cuts.bytelevel import ByteLevelCuts
from zhprep.vocab.cuts.cut import Cut, Marks
from zhprep.vocab.cuts.sentences import SentenceCuts
from zhprep.vocab.cuts.words import WordCuts
from zhprep.vocab.vocabulary import Vocabulary

__all__ = ["BertCuts", "ByteLevelCuts", "Cut", "Marks", "SentenceCuts", "WordCuts", "of", "takes_words"]


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
