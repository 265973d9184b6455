"""Characters and words, as in WoBERT: a word of the vocabulary is one token, any other is its characters.

In: counts of words. Out: specials, characters by count, then words of two characters or more by count.
The model is byte-pair encoding without merges that looks a whole word up first, so that no part of a
longer word is ever taken for a word. Text must come with its words set apart by spaces.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from tokenizers import Tokenizer, models

from zhprep.vocab import codepoints, entries, pieces
from zhprep.vocab.config import VocabConfig
from zhprep.vocab.counts import Counts
from zhprep.vocab.kind import Kind
from zhprep.vocab.tokenizer import finish, plain_settings
from zhprep.vocab.vocabulary import Vocabulary


def train(counts: Counts, config: VocabConfig) -> Vocabulary:
    """Return a vocabulary of characters and, with the room that is left, of the most frequent words."""
    import pyarrow.compute as pc  # a thirtieth of a second, which all who encode would wait for

    words, amounts = counts.table["piece"].combine_chunks(), counts.table["count"].to_numpy()
    wanted = entries.included(config)
    points, offsets = codepoints.flat(words)
    characters = _character_counts(points, offsets, amounts)
    longer = [entry for entry in wanted if len(entry) > 1]
    unwanted = pc.is_in(words, pa.array(sorted(entries.excluded(config)), pa.string())).to_numpy(zero_copy_only=False)
    able = (np.diff(offsets) > 1) & (amounts >= config.min_count) & ~unwanted
    alphabet = entries.alphabet(characters, config, (entry for entry in wanted if len(entry) == 1))
    most = np.flatnonzero(able)
    most = most[np.argsort(-amounts[most], kind="stable")][
        : config.size + len(wanted)
    ]  # ties by bytes, as in the table
    known = dict(zip(words.take(pa.array(most)).to_pylist(), amounts[most].tolist(), strict=True))
    found = pc.index_in(pa.array(longer, pa.string()), words).to_pylist()
    known.update((word, 0 if place is None else int(amounts[place])) for word, place in zip(longer, found, strict=True))
    ranked = [*alphabet, *sorted(known, key=lambda word: (-known[word], word))]
    tokens = entries.padded(entries.fit(entries.reserved(config), ranked, wanted, config), config)
    ids = {token: number for number, token in enumerate(tokens)}
    tokenizer = Tokenizer(models.BPE(ids, [], unk_token=config.specials[1], ignore_merges=True))
    pieces.words(config).dress(tokenizer)
    places = pc.index_in(pa.array(tokens, pa.string()), words).drop_null().to_numpy()
    report = {
        "characters_in_vocabulary": sum(character in ids for character in alphabet),
        "words_in_vocabulary": int(np.count_nonzero(able[places])),
        "distinct_words": len(words),
        "words": int(amounts.sum()),
        "words_as_one_token": int(amounts[places].sum()),
        **counts.totals,
    }
    return finish("mixed", tokens, tokenizer, config, settings=plain_settings(types=True), report=report)


def _character_counts(
    points: codepoints.Points, offsets: codepoints.Offsets, amounts: npt.NDArray[np.int64]
) -> dict[str, int]:
    """Return how often each character stands in words, ``points`` ``uint32[C]`` with ``offsets`` ``int64[W + 1]``, of
    which there are ``amounts`` ``int64[W]``."""
    distinct, which = np.unique(points, return_inverse=True)
    sums = np.zeros(len(distinct), np.int64)
    np.add.at(sums, which, amounts.repeat(np.diff(offsets)))
    return dict(zip(map(chr, distinct.tolist()), sums.tolist(), strict=True))


KIND = Kind(splitter=pieces.words, train=train, by_word="required")
