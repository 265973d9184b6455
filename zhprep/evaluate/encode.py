"""Texts of a task as instances: ``[CLS] a [SEP]`` or ``[CLS] a [SEP] b [SEP]``, cut to a length.

All texts are encoded and laid out at once, by the same encoder that made the instances of pretraining.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from zhprep.collate.rows import Integers, Ragged, Rows
from zhprep.core.ragged import offsets_of, ranges
from zhprep.evaluate.sounds import Reader
from zhprep.evaluate.tasks import Examples
from zhprep.vocab import Encoder


def encode_examples(
    examples: Examples, encoder: Encoder, max_length: int, readers: Mapping[str, Reader] = MappingProxyType({})
) -> Rows:
    """Return the rows of ``examples``: ``input_ids``, ``token_type_ids``, ``label``, and a column of each of
    ``readers``, 0 at special tokens.

    Where a row is too long, tokens are taken from the end of its longer text.
    """
    vocabulary = encoder.vocabulary
    columns = [encoder.encode(texts) for texts in examples.texts]
    lengths = [np.diff(column.sentence_offsets) for column in columns]
    kept = fit(lengths, max_length - 1 - len(columns))
    offsets = offsets_of(np.sum(kept, axis=0) + 1 + len(columns))
    input_ids = np.full(offsets[-1], vocabulary.sep, np.int64)
    segments = np.zeros(offsets[-1], np.int64)
    input_ids[offsets[:-1]] = vocabulary.cls
    read = {name: np.zeros(offsets[-1], np.int64) for name in readers}
    begin = offsets[:-1] + 1
    for segment, (texts, column, length) in enumerate(zip(examples.texts, columns, kept, strict=True)):
        source = ranges(column.sentence_offsets[:-1], length)
        input_ids[ranges(begin, length)] = column.ids[source]
        for name, reader in readers.items():
            read[name][ranges(begin, length)] = reader(texts, column)[source]
        segments[ranges(begin, length + 1)] = segment
        begin = begin + length + 1
    lists = {"input_ids": input_ids, "token_type_ids": segments, **read}
    return Rows({name: Ragged(values, offsets) for name, values in lists.items()}, {"label": examples.labels})


def fit(lengths: list[Integers], most: int) -> list[Integers]:
    """Return how much to keep of each text of rows of one or two texts, at most ``most`` a row.

    The longer text gives up tokens until both are equally long, then both do.
    """
    if len(lengths) == 1:
        return [np.minimum(lengths[0], most)]
    first, second = lengths
    half = most // 2
    return [
        np.minimum(first, np.maximum(most - second, most - half)),
        np.minimum(second, np.maximum(most - first, half)),
    ]
