"""WordPiece as in BERT: Chinese characters alone, other runs in pieces, ``##`` on those that continue.

In: counts of BERT's pre-tokens. Out: specials, then characters by count, then merges of pairs by
count. A Chinese character never gets a ``##`` form: BERT sets it apart, so the form would be dead
(a third of bert-base-chinese is).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer, decoders, models

from zhprep.vocab import entries, merges, pieces
from zhprep.vocab.config import VocabConfig
from zhprep.vocab.counts import Counts
from zhprep.vocab.kind import Kind
from zhprep.vocab.tokenizer import bert_settings, dress, finish
from zhprep.vocab.vocabulary import Vocabulary

PREFIX = "##"
LONGEST = 100
"""A longer run becomes one unknown token, in the library as here."""


def train(counts: Counts, config: VocabConfig, *, learn: bool = True) -> Vocabulary:
    """Return a WordPiece vocabulary of ``config.size`` entries, fewer if the text has no more.

    Raises ``UsageError`` when the size does not hold the specials and the wanted entries.
    """
    table = counts.as_dict()
    wanted = entries.included(config)
    alone, continuing = character_counts(table)
    ranked = []
    for character in entries.alphabet(alone, config, (entry for entry in wanted if len(entry) == 1)):
        ranked.append(character)
        if character in continuing and not entries.is_ideograph(character):
            ranked.append(PREFIX + character)
    longer = [entry for entry in wanted if len(entry) > 1]
    tokens = entries.fit(entries.reserved(config), [*ranked, *longer], wanted, config)
    learnt: list[merges.Merge] = []
    if learn and len(tokens) < config.size:
        learnt = _learn(table, tokens, config)
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
    dress(tokenizer, pieces.bert(config, chinese_apart=chinese_apart))
    tokenizer.decoder = decoders.WordPiece(prefix=PREFIX, cleanup=False)
    return tokenizer


def character_counts(table: dict[str, int]) -> tuple[dict[str, int], set[str]]:
    """Return how often each character stands in the text, and those that stand inside a piece."""
    totals: dict[str, int] = {}
    inside: set[str] = set()
    for piece, amount in table.items():
        for character in piece:
            totals[character] = totals.get(character, 0) + amount
        inside.update(piece[1:])
    return totals, inside


def _learn(table: dict[str, int], tokens: list[str], config: VocabConfig) -> list[merges.Merge]:
    known = set(tokens)
    words = _words(table, tokens)
    unwanted = entries.excluded(config)
    return merges.learn(
        words,
        config.size - len(tokens),
        min_frequency=config.min_frequency,
        join=lambda left, right: left + right[len(PREFIX) :],
        allowed=(lambda name: name not in unwanted) if unwanted else None,
        known=known,
    )


def _words(table: dict[str, int], tokens: list[str]) -> merges.Words:
    """Return the pieces of two characters or more whose characters all have entries."""
    names = [token for token in tokens if len(token.removeprefix(PREFIX)) == 1]
    first = {token: number for number, token in enumerate(names) if not token.startswith(PREFIX)}
    inner = {token[len(PREFIX) :]: number for number, token in enumerate(names) if token.startswith(PREFIX)}
    flat: list[int] = []
    offsets, amounts = [0], []
    for piece, amount in table.items():
        if not 1 < len(piece) <= LONGEST:
            continue
        symbols = [first.get(piece[0], -1), *(inner.get(character, -1) for character in piece[1:])]
        if min(symbols) >= 0:
            flat.extend(symbols)
            offsets.append(len(flat))
            amounts.append(amount)
    array: npt.NDArray[np.int32] = np.array(flat, np.int32)
    return merges.Words(names, array, np.array(offsets, np.int64), np.array(amounts, np.int64))


KIND = Kind(splitter=pieces.bert, train=train)
