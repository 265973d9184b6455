"""Replace chosen tokens by draws with given shares: the common ground of all replacements.

In: the chosen tokens of a batch and three shares. Out: what stands in their places, and a code per
token that says what was done.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from zhprep.core import rng
from zhprep.core.errors import DataError, UsageError
from zhprep.core.ragged import Array, Bools, Ints
from zhprep.core.sets import marked
from zhprep.instances.similar import SimilarTable
from zhprep.vocab import Vocabulary

UNTOUCHED, MASK, RANDOM, KEEP, SIMILAR, UNPAIRED, MOVED = range(7)
KINDS = ("untouched", "mask", "random", "keep", "similar", "random for want of a similar word", "moved")
"""What the codes of ``mask_kind`` mean."""

_HALF = np.uint64(32)


class PinyinReadings(Protocol):
    """Knows how tokens may be read."""

    def draw(self, token_ids: Ints, random: rng.Bits) -> npt.NDArray[np.uint16]:
        """Return the id of one reading of each token, 0 for a token that has none."""
        ...


@dataclasses.dataclass(frozen=True)
class TokenFacts:
    """What replacing needs to know of a vocabulary: the id of the mask token and the ids that a
    random token may have (``pool``, no specials and no unused entries); a table of similar words and the
    readings of the tokens, if there are any. For corruptions, ``marks`` ``uint8[V]`` says which ids end a sentence
    and ``sentinels`` are the ids that stand for spans, in the order of their use. ``never_text`` ``bool[V]`` are the
    special tokens that no text has, and so no mask may be put on; ``coarse`` is known of a second vocabulary."""

    mask: int
    pool: Ints
    similar: SimilarTable | None = None
    readings: PinyinReadings | None = None
    marks: npt.NDArray[np.uint8] | None = None
    sentinels: Ints | None = None
    never_text: Bools | None = None
    coarse: TokenFacts | None = None

    @classmethod
    def of(cls, vocabulary: Vocabulary, keep_special: Sequence[str] = ()) -> TokenFacts:
        """Return the facts of a vocabulary; the special tokens ``keep_special`` may stand in text."""
        never_text = vocabulary.never_text(keep_special)
        return cls(vocabulary.mask, vocabulary.normal_ids.astype(np.int64), never_text=never_text)

    def check_text(self, input_ids: Array, word_ids: Array) -> None:
        """Raise ``DataError`` where a token of the text (``word_ids`` [T] is not -1) has the id of a special token."""
        if self.never_text is None:
            return
        wrong = np.flatnonzero(marked(input_ids, self.never_text) & (word_ids >= 0))
        if len(wrong):
            raise DataError(
                f"{len(wrong):,} tokens of the text are special tokens, the first has the id {input_ids[wrong[0]]}; "
                "special_tokens_mask is 0 there",
                hint="make the data again with this version, with --keep-special NAME for placeholders that stay",
            )


@dataclasses.dataclass(frozen=True)
class Chosen:
    """The chosen tokens of a batch, arrays of length ``M`` in order of position.

    ``ids`` are the original tokens, ``keys`` the replacement key of their instance, ``places`` their index
    within the instance, ``words`` their word index, ``spans`` the number of the chosen span. ``positions`` is where
    they are in ``all_words``, the word indices of the whole batch.
    """

    ids: Array
    keys: rng.Bits
    places: Ints
    words: Ints
    spans: Ints
    positions: Ints
    all_words: Array

    def texts(self) -> Ints:
        """Return for each the number of the text it is in: what stands between two special tokens."""
        numbers: Ints = np.cumsum(self.all_words < 0, dtype=np.int64)[self.positions]
        return numbers

    def runs(self) -> tuple[Ints, Ints]:
        """Return where, in these arrays, each run of chosen tokens of one word starts, and its size."""
        fresh = np.diff(self.places, prepend=-2) != 1
        fresh[1:] |= (self.words[1:] != self.words[:-1]) | (self.keys[1:] != self.keys[:-1])
        starts = np.flatnonzero(fresh)
        return starts, np.diff(starts, append=len(self.places))

    def unit(self, per: str) -> Ints:
        """Return what a draw is for: the number of the token, of the word or of the span."""
        return {"token": self.places, "word": self.words, "span": self.spans}[per]


def draw_kinds(chosen: Chosen, shares: tuple[float, ...], per: str, first: int = MASK) -> npt.NDArray[np.uint8]:
    """Return a code per token: ``first``, RANDOM or KEEP, with the given shares, one draw per ``per``.

    Raises ``UsageError`` when the shares are not three numbers that add up to one.
    """
    if len(shares) != 3 or min(shares) < 0 or abs(sum(shares) - 1) > 1e-6:
        raise UsageError(
            f"ratios are {list(shares)}; they must be three shares, replaced, random and kept, that add up to 1",
            hint="BERT has 0.8,0.1,0.1",
        )
    roll = rng.bits(chosen.keys, chosen.unit(per)) >> _HALF
    which = (roll >= round(shares[0] * 2**32)).astype(np.intp)
    which += roll >= round((shares[0] + shares[1]) * 2**32)
    return np.array([first, RANDOM, KEEP], np.uint8)[which]


def draw_tokens(chosen: Chosen, where: Ints, pool: Ints) -> Ints:
    """Return random ids of the pool for the chosen tokens ``where``, each drawn on its own."""
    return pool[rng.below(rng.bits(chosen.keys[where], chosen.places[where]) << _HALF, len(pool))]


@dataclasses.dataclass(frozen=True)
class Replaced:
    """What stands in the chosen places: ``ids`` and ``kinds`` (what was done), ``[M]``, and what is to be predicted,
    ``labels``: the original ids, or positions."""

    ids: Array
    kinds: npt.NDArray[np.uint8]
    labels: Array


@dataclasses.dataclass(frozen=True)
class Masked:
    """A masked batch: ``input_ids`` ``[T]`` after replacing, and for the ``M`` chosen tokens, in order,
    ``positions`` in the flat batch, ``labels`` (what is to be predicted: the original ids, or with ``shuffle``
    places in the instance) and ``kinds`` (what was done).
    ``offsets`` ``int64[B + 1]`` says which of them each instance has; ``coarse`` is the same of the coarse tokens."""

    input_ids: Array
    positions: Ints
    offsets: Ints
    labels: Array
    kinds: npt.NDArray[np.uint8]
    coarse: Masked | None = None


def replaced(chosen: Chosen, kinds: npt.NDArray[np.uint8], facts: TokenFacts) -> Replaced:
    """Put the mask token, a random one or the old one in each place, as the codes say."""
    new = np.where(kinds == KEEP, chosen.ids, chosen.ids.dtype.type(facts.mask))
    where = np.flatnonzero(kinds == RANDOM)
    new[where] = draw_tokens(chosen, where, facts.pool)
    return Replaced(new, kinds, chosen.ids)
