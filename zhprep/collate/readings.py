"""Other readings of the text of a row: the whole of it, an n-gram, and the text without that.

In: rows and the tokens they are of before any masks. Out: ``whole_input_ids``, or ``ngram_input_ids`` (``[CLS]``, the
n-gram, ``[SEP]``) and ``context_input_ids`` (the text with ``[MASK]`` for each of its tokens). They are made beside
what a view makes, for models that read them. An n-gram has as many tokens as a draw from a normal distribution of
mean 5 and variance 1 says, rounded, 1 to 10 (InfoWord, arXiv:1910.08350); where its text has fewer, these. Which it is
depends on the seed, the epoch and ``instance_id`` alone.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Collection
from typing import Any

import numpy as np
import numpy.typing as npt

from zhprep.collate.rows import Integers, Ragged, Rows
from zhprep.collate.views import View
from zhprep.core import rng
from zhprep.core.errors import UsageError
from zhprep.core.ragged import offsets_of, ranges
from zhprep.instances import InstancesConfig
from zhprep.vocab import Vocabulary

WHOLE, CONTEXT, NGRAM = "whole_input_ids", "context_input_ids", "ngram_input_ids"
READINGS = (WHOLE, CONTEXT, NGRAM)
LONGEST, MEAN = 10, 5.0


@dataclasses.dataclass(frozen=True)
class ReadingView:
    """What ``view`` gives, and beside it the ``readings`` of the clean text, drawn by ``seed``. If nobody is ``asked``
    for what the view hides, nothing is hidden: ``input_ids`` are the clean text too."""

    view: View
    readings: tuple[str, ...]
    vocabulary: Vocabulary
    seed: int
    asked: bool = True

    @property
    def needs(self) -> tuple[str, ...]:
        """What the view reads, the words of each row and its id."""
        return tuple(dict.fromkeys((*self.view.needs, "word_ids", "instance_id")))

    @property
    def gives(self) -> tuple[str, ...]:
        """What the view gives, and the readings."""
        return (*(self.view.gives if self.asked else ("input_ids",)), *self.readings)

    def rate(self, progress: float) -> float | None:
        """Return the rate of the view's masks, if there are any."""
        return self.view.rate(progress) if self.asked else None

    def clean(self, rows: Rows) -> npt.NDArray[Any]:
        """Return the tokens before any masks."""
        return self.view.clean(rows)

    def __call__(self, rows: Rows, epochs: Integers, progress: float | None = None) -> Rows:
        """Return what the view makes of ``rows``, and the readings."""
        text = Ragged(self.view.clean(rows), rows.tokens.offsets)
        made: dict[str, Ragged] = {WHOLE: text}
        if CONTEXT in self.readings or NGRAM in self.readings:
            keys = rng.keys(self.seed, "ngram", epochs, rows.plain["instance_id"])
            first, last = ngrams(rows.lists["word_ids"], keys)
            made |= {CONTEXT: self._without(text, first, last), NGRAM: self._alone(text, first, last)}
        view = self.view(rows, epochs, progress) if self.asked else Rows({"input_ids": text}, {})
        return view.having(Rows({name: made[name] for name in self.readings}, {}))

    def _without(self, text: Ragged, first: Integers, last: Integers) -> Ragged:
        """Return the rows of ``text`` with masks for the tokens from ``first`` to ``last`` (int64 ``[B]``, of all)."""
        values = text.values.copy()
        values[ranges(first, last - first)] = self.vocabulary.mask
        return Ragged(values, text.offsets)

    def _alone(self, text: Ragged, first: Integers, last: Integers) -> Ragged:
        """Return the tokens from ``first`` to ``last`` (int64 ``[B]``) between special tokens, a row each."""
        offsets = offsets_of(last - first + 2)
        values = np.empty(offsets[-1], text.values.dtype)
        values[offsets[:-1]], values[offsets[1:] - 1] = self.vocabulary.cls, self.vocabulary.sep
        values[ranges(offsets[:-1] + 1, last - first)] = text.values[ranges(first, last - first)]
        return Ragged(values, offsets)


def with_readings(
    view: View, needs: Collection[str], config: InstancesConfig, vocabulary: Vocabulary, *, asked: bool
) -> View:
    """Return ``view`` with the readings that are among ``needs``, or as it is.

    Raises ``UsageError`` for instances made with ``config`` that have a source and a target.
    """
    readings = tuple(name for name in READINGS if name in needs)
    if not readings:
        return view
    if config.corruption:
        raise UsageError(
            "readings of a text are compared, and these instances are sources and targets",
            hint="make instances without --corruption",
        )
    return ReadingView(view, readings, vocabulary, config.seed, asked)


def ngrams(word_ids: Ragged, keys: rng.Bits) -> tuple[Integers, Integers]:
    """Return where the n-gram of each row begins and ends in the tokens of all, int64 ``[B]`` both.

    ``word_ids`` are -1 on special tokens, which no n-gram has; ``keys`` are uint64 ``[B]``. It is about a token that is
    drawn from all others, and of the run of tokens between two special ones that this is in. A row of special tokens
    alone has an empty one.
    """
    real = word_ids.values >= 0
    before = offsets_of(real)  # of each place how many tokens are before it
    n_real = before[word_ids.offsets[1:]] - before[word_ids.offsets[:-1]]
    token = before[word_ids.offsets[:-1]] + rng.below(rng.bits(keys, 0), np.maximum(n_real, 1))
    places = np.append(np.flatnonzero(real), len(real))
    place = np.where(n_real > 0, places[np.minimum(token, len(places) - 1)], word_ids.offsets[:-1])
    specials = np.flatnonzero(~real)
    number = np.searchsorted(specials, place)  # of the special tokens before it
    left = np.where(number > 0, specials[number - 1] + 1, 0) if len(specials) else np.zeros_like(place)
    right = np.append(specials, len(real))[number]
    left, right = np.maximum(left, word_ids.offsets[:-1]), np.minimum(right, word_ids.offsets[1:])
    wanted = 1 + np.searchsorted(_CUTS, rng.bits(keys, 1), side="right")
    first = np.maximum(np.minimum(place, right - wanted), left)
    return first, np.where(n_real > 0, np.minimum(first + wanted, right), first)


def _cuts() -> rng.Bits:
    """Return the bits below which a draw is of 1, of 2, … tokens: uint64 ``[LONGEST - 1]``."""
    below = [0.5 * math.erfc((MEAN - 0.5 - n) / math.sqrt(2)) for n in range(1, LONGEST)]
    return np.array([rng.threshold(share) for share in below], np.uint64)


_CUTS = _cuts()
