"""Read a file of similar words for a vocabulary.

In: lines of word, similar word and (if given) score, set apart by tabs, best first. Out: a table of token ids. Only
similar words of as many tokens, none of them unknown, can stand for a word.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zhprep.core.errors import DataError
from zhprep.instances.similar.table import SimilarTable, make_table
from zhprep.vocab import Encoder, Vocabulary


def read_similar_words(path: str | Path, vocabulary: Vocabulary) -> SimilarTable:
    """Return the table in ``path``; raises ``DataError`` for a file that cannot be read or has no word of use."""
    pairs = list(read_pairs(Path(path)))
    words = list(dict.fromkeys(word for pair in pairs for word in pair))
    tokens = dict(zip(words, _tokens(words, vocabulary), strict=True))
    similar: dict[str, list[npt.NDArray[np.int64]]] = {}
    for word, other in pairs:
        if vocabulary.unk not in tokens[other] and word != other:
            similar.setdefault(word, []).append(tokens[other])
    known = [word for word in similar if vocabulary.unk not in tokens[word]]
    table = make_table([tokens[word] for word in known], [similar[word] for word in known])
    if not len(table.counts):
        raise DataError(
            f"{path}: no word has a similar word of as many tokens in the vocabulary", hint="take another file"
        )
    return table


def read_pairs(path: Path) -> Iterator[tuple[str, str]]:
    """Yield each word of a file with each of its similar words; raises ``DataError`` for a file that is not one."""
    try:
        lines = path.read_text("utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            f"cannot read similar words from {path}: {error}", hint="zhprep similar-words makes them"
        ) from error
    for number, line in enumerate(lines, start=1):
        if not line or line.startswith("#"):
            continue
        parts = line.rstrip("\r").split("\t")
        if len(parts) < 2:
            raise DataError(
                f"{path}:{number}: not word, similar word and score with tabs between them",
                hint="`zhprep similar-words` makes such a file",
            )
        yield parts[0], parts[1]


def _tokens(words: list[str], vocabulary: Vocabulary) -> list[npt.NDArray[np.int64]]:
    """Return the ids of the tokens of each word, ``int64[n]``."""
    encoder = Encoder(vocabulary)
    ends = pa.array([[len(word)] for word in words], pa.list_(pa.int32())) if encoder.takes_words else None
    encoded = encoder.encode(pa.array(words, pa.string()), ends)
    tokens = encoded.ids.astype(np.int64)
    return [tokens[start:stop] for start, stop in pairwise(encoded.sentence_offsets.tolist())]
