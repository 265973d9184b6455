"""Where text may be cut so that each part has the tokens it has in the whole.

A way of cutting gets a chunk and says of each code point that it stands alone (its id), that it gives
nothing, or that it belongs to a run, and where the runs are. Which way is right is read from the
rules of the tokenizer; one whose rules are not known here is given whole sentences.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from typing import Any

from tokenizers import Tokenizer

from zhprep.vocab.cuts.bert import BertCuts
from zhprep.vocab.cuts.bytelevel import ByteLevelCuts
from zhprep.vocab.cuts.cut import Cut, Marks
from zhprep.vocab.cuts.longest import LongestEntries
from zhprep.vocab.cuts.sentences import SentenceCuts
from zhprep.vocab.cuts.words import KnownWordCuts, WordCuts
from zhprep.vocab.runs import Library
from zhprep.vocab.vocabulary import Vocabulary

__all__ = [
    "BertCuts", "ByteLevelCuts", "Cut", "KnownWordCuts", "Marks", "SentenceCuts", "WordCuts", "by_word", "of",
    "takes_words",
]  # fmt: skip


def of(vocabulary: Vocabulary, library: Library, added: Sequence[str]) -> BertCuts | ByteLevelCuts | SentenceCuts:
    """Return the way of cutting that is exact for ``vocabulary``; ``added`` are the tokens that are found in text."""
    marks = Marks.for_size(vocabulary.size)
    parts = vocabulary.parts
    if any(token.get("normalized") for token in parts.get("added_tokens", [])):
        return SentenceCuts(library, marks)  # such a token is looked for in the text as normalised
    if _kind(parts, "pre_tokenizer") == "BertPreTokenizer" and _kind(parts, "normalizer") in ("BertNormalizer", ""):
        return BertCuts(library, marks, _by_longest(parts, library, added))
    if _is_byte_level(parts):
        with contextlib.suppress(KeyError):
            trims = bool(_trimming(parts.get("post_processor")))
            return ByteLevelCuts(parts["model"], _splitter(parts), library, marks, added, trims=trims)
    return SentenceCuts(library, marks)


def _by_longest(parts: dict[str, Any], library: Library, added: Sequence[str]) -> LongestEntries | None:
    """Return what encodes by the rule of WordPiece, if that is all that is done: a token that is found in text may
    stand in a run."""
    if parts["model"].get("type") != "WordPiece" or added:
        return None
    with contextlib.suppress(KeyError):
        return LongestEntries(parts["model"], parts.get("normalizer"), library.encode)
    return None


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
    model = parts["model"]
    others = ("dropout", "continuing_subword_prefix", "end_of_word_suffix", "ignore_merges")
    if parts.get("normalizer") or model.get("type") != "BPE" or any(model.get(name) for name in others):
        return False
    trimming = _trimming(parts.get("post_processor"))
    if len(trimming) > 1 or any(step.get("add_prefix_space", True) for step in trimming):
        return False
    steps = parts.get("pre_tokenizer") or {}
    steps = steps.get("pretokenizers", []) if steps.get("type") == "Sequence" else [steps]
    *before, last = steps or [{}]
    plain = last.get("type") == "ByteLevel" and last.get("use_regex", True) and not last.get("add_prefix_space")
    return plain and len(before) <= 1 and all(_sets_characters_apart(step) for step in before)


def _sets_characters_apart(step: dict[str, Any]) -> bool:
    from zhprep.vocab.pieces import HAN

    return step.get("type") == "Split" and step.get("behavior") == "Isolated" and step["pattern"] == {"Regex": HAN}


def _trimming(step: dict[str, Any] | None) -> list[dict[str, Any]]:
    """Return the steps of a post-processor after which tokens do not stand for the spaces at their ends."""
    if step and step["type"] == "Sequence":
        return [found for one in step["processors"] for found in _trimming(one)]
    return [step] if step and step["type"] in ("ByteLevel", "RobertaProcessing") and step["trim_offsets"] else []


def _splitter(parts: dict[str, Any]) -> Any:
    """Return the library's pre-tokeniser of tokenizer.json without the rest."""
    names = ("truncation", "padding", "normalizer", "post_processor", "decoder")
    model = {"type": "WordLevel", "vocab": {"": 0}, "unk_token": ""}
    alone: dict[str, Any] = {"version": "1.0", **dict.fromkeys(names), "added_tokens": [], "model": model}
    return Tokenizer.from_str(json.dumps({**alone, "pre_tokenizer": parts["pre_tokenizer"]})).pre_tokenizer
