"""Words: the most frequent words of a segmenter; any other word is unknown.

In: counts of words. Out: specials, wanted entries, then words by count down to the frequency bar.
Text must come with its words set apart by spaces (``[UNK]`` is what the rest becomes).
"""

from __future__ import annotations

from tokenizers import Tokenizer, models

from zhprep.vocab import entries, pieces
from zhprep.vocab.config import VocabConfig
from zhprep.vocab.counts import Counts
from zhprep.vocab.kind import Kind
from zhprep.vocab.tokenizer import finish, plain_settings
from zhprep.vocab.vocabulary import Vocabulary


def train(counts: Counts, config: VocabConfig) -> Vocabulary:
    """Return a vocabulary of the most frequent words, at most ``config.size`` entries."""
    table = counts.as_dict()
    wanted = entries.included(config)
    unwanted = entries.excluded(config)
    chosen = {word: amount for word, amount in table.items() if amount >= config.min_count and word not in unwanted}
    ranked = sorted([*chosen, *(word for word in wanted if word not in chosen)], key=lambda w: (-table.get(w, 0), w))
    tokens = entries.padded(entries.fit(entries.reserved(config), ranked, wanted, config), config)
    model = models.WordLevel({token: number for number, token in enumerate(tokens)}, unk_token=config.specials[1])
    tokenizer = Tokenizer(model)
    pieces.words(config).dress(tokenizer)
    known = set(tokens)
    report = {
        "distinct_words": len(table),
        "words": sum(table.values()),
        "unknown_words": sum(amount for word, amount in table.items() if word not in known),
        **counts.totals,
    }
    return finish("word", tokens, tokenizer, config, settings=plain_settings(types=True), report=report)


KIND = Kind(splitter=pieces.words, train=train, by_word="required")
