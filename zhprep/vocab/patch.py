"""Put missing characters into the free slots of a vocabulary, for training that goes on from a model.

In: a BERT vocabulary with ``[unusedN]`` entries and counts of a corpus. Out: the same vocabulary with
the most frequent missing characters in those slots; every other entry keeps its id.
"""

from __future__ import annotations

import dataclasses
import json

import numpy as np
from tokenizers import Tokenizer

from zhprep.core.errors import UsageError
from zhprep.vocab import entries
from zhprep.vocab.config import VocabConfig
from zhprep.vocab.counts import Counts
from zhprep.vocab.encode import Encoder
from zhprep.vocab.types.wordpiece import PREFIX, character_counts, growing
from zhprep.vocab.vocabulary import UNUSED, Vocabulary

KINDS = ("wordpiece", "char")


def config_of(vocabulary: Vocabulary) -> VocabConfig:
    """Return the config by which text must be counted for :func:`patch`: the folding of the old vocabulary."""
    if vocabulary.kind not in KINDS:
        raise UsageError(
            f"a vocabulary of type {vocabulary.kind} cannot be patched", hint=f"types that can: {', '.join(KINDS)}"
        )
    rules = vocabulary.parts.get("normalizer") or {}
    lowercase = bool(rules.get("lowercase", False))
    accents = rules.get("strip_accents")
    return VocabConfig(
        type=vocabulary.kind,
        size=max(vocabulary.size, 6),
        lowercase=lowercase,
        strip_accents=lowercase if accents is None else bool(accents),
        specials=vocabulary.specials,
    )


def patch(vocabulary: Vocabulary, counts: Counts, config: VocabConfig | None = None) -> Vocabulary:
    """Return ``vocabulary`` with missing characters in its free slots, most frequent first.

    ``counts`` are of text counted with :func:`config_of`; ``config`` may name wanted and unwanted
    entries. The report says which slot got what and which characters are still missing. Raises
    ``UsageError`` when there are no free slots.
    """
    config = config or config_of(vocabulary)
    special = set(vocabulary.specials)
    slots = [token for token in vocabulary.tokens if UNUSED.fullmatch(token) and token not in special]
    if not slots:
        raise UsageError("the vocabulary has no free slots ([unused1], …)", hint="build a new one")
    alone, continuing = character_counts(counts)
    missing = _missing(vocabulary, alone, continuing, config)
    filled = dict(zip(slots, missing, strict=False))
    tokens = [filled.get(token, token) for token in vocabulary.tokens]
    parts = json.loads(vocabulary.tokenizer_json)
    parts["model"]["vocab"] = {token: number for number, token in enumerate(tokens)}
    text = Tokenizer.from_str(json.dumps(parts, ensure_ascii=False)).to_str(pretty=True) + "\n"
    left = {entry: alone.get(entry.removeprefix(PREFIX), 0) for entry in missing[len(slots) :]}
    report = {
        **vocabulary.report,
        "type": vocabulary.kind,
        "size": len(tokens),
        "patched_from": vocabulary.sha256,
        "patched": filled,
        "free_slots_left": max(len(slots) - len(filled), 0),
        "still_missing": dict(list(left.items())[:50]),
        "still_missing_entries": len(left),
    }
    return dataclasses.replace(vocabulary, tokens=tokens, tokenizer_json=text, report=report, path=None)


def _missing(vocabulary: Vocabulary, alone: dict[str, int], continuing: set[str], config: VocabConfig) -> list[str]:
    """Return the entries to add, those of the most frequent characters first.

    They are characters of the corpus and wanted ones that are unknown, and the ``##`` forms that are not there of
    characters that stand inside a piece of the corpus, or may (ideographs that the library does not set apart).
    """
    unwanted = entries.excluded(config)
    wanted = entries.included(config)
    ranked = sorted({*alone, *wanted} - unwanted, key=lambda character: (-alone.get(character, 0), character))
    encoded = Encoder(vocabulary).encode(ranked)
    owners = np.repeat(np.arange(len(ranked)), np.diff(encoded.sentence_offsets))
    unknown = {ranked[owner] for owner in owners[encoded.ids == vocabulary.unk].tolist()}
    able = growing((entry for entry in ranked if len(entry) == 1), config)
    inside = {character for character in able if character in continuing or entries.is_ideograph(character)}
    passed_over = unwanted.union(vocabulary.ids)
    found = []
    for character in ranked:
        if character in unknown:
            found.append(character)
        if character in inside and PREFIX + character not in passed_over:
            found.append(PREFIX + character)
    return found
