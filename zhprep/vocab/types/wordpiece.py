"""WordPiece as in BERT: Chinese characters alone, other runs in pieces, ``##`` on those that continue.

In: counts of BERT's pre-tokens. Out: specials, then characters by count, then merges of pairs by
count. A Chinese character that BERT sets apart gets no ``##`` form, which would be dead (a third of
bert-base-chinese is). The library sets not all of them apart: see :func:`continued`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from tokenizers import Tokenizer, decoders, models

from zhprep.core.sets import distinct
from zhprep.vocab import codepoints, entries, merges, pieces
from zhprep.vocab.config import VocabConfig
from zhprep.vocab.counts import Counts
from zhprep.vocab.kind import Kind
from zhprep.vocab.standing import Standing
from zhprep.vocab.tokenizer import bert_settings, finish
from zhprep.vocab.vocabulary import Vocabulary

PREFIX = "##"
LONGEST = 100
"""A longer run becomes one unknown token, in the library as here."""


def train(counts: Counts, config: VocabConfig, *, learn: bool = True) -> Vocabulary:
    """Return a WordPiece vocabulary of ``config.size`` entries, fewer if the text has no more.

    Raises ``UsageError`` when the size does not hold the specials and the wanted entries.
    """
    wanted = entries.included(config)
    alone, continuing = character_counts(counts)
    alphabet = entries.alphabet(alone, config, (entry for entry in wanted if len(entry) == 1))
    inside = continued(alphabet, continuing, config)
    ranked = [form for one in alphabet for form in ((one, PREFIX + one) if one in inside else (one,))]
    longer = [entry for entry in wanted if len(entry) > 1]
    tokens = entries.fit(entries.reserved(config), [*ranked, *longer], wanted, config)
    learnt: list[merges.Merge] = []
    if learn and len(tokens) < config.size:
        learnt = _learn(counts, tokens, config)
        tokens = list(dict.fromkeys([*tokens, *(merge.name for merge in learnt)]))
    tokens = entries.padded(tokens, config)
    return finish(
        "wordpiece" if learn else "char",
        tokens,
        tokenizer_of(tokens, config),
        config,
        settings=bert_settings(config),
        report={"merges": len(learnt), **counts.totals},
    )


def tokenizer_of(tokens: list[str], config: VocabConfig, *, chinese_apart: bool = True) -> Tokenizer:
    """Return the library's WordPiece tokenizer over ``tokens``, without specials."""
    ids = {token: number for number, token in enumerate(tokens)}
    model: Any = models.WordPiece(
        ids, unk_token=config.specials[1], continuing_subword_prefix=PREFIX, max_input_chars_per_word=LONGEST
    )
    tokenizer = Tokenizer(model)
    pieces.bert(config, chinese_apart=chinese_apart).dress(tokenizer)
    tokenizer.decoder = decoders.WordPiece(prefix=PREFIX, cleanup=False)
    return tokenizer


def character_counts(counts: Counts) -> tuple[dict[str, int], set[str]]:
    """Return how often each character stands in the text, and those that stand inside a piece."""
    points, offsets = codepoints.flat(counts.table["piece"])
    found = distinct(points)
    amounts = np.zeros(len(found), np.int64)
    np.add.at(amounts, found.searchsorted(points), np.repeat(counts.table["count"].to_numpy(), np.diff(offsets)))
    inner = np.ones(len(points), np.bool_)
    inner[offsets[:-1]] = False
    characters = [chr(point) for point in found.tolist()]
    return dict(zip(characters, amounts.tolist(), strict=True)), {chr(p) for p in distinct(points[inner]).tolist()}


def continued(alphabet: Iterable[str], continuing: set[str], config: VocabConfig) -> set[str]:
    """Return the characters of ``alphabet`` that get a ``##`` form: those of ``continuing``, seen inside a piece.

    Ideographs of U+2A6E0-2A6FF, U+2B820-2B91F and of Extensions F to J are left glued to what is beside them by the
    library (tokenizers 0.23.3). Where the alphabet has one, or with ``continue_all``, each character that may stand
    inside a piece gets the form, seen there or not: so none that has an entry is unknown for what it stands beside,
    unless the user excludes its form.
    """
    able = growing(alphabet, config)
    inside = able if config.continue_all or any(map(entries.is_ideograph, able)) else able & continuing
    unwanted = entries.excluded(config)
    return {character for character in inside if PREFIX + character not in unwanted}


def growing(characters: Iterable[str], config: VocabConfig) -> set[str]:
    """Return the characters that are not set apart from the letters beside them."""
    return Standing(pieces.bert(config)).growing(characters)


def _learn(counts: Counts, tokens: list[str], config: VocabConfig) -> list[merges.Merge]:
    known = set(tokens)
    words = _words(counts, tokens)
    unwanted = entries.excluded(config)
    return merges.learn(
        words,
        config.size - len(tokens),
        min_frequency=config.min_frequency,
        join=lambda left, right: left + right[len(PREFIX) :],
        allowed=(lambda name: name not in unwanted) if unwanted else None,
        known=known,
    )


def _words(counts: Counts, tokens: list[str]) -> merges.CountedWords:
    """Return the pieces of two characters or more whose characters all have entries, and are no ideographs."""
    first = np.full(codepoints.N_CODE_POINTS, -1, np.int32)
    inner = first.copy()
    names = [token for token in tokens if len(token.removeprefix(PREFIX)) == 1 and not entries.is_ideograph(token[-1])]
    for number, token in enumerate(names):
        (inner if token.startswith(PREFIX) else first)[ord(token[-1])] = number
    points, offsets = codepoints.flat(counts.table["piece"])
    lengths = np.diff(offsets)
    symbols = inner[points]
    symbols[offsets[:-1]] = first[points[offsets[:-1]]]
    n_without = np.add.reduceat(symbols < 0, offsets[:-1], dtype=np.int64) if len(points) else lengths
    fit = (lengths > 1) & (lengths <= LONGEST) & (n_without == 0)
    borders = np.concatenate((np.zeros(1, np.int64), np.cumsum(lengths[fit])))
    return merges.CountedWords(names, symbols[np.repeat(fit, lengths)], borders, counts.table["count"].to_numpy()[fit])


KIND = Kind(splitter=pieces.bert, train=train)
