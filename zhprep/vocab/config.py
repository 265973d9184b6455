"""The knobs of ``build-vocab``."""

from __future__ import annotations

import dataclasses

from zhprep.core.config import setting

SPECIALS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
MOST = 10_000_000
"""Entries of the largest vocabularies there are, word lists with their vectors, are about as many."""

KINDS = ("wordpiece", "char", "word", "mixed", "bbpe", "unigram")


@dataclasses.dataclass(frozen=True, kw_only=True)
class VocabConfig:
    """What vocabulary to build."""

    type: str = setting("wordpiece", "how text becomes tokens", choices=KINDS)
    size: int = setting(21128, "entries in all, specials included", minimum=6, maximum=MOST)
    lowercase: bool | None = setting(None, "fold letters to lower case (default: yes; bbpe: no)")
    strip_accents: bool = setting(False, "remove accents, as recipes of BERT's kin do; it damages kana too")
    min_frequency: int = setting(1, "leave out merges that are rarer than this", minimum=1)
    min_count: int = setting(1, "word and mixed: the frequency bar; rarer words are left out", minimum=1)
    char_coverage: float = setting(
        0.9999, "share of the text's characters to have entries, most frequent first", minimum=0, maximum=1
    )
    continue_all: bool = setting(
        False, "wordpiece, char: `##` forms of all characters that can continue a word, not only of those seen to"
    )
    include: str = setting("", "file of entries to have in any case, one per line, beside the usual punctuation")
    exclude: str = setting("", "file of entries to leave out, one per line")
    punctuation: bool = setting(True, "always have Chinese punctuation and full-width forms, seen or not")
    specials: tuple[str, ...] = setting(SPECIALS, "special tokens: pad, unk, cls, sep, mask, any others", flag=False)
    unused: int = setting(
        0, "how many free slots [unused1], [unused2], … to have after the specials", minimum=0, maximum=65_536
    )
    multiple_of: int = setting(
        1, "pad the size with free slots to a multiple of this (64 suits GPUs)", minimum=1, maximum=65_536
    )
    max_length: int = setting(512, "model_max_length in tokenizer_config.json", minimum=1)
