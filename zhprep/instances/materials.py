"""What the instances of any block are made with: vocabularies, tables and lexicons, read once per process.

In: the settings and a vocabulary. Out: everything that :class:`InstanceBuilder` is handed. The table of similar words
that dynamic masks are drawn from lies in the folder, like the tokenizer, so that the data can be moved and masked
without anything else.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from zhprep.core import config as settings
from zhprep.core.errors import DataError
from zhprep.core.shape import fault
from zhprep.core.shards import MANIFEST
from zhprep.instances.config import InstancesConfig
from zhprep.instances.corruptions import marks_of, sentinels_of
from zhprep.instances.layout import Reader, SpanFile, SpecialIds, TagFile, read_entities
from zhprep.instances.masks import PinyinReadings, TokenFacts
from zhprep.instances.similar import read_similar_words
from zhprep.vocab import Encoder, Vocabulary, load

SIMILAR_WORDS = "similar-words.tsv"
"""The table of similar words inside an instances folder; the name is ours, never one that a manifest says."""

COARSE_VOCABULARY = "coarse-vocab"
"""The folder of the second vocabulary inside an instances folder that has coarse tokens."""

HELD_OUT = "held-out"
"""The folder beside an instances folder that has the text of the documents that it holds out."""

TAGS = "tags.json"
"""The tags of each kind, in the order of their numbers, inside an instances folder that has columns of them: the first
line of the file of tags."""


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
        readings: PinyinReadings | None = None,
    ) -> Materials:
        """Read what the settings name; with ``readings`` of the entries, the documents are of the
        ``pinyin`` table.

        Raises ``DataError`` for a file that cannot be read.
        """
        entities = read_entities(config.entities) if config.entities else None
        spans = SpanFile(config.spans) if config.spans else None
        tags = TagFile(config.tags) if config.tags else None
        coarse = coarse_vocabulary(config)
        encoder = encoder or Encoder(vocabulary, keep_special=config.keep_special)
        kept = [name for name in config.keep_special if coarse and name in coarse.ids]
        coarse_encoder = Encoder(coarse, keep_special=kept) if coarse else None
        reader = Reader(encoder, coarse_encoder, entities, spans, tags, pinyin=readings is not None)
        special = SpecialIds(coarse.cls, coarse.sep) if coarse else None
        return cls(config, vocabulary, reader, facts_of(config, vocabulary, readings), special)


def facts_of(config: InstancesConfig, vocabulary: Vocabulary, readings: PinyinReadings | None = None) -> TokenFacts:
    """Return what masking needs to know of the vocabulary, with the table of similar words if they are asked for, and
    with what corruptions need."""
    facts = dataclasses.replace(TokenFacts.of(vocabulary, config.keep_special), readings=readings)
    if (coarse := coarse_vocabulary(config)) is not None:
        kept = [name for name in config.keep_special if name in coarse.ids]
        facts = dataclasses.replace(facts, coarse=TokenFacts.of(coarse, kept))
    if config.corruption:
        facts = dataclasses.replace(facts, marks=marks_of(vocabulary), sentinels=sentinels_of(vocabulary))
    if config.replacing != "similar" or config.similar_words is None:
        return facts
    return dataclasses.replace(facts, similar=read_similar_words(config.similar_words, vocabulary))


def coarse_vocabulary(config: InstancesConfig) -> Vocabulary | None:
    """Return the second vocabulary that the settings name, if they do."""
    return load(config.coarse_vocab) if config.coarse_vocab else None


def instances_config(folder: Path, manifest: dict[str, Any]) -> InstancesConfig:
    """Return the settings in the manifest of ``folder``.

    Raises ``UsageError`` for one that this version has not, ``DataError`` where the manifest has none.
    """
    if wrong := fault(manifest["config"], {"instances": dict}, "config"):
        raise DataError(f"{folder / MANIFEST}: is damaged: {wrong}", hint="make the instances again")
    config = settings.build(InstancesConfig, manifest["config"]["instances"], where=f"the manifest of {folder}")
    beside = {"similar_words": SIMILAR_WORDS, "tags": TAGS, "coarse_vocab": COARSE_VOCABULARY}
    files: dict[str, Any] = {
        name: str(folder / file) for name, file in beside.items() if getattr(config, name) is not None
    }
    return dataclasses.replace(config, **files)
