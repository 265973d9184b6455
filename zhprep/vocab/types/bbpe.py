"""Byte-level BPE as in RoBERTa: every text has tokens, there are no unknowns.

In: counts of words if the text has them, else of GPT-2's pieces with each Chinese character alone; so
no token is learnt across a clause. Out: specials, the 256 bytes, then merges by count. Tokens that are
not whole characters are counted in the report.
"""

from __future__ import annotations

import numpy as np
from tokenizers import Tokenizer, decoders, models

from zhprep.core.errors import UsageError
from zhprep.vocab import bytemap, codepoints, entries, merges, pieces
from zhprep.vocab.config import VocabConfig
from zhprep.vocab.counts import Counts
from zhprep.vocab.kind import Kind
from zhprep.vocab.tokenizer import finish, plain_settings
from zhprep.vocab.vocabulary import Vocabulary

LONGEST = 32
"""Longer pieces are cut for learning: text that was not segmented must not fill the table of pairs."""


def train(counts: Counts, config: VocabConfig) -> Vocabulary:
    """Return a byte-level BPE vocabulary of ``config.size`` entries, fewer if the text has no more merges.

    Raises ``UsageError`` when the size does not hold the specials and the 256 bytes, and for what it cannot do.
    """
    if config.include:
        raise UsageError("--include does not go with type bbpe", hint="it has no unknown characters")
    if config.strip_accents:
        raise UsageError(
            "--strip-accents does not go with type bbpe",
            hint="its tokens give the text back as written; where a recipe has it: --no-strip-accents",
        )
    fixed = [*entries.reserved(config), *(bytemap.CHARACTER_OF[byte] for byte in range(256))]
    if len(fixed) > config.size:
        raise UsageError(
            f"a bbpe vocabulary has at least {len(fixed)} entries, and the size is {config.size}",
            hint=f"give --size {len(fixed)} or more",
        )
    unwanted = {bytemap.token_of(entry.encode()) for entry in entries.excluded(config)}
    learnt = merges.learn(
        _words(counts),
        config.size - len(fixed),
        min_frequency=config.min_frequency,
        allowed=(lambda name: name not in unwanted) if unwanted else None,
        known=fixed,
    )
    tokens = entries.padded(list(dict.fromkeys([*fixed, *(merge.name for merge in learnt)])), config)
    pairs = tuple(dict.fromkeys((merge.left, merge.right) for merge in learnt))
    ids = {token: number for number, token in enumerate(tokens)}
    tokenizer = Tokenizer(models.BPE(ids, list(pairs), fuse_unk=False))
    pieces.byte_level(config, counts.by_word).dress(tokenizer)
    tokenizer.decoder = decoders.ByteLevel()
    partial = sum(bytemap.text_of(token) is None for token in tokens[len(fixed) :])
    report = {"merges": len(pairs), "by_word": counts.by_word, "tokens_not_whole_characters": partial, **counts.totals}
    return finish("bbpe", tokens, tokenizer, config, settings=plain_settings(types=False), report=report, merges=pairs)


def _words(counts: Counts) -> merges.CountedWords:
    """Return the pieces as bytes, those of more than ``LONGEST`` characters in parts."""
    points, offsets = codepoints.flat(counts.table["piece"])
    piece = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    starts = np.flatnonzero((np.arange(len(points)) - offsets[piece]) % LONGEST == 0)
    raw = points.tobytes().decode("utf-32-le").encode()
    n_bytes = codepoints.utf8_lengths(points)
    borders = np.append((np.cumsum(n_bytes) - n_bytes)[starts], len(raw))
    names = [bytemap.CHARACTER_OF[byte] for byte in range(256)]
    symbols = np.frombuffer(raw, np.uint8).astype(np.int32)
    return merges.CountedWords(names, symbols, borders, counts.table["count"].to_numpy()[piece[starts]])


KIND = Kind(splitter=pieces.byte_level, train=train, by_word="optional")
