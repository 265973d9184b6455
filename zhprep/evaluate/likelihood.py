"""How well models know the same sentences, whatever each was trained to predict: hidden tokens under masks that all
models share, and the pseudo-log-likelihood of sentences.

The masks are a function of :data:`SEED`, the sentence and the place in it alone, never of how a model was trained:
*characters*, where a token is hidden if the character that it begins with is drawn, and *words*, where all tokens of a
drawn word are, as a segmenter of fixed settings finds it, so that models of any tokens lack the same text. Losses can
be compared where vocabularies are the same, bits per character everywhere.

The pseudo-log-likelihood of a sentence is the sum over its tokens of the log-probability of each when it alone is
hidden (Salazar et al. 2020, arXiv:1910.14659, equation 1); the pseudo-perplexity is e to the power of minus its mean
per token over all sentences (equation 2). Tokens that are parts of one word, or of one character, are told from each
other: what a finer vocabulary gains by that is in the figure.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zhprep.collate.rows import Integers
from zhprep.core import rng
from zhprep.core.progress import NO_PROGRESS, Progress
from zhprep.core.ragged import Bools, offsets_of, sizes_of
from zhprep.evaluate.hidden import Answers, Copies, HiddenTokens, SentenceRows
from zhprep.evaluate.sentences import SampledSentences
from zhprep.evaluate.sounds import word_finder

SEED, SHARE = 0, 0.15
"""What the shared masks are drawn with, and how much of the text is hidden."""
MASKS = ("characters", "words")
"""What is drawn, a mask for each."""

Floats = npt.NDArray[np.float64]


def notes_on(scores: dict[str, Any]) -> list[str]:
    """Return a note for each mask, and for the pseudo-log-likelihood, that ``scores`` have no figures of since the text
    is too short."""
    shared, pll = scores.get("shared_masks", {}), scores.get("pll", {})
    empty = [f"hidden {mask}" for mask in MASKS if shared.get(mask, {}).get("masked_tokens") == 0]
    empty += ["pseudo-likelihood"] if pll.get("tokens") == 0 else []
    return [f"there are no figures of {name}: the sentences have none; give more text" for name in empty]


def shared_masks(
    asked: HiddenTokens, sentences: SampledSentences, unigram: Floats | None = None, progress: Progress = NO_PROGRESS
) -> dict[str, Any]:
    """Return the figures of hidden tokens of ``sentences`` under each of :data:`MASKS`; where it is known what tokens
    cost by their frequency (``unigram``, nats of each id, ``[V]``), also what the same ones do.

    Where a mask hides nothing, as it may of a few words, it has counts alone: a loss of 0 would be the best of all.
    """
    rows = asked.read(sentences.texts)
    found = {name: _figures(asked, rows, drawn(rows, sentences, name), unigram, progress) for name in MASKS}
    facts = {"objective": asked.objective, "stream": asked.stream, "share": SHARE, "seed": SEED}
    return {**found, **facts, "text": sentences.facts}


def drawn(rows: SentenceRows, sentences: SampledSentences, mask: str) -> Bools:
    """Return of each token of the source whether the shared mask called ``mask`` hides it (bool ``[T]``)."""
    encoded, bases = rows.source.encoded, rows.bases
    owner = np.repeat(np.arange(len(sizes_of(bases))), sizes_of(bases))
    places = np.arange(bases[-1]) - bases[owner]
    if mask == "words":
        places = _words(sentences.texts, bases)
    keys = rng.keys(SEED, f"shared mask of {mask}", 0, sentences.numbers)[owner]
    chosen = rng.chance(rng.bits(keys, places), SHARE)
    if mask == "characters":
        starts = np.minimum(bases[rows.sentences] + encoded.starts, bases[-1] - 1)  # a token may stand for nothing
        hidden: Bools = chosen[starts]
        return hidden
    every = np.arange(len(encoded.ids))
    token = np.repeat(every, encoded.stops - encoded.starts)
    whole: Bools = np.bincount(token[chosen[rows.covered(every)]], minlength=len(every)) > 0
    return whole


def pseudo_log_likelihood(
    asked: HiddenTokens, sentences: SampledSentences, progress: Progress = NO_PROGRESS
) -> tuple[dict[str, Any], Iterator[str]]:
    """Return the figures of ``sentences``, and of each a JSON line: ``pll`` in nats, ``tokens``, ``characters`` and
    ``text``, in their order."""
    rows = asked.read(sentences.texts)
    real = np.flatnonzero(rows.tokens >= 0)
    tokens = rows.tokens[real]
    row = np.searchsorted(rows.offsets, real, side="right") - 1
    found = asked.ask(rows, Copies(row, real - rows.offsets[row], np.arange(len(real) + 1)), progress)
    values = np.bincount(rows.sentences[tokens], -found.losses, minlength=len(sentences.texts))
    characters = _characters(asked, rows, tokens)
    unknown = int((rows.source.encoded.ids == asked.vocabulary.unk).sum())
    figures = {"text": sentences.facts, "tokens": len(real), "unknown_tokens": unknown}
    if len(real):
        figures |= {
            "pll": float(values.mean()),
            "pseudo_perplexity": math.exp(min(float(found.losses.mean()), 700.0)),
            "bits_per_character": float(found.losses.sum()) / math.log(2) / int(characters.sum()),
        }
    columns = (values.tolist(), rows.source.lengths.tolist(), characters.tolist(), sentences.texts)
    names = ("pll", "tokens", "characters", "text")
    return figures, (
        json.dumps(dict(zip(names, one, strict=True)), ensure_ascii=False) + "\n" for one in zip(*columns, strict=True)
    )


def _words(texts: list[str], bases: Integers) -> Integers:
    """Return the number of the word in its sentence that each character of ``texts`` is in (int64 ``[C]``); sentences
    begin at ``bases`` (int64 ``[S + 1]``)."""
    ends = word_finder()(pa.array(texts, pa.string()))
    n_words = sizes_of(ends.offsets.to_numpy().astype(np.int64))
    stops = ends.flatten().to_numpy().astype(np.int64) + np.repeat(bases[:-1], n_words)
    word = np.searchsorted(stops, np.arange(bases[-1]), side="right")
    numbers: Integers = word - np.repeat(offsets_of(n_words)[:-1], sizes_of(bases))
    return numbers


def _figures(
    asked: HiddenTokens, rows: SentenceRows, hidden: Bools, unigram: Floats | None, progress: Progress
) -> dict[str, float]:
    """Return the figures of the tokens that are ``hidden`` (bool ``[T]``), all of a row at once."""
    real = rows.tokens >= 0
    at = np.flatnonzero(real)[hidden[rows.tokens[real]]]
    row = np.searchsorted(rows.offsets, at, side="right") - 1
    copied, counts = np.unique(row, return_counts=True)
    found: Answers = asked.ask(rows, Copies(copied, at - rows.offsets[row], offsets_of(counts)), progress)
    tokens = rows.tokens[at]
    labels = rows.source.encoded.ids[tokens]
    n, n_characters = len(at), int(_characters(asked, rows, tokens).sum())
    unknown = int((labels == asked.vocabulary.unk).sum())
    figures: dict[str, float] = {"masked_tokens": n, "masked_characters": n_characters, "unknown_tokens": unknown}
    if not n:
        return figures
    figures |= {
        "loss": float(found.losses.sum()) / n,
        "accuracy": float(found.right.sum()) / n,
        "bits_per_character": float(found.losses.sum()) / math.log(2) / n_characters,
    }
    if unigram is not None:
        guessed = unigram[labels]
        figures |= {
            "unigram_loss": float(guessed.sum()) / n,
            "unigram_accuracy": float((labels == int(unigram.argmin())).sum()) / n,
            "unigram_bits_per_character": float(guessed.sum()) / math.log(2) / n_characters,
        }
    return figures


def _characters(asked: HiddenTokens, rows: SentenceRows, tokens: Integers) -> Integers:
    """Return how many characters of each sentence ``tokens`` (int64 ``[N]``, of the source) stand for together (int64
    ``[S]``): white space is none, and an unknown token is one, whatever it stands for."""
    known = rows.source.encoded.ids[tokens] != asked.vocabulary.unk
    bases = rows.bases
    covered = np.zeros(bases[-1], np.bool_)
    covered[rows.covered(tokens[known])] = True
    covered &= ~rows.source.is_space
    owner = np.repeat(np.arange(len(bases) - 1), sizes_of(bases))
    counts = np.bincount(owner[covered], minlength=len(bases) - 1)
    unknown: Integers = counts + np.bincount(rows.sentences[tokens[~known]], minlength=len(bases) - 1)
    return unknown
