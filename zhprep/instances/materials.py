"""What the instances of any block are made with: vocabularies, tables and lexicons, read once per process.

In: the settings and a vocabulary. Out: everything that :class:`InstanceBuilder` is handed.
"""

from __future__ import annotations

import dataclasses

from zhprep.instances.config import InstancesConfig
from zhprep.instances.corruptions.sentence_marks import marks_of
from zhprep.instances.corruptions.sentinel_ids import sentinels_of
from zhprep.instances.layout.assemble import SpecialIds
from zhprep.instances.layout.entities import read_entities
from zhprep.instances.layout.reading import Reader
from zhprep.instances.layout.spans import SpanFile
from zhprep.instances.masks.drawing import Sounds, TokenFacts
from zhprep.instances.similar.files import read_similar_words
from zhprep.vocab import Encoder, Vocabulary, load


@dataclasses.dataclass(frozen=True)
class Materials:
    """The settings, the vocabulary, what reads documents with it, what masks need, and the specials of a second
    vocabulary."""

    config: InstancesConfig
    vocabulary: Vocabulary
    reader: Reader
    facts: TokenFacts
    coarse: SpecialIds | None = None

    @classmethod
    def of(
        cls,
        config: InstancesConfig,
        vocabulary: Vocabulary,
        encoder: Encoder | None = None,
        *,
        sounds: Sounds | None = None,
    ) -> Materials:
        """Read what the settings name; with ``sounds``, the readings of the entries, the documents are of the
        ``pinyin`` table.

        Raises ``DataError`` for a file that cannot be read.
        """
        entities = read_entities(config.entities) if config.entities else None
        spans = SpanFile(config.spans) if config.spans else None
        coarse = load(config.coarse_vocab) if config.coarse_vocab else None
        encoder = encoder or Encoder(vocabulary, keep_special=config.keep_special)
        kept = [name for name in config.keep_special if coarse and name in coarse.ids]
        coarse_encoder = Encoder(coarse, keep_special=kept) if coarse else None
        reader = Reader(encoder, coarse_encoder, entities, spans, sounds=sounds is not None)
        special = SpecialIds(coarse.cls, coarse.sep) if coarse else None
        return cls(config, vocabulary, reader, facts_of(config, vocabulary, sounds), special)


def facts_of(config: InstancesConfig, vocabulary: Vocabulary, sounds: Sounds | None = None) -> TokenFacts:
    """Return what masking needs to know of the vocabulary, with the table of similar words if they are asked for, and
    with what corruptions need."""
    facts = dataclasses.replace(TokenFacts.of(vocabulary, config.keep_special), sounds=sounds)
    if config.corruption:
        facts = dataclasses.replace(facts, marks=marks_of(vocabulary), sentinels=sentinels_of(vocabulary))
    if config.replacing != "similar" or config.similar_words is None:
        return facts
    return dataclasses.replace(facts, similar=read_similar_words(config.similar_words, vocabulary))
