"""Characters and words, as in WoBERT: a word of the vocabulary is one token, any other is its characters.

In: counts of words. Out: specials, characters by count, then words of two characters or more by count.
The model is byte-pair encoding without merges that looks a whole word up first, so that no part of a
longer word is ever taken for a word. Text must come with its words set apart by spaces.
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
    """Return a vocabulary of characters and, with the room that is left, of the most frequent words."""
    table = counts.as_dict()
    wanted = entries.included(config)
    unwanted = entries.excluded(config)
    characters: dict[str, int] = {}
    for word, amount in table.items():
        for character in word:
            characters[character] = characters.get(character, 0) + amount
    words = {w: n for w, n in table.items() if len(w) > 1 and n >= config.min_count and w not in unwanted}
    alphabet = entries.alphabet(characters, config, (entry for entry in wanted if len(entry) == 1))
    longer = [entry for entry in wanted if len(entry) > 1]
    ranked = [*alphabet, *sorted({*words, *longer}, key=lambda word: (-table.get(word, 0), word))]
    tokens = entries.padded(entries.fit(entries.reserved(config), ranked, wanted, config), config)
    ids = {token: number for number, token in enumerate(tokens)}
    tokenizer = Tokenizer(models.BPE(ids, [], unk_token=config.specials[1], ignore_merges=True))
    pieces.words(config).dress(tokenizer)
    covered = sum(amount for word, amount in table.items() if word in ids)
    report = {
        "characters_in_vocabulary": sum(character in ids for character in alphabet),
        "words_in_vocabulary": sum(word in ids for word in words),
        "distinct_words": len(table),
        "words": sum(table.values()),
        "words_as_one_token": covered,
        **counts.totals,
    }
    return finish("mixed", tokens, tokenizer, config, settings=plain_settings(types=True), report=report)


KIND = Kind(splitter=pieces.words, train=train, by_word="required")
