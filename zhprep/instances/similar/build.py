"""Make a file of similar words: from word vectors, from a synonym lexicon, or with nothing but the corpus.

In: one of these. Out: lines of word, similar word and score, set apart by tabs, best first, as the
replacement ``similar`` reads them.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from zhprep.core.config import setting
from zhprep.core.errors import DataError
from zhprep.core.shards import committed
from zhprep.instances.similar.cooccurrence import frequent_words, near_counts
from zhprep.instances.similar.vectors import Matrix, Similar, count_vectors, nearest

_CILIN = re.compile(r"[A-Z][a-z]\d\d[A-Z]\d\d([=#@])")


@dataclasses.dataclass(frozen=True, kw_only=True)
class SimilarConfig:
    """Settings of ``similar-words``."""

    words: int = setting(20_000, "most frequent words", minimum=2)
    min_count: int = setting(5, "leave out rarer words", minimum=1)
    dimensions: int = setting(100, "of the vectors of a corpus", minimum=2)
    most: int = setting(10, "similar words for each word", minimum=1)
    least: float = setting(0.4, "lowest cosine")


def of_corpus(read: Callable[[], Iterable[pa.RecordBatch]], config: SimilarConfig) -> Iterator[Similar]:
    """Yield similar words of a corpus, which is read twice: ``read`` returns its batches of words from the start."""
    words = frequent_words(read(), config.words, config.min_count)
    vectors = count_vectors(near_counts(read(), words), config.dimensions)
    yield from nearest(words, vectors, config.most, config.least)


def of_vectors(path: str | Path, config: SimilarConfig) -> Iterator[Similar]:
    """Yield similar words of the first vectors of a file in word2vec's text format."""
    words, vectors = read_word2vec(path, config.words)
    yield from nearest(words, vectors, config.most, config.least)


def of_lexicon(path: str | Path, *, most: int) -> Iterator[Similar]:
    """Yield the synonyms of a lexicon whose lines are groups of words, as Cilin's; all have the score 1.

    Of Cilin's groups only those of equal meaning (code ending in ``=``) are taken.
    """
    for words in _groups(Path(path)):
        for word in words:
            others = [other for other in words if other != word and len(other) == len(word)]
            for other in others[:most]:
                yield word, other, 1.0


def write_similar(path: Path, rows: Iterable[Similar]) -> int:
    """Write the rows; return how many there are. Raises ``DataError`` when there are none."""
    n = 0
    with committed(path, replace=True) as file:
        for word, other, score in rows:
            file.write(f"{word}\t{other}\t{score:.4f}\n".encode())
            n += 1
        if not n:
            raise DataError("no similar words were found", hint="lower the least score, or give more text")
    return n


def read_word2vec(path: str | Path, n_words: int) -> tuple[list[str], Matrix]:
    """Return the first words of a word2vec text file and their vectors.

    Raises ``DataError`` naming the line that is not a word and its numbers.
    """
    words: list[str] = []
    rows: list[Matrix] = []
    for number, line in enumerate(_lines(Path(path)), start=1):
        parts = line.rstrip("\r").split(" ")
        if number == 1 and len(parts) == 2:  # the header: how many words, how many numbers
            continue
        parts = [part for part in parts if part]
        if not parts:
            continue
        try:
            row = np.array(parts[1:], np.float64)
        except ValueError as error:
            raise DataError(f"{path}:{number}: not a word and numbers: {error}", hint="word2vec text format") from error
        if not len(row) or (rows and len(row) != len(rows[0])):
            raise DataError(
                f"{path}:{number}: {len(row)} numbers instead of {len(rows[0]) if rows else 'some'}",
                hint="every line of word2vec text format has as many numbers; the file may be cut short",
            )
        words.append(parts[0])
        rows.append(row)
        if len(words) == n_words:
            break
    if not words:
        raise DataError(f"{path}: holds no vectors", hint="word2vec text format: a word and its numbers per line")
    return words, np.stack(rows)


def _groups(path: Path) -> Iterator[list[str]]:
    for line in _lines(path):
        words = line.split()
        if not words:
            continue
        code = _CILIN.fullmatch(words[0])
        if code is None:
            yield words
        elif code[1] == "=":
            yield words[1:]


def _lines(path: Path) -> Iterator[str]:
    try:
        with path.open(encoding="utf-8-sig", newline="\n") as file:
            for line in file:
                yield line.rstrip("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"cannot read {path}: {error}", hint="a UTF-8 text file") from error
