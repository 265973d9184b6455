"""Compare an engine's words with gold words, as the SIGHAN bakeoffs do.

In: gold sentences, words separated by white space. Out: precision, recall, F1 and the recall of words
that the engine did not know (Emerson, "The Second International Chinese Word Segmentation Bakeoff",
2005). A word is right when both its ends are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zhprep.core.errors import DataError
from zhprep.segment.cuts import Cuts, Loss, from_words
from zhprep.segment.engines import SegmentEngine
from zhprep.segment.lexicon import read_lexicon
from zhprep.segment.segmenter import cut


def score(engine: SegmentEngine, gold_lines: Iterable[str], *, training_words: str | None = None) -> dict[str, Any]:
    """Return ``precision recall f1 oov_rate oov_recall`` and the counts they come from.

    A word is out of vocabulary when it is not in the file ``training_words`` (one word a line), as the
    bakeoff has it, or without the file when the engine's own dictionary lacks it; ``oov_rate`` and ``oov_recall``
    are None where neither is known. Raises ``DataError`` when there is no gold word, or the engine loses text.
    """
    gold_words = [words for words in map(str.split, gold_lines) if words]
    if not gold_words:
        raise DataError("the gold standard has no words", hint="one sentence a line, words separated by spaces")
    texts = ["".join(words) for words in gold_words]
    gold = from_words(texts, gold_words)
    sentences = pa.array(texts, pa.string())
    try:
        found = cut(engine, sentences)
    except Loss as loss:
        raise DataError(
            f"gold sentence {loss.sentence + 1}: {engine.name} gave {loss.got!r}",
            hint="take another engine: this one changes the text",
        ) from loss
    right = np.isin(_spans(gold), _spans(found))
    n_right, n_gold, n_found = int(right.sum()), len(gold.ends), len(found.ends)
    precision, recall = n_right / n_found, n_right / n_gold
    return {
        "precision": precision,
        "recall": recall,
        "f1": 2 * n_right / (n_gold + n_found),
        **_unknown(_knows(engine, training_words), gold_words, right),
        "sentences_scored": len(texts),
        "gold_words": n_gold,
        "found_words": n_found,
        "right_words": n_right,
    }


def _spans(cuts: Cuts) -> npt.NDArray[np.uint64]:
    """Return one number for each word, ``uint64[W]``: where it begins and ends in the text of all sentences."""
    counts = np.diff(cuts.offsets)
    last = cuts.ends[cuts.offsets[1:] - 1].astype(np.int64)
    ends = cuts.ends + np.repeat(np.cumsum(last) - last, counts)
    starts = np.concatenate(([0], ends[:-1]))
    return starts.astype(np.uint64) << np.uint64(32) | ends.astype(np.uint64)


def _knows(engine: SegmentEngine, training_words: str | None) -> Callable[[str], bool] | None:
    if training_words is not None:
        return read_lexicon(training_words).__contains__
    return getattr(engine, "knows", None)


def _unknown(
    knows: Callable[[str], bool] | None, gold_words: list[list[str]], right: npt.NDArray[np.bool_]
) -> dict[str, float | None]:
    """Return the share of gold words that the dictionary lacks, and of these the share that are ``right``
    (``bool[W]``)."""
    if knows is None:
        return {"oov_rate": None, "oov_recall": None}
    words = [word for row in gold_words for word in row]
    known = {word: knows(word) for word in set(words)}
    unknown = np.array([not known[word] for word in words])
    n_unknown = int(unknown.sum())
    recall = int((right & unknown).sum()) / n_unknown if n_unknown else None
    return {"oov_rate": n_unknown / len(words), "oov_recall": recall}
