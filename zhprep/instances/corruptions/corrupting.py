"""Corrupt a batch: a source and a target of every instance. The one place where both static and dynamic ones are made.

In: clean instances as flat arrays, the settings, what is known of the vocabulary, and an epoch (dynamic) or the number
of a duplicate (static), which is the same thing. Out: what an encoder reads and a decoder is to write. Every draw is
addressed by seed, epoch, instance and token or word, so a batch may be cut and ordered in any way.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from zhprep.core.errors import UsageError
from zhprep.core.ragged import offsets_of
from zhprep.core.registry import lookup
from zhprep.instances.config import InstancesConfig
from zhprep.instances.corruptions.corrupted import Conditions, Corrupted
from zhprep.instances.corruptions.strategies import ALONE, CORRUPTIONS
from zhprep.instances.masks import Flat, TokenFacts

PLAIN = ("input_ids", "word_ids", "special_tokens_mask", "instance_id")
"""The columns of instances that can be corrupted: others would say of a source what is no longer so."""


def corrupt_batch(batch: Flat, config: InstancesConfig, facts: TokenFacts, epoch: int = 0) -> Corrupted:
    """Corrupt every instance of ``batch`` as ``config.corruption`` says; the batch itself is not changed.

    Raises ``UsageError`` for corruptions that there are not or that do not go together, ``DataError`` where the text
    of the batch has special tokens.
    """
    facts.check_text(batch.input_ids, batch.word_ids)
    steps = [CORRUPTIONS[name] for name in in_order(config)]
    conditions = Conditions(config, facts, epoch)
    parts = []
    for block in batch.blocks:
        text = Corrupted.of(block)
        for step in steps:
            text = step(text, conditions)
        parts.append(text)
    return parts[0] if len(parts) == 1 else _joined(parts)


def in_order(config: InstancesConfig) -> list[str]:
    """Return the names of the corruptions in the order in which they are applied.

    Raises ``UsageError`` for one that there is not, and for settings that do not go together.
    """
    names = config.corruption
    for name in names:
        lookup(CORRUPTIONS, name, "corruption")
    if len(set(names)) < len(names):
        raise UsageError(f"corruption {','.join(names)}: the same twice", hint="name each once")
    alone = next((name for name in names if name in ALONE), "")
    if alone and len(names) > 1:
        raise UsageError(f"corruption {alone!r} makes a target of its own; it goes with no other", hint="take it alone")
    if names and (config.mask == "pert" or config.replacing == "shuffle"):
        raise UsageError("corruption does not go with pert, whose labels are places", hint="take another --mask")
    return [name for name in CORRUPTIONS if name in names]


def check_plain(columns: Iterable[str]) -> None:
    """Raise ``UsageError`` when instances with ``columns`` cannot be corrupted."""
    if others := [name for name in columns if name not in PLAIN]:
        raise UsageError(
            f"corruption takes instances of one text and nothing beside it; these have {', '.join(others)}",
            hint="take --format full-sentences, doc-sentences or single, without pinyin and without --coarse-vocab",
        )


def _joined(parts: list[Corrupted]) -> Corrupted:
    prefixes = [part.prefix_lengths for part in parts if part.prefix_lengths is not None]
    return Corrupted(
        np.concatenate([part.input_ids for part in parts]),
        np.concatenate([part.word_ids for part in parts]),
        np.concatenate([part.origins for part in parts]),
        offsets_of(np.concatenate([np.diff(part.offsets) for part in parts])),
        np.concatenate([part.instance_ids for part in parts]),
        np.concatenate([part.labels for part in parts]),
        offsets_of(np.concatenate([np.diff(part.label_offsets) for part in parts])),
        np.concatenate(prefixes) if prefixes else None,
    )
