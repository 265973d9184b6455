"""Texts of a task in coarse tokens too, for models that read two granularities (AMBERT).

In: texts, and how they were cut into fine tokens. Out: coarse rows cut at the same places of the text, and for each
fine token the place of the coarse one it is in. A coarse token that is cut into by the length stays whole.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from zhprep.collate.rows import Integers, Ragged
from zhprep.core.ragged import offsets_of, ranges, sizes_of
from zhprep.instances.layout import coarse_places, token_begins
from zhprep.vocab import Encoded, Encoder, Vocabulary


class CoarseTexts(NamedTuple):
    """The coarse tokens of texts, and for each fine token which of them it is in (int64 ``[T]``)."""

    encoded: Encoded
    of: Integers

    def extent(self, which: Integers, begin: Integers, size: Integers, ends: Integers) -> tuple[Integers, Integers]:
        """Return the first coarse token and how many there are (int64 ``[S]``) of ``size`` fine tokens from ``begin``
        on, in texts ``which`` whose fine tokens end at ``ends``."""
        last_of_text = self.encoded.sentence_offsets[1:][which]
        if not len(self.of):
            return last_of_text, np.zeros_like(size)
        known = len(self.of) - 1
        behind = np.maximum(self.of[np.minimum(begin + size, known)], self.of[np.maximum(begin + size - 1, 0)] + 1)
        stops = np.where(begin + size == ends, last_of_text, behind)
        firsts = self.of[np.minimum(begin, known)]
        return firsts, np.where(size > 0, stops - firsts, 0)


class CoarseSegment(NamedTuple):
    """A text of each of ``S`` sequences: its tokens, where its fine ones begin among all and in its sequence, how many
    these are (int64 ``[S]`` each), and its coarse ones' first and number."""

    texts: CoarseTexts
    begin: Integers
    place: Integers
    size: Integers
    first: Integers
    n_coarse: Integers


class CoarseEncoder:
    """Encodes texts with the coarse vocabulary of a model."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary, self.encoder = vocabulary, Encoder(vocabulary)

    def encode(self, texts: Sequence[str], fine: Encoded, words_of: Callable[[pa.Array], Any]) -> CoarseTexts:
        """Return the coarse tokens of ``texts``, whose fine ones are ``fine``; a vocabulary of words is given those
        that ``words_of`` finds."""
        column = pa.array(list(texts), pa.string())
        coarse = self.encoder.encode(column, words_of(column) if self.encoder.takes_words else None)
        bases = offsets_of(np.array([len(text) for text in texts], np.int64))
        begins = []
        for one in (coarse, fine):
            first = np.repeat(bases[:-1], sizes_of(one.sentence_offsets)) + one.starts
            begins.append(token_begins(first, one.sentence_offsets, bases))
        return CoarseTexts(coarse, coarse_places(*begins))

    def lay_out(self, segments: Sequence[CoarseSegment], offsets: Integers) -> dict[str, Ragged]:
        """Return the coarse columns of sequences of ``segments``, and ``coarse_of`` along their fine tokens, which lie
        at ``offsets`` (int64 ``[S + 1]``)."""
        sizes = np.sum([segment.n_coarse + 1 for segment in segments], axis=0) + 1
        coarse_offsets = offsets_of(sizes)
        ids = np.full(coarse_offsets[-1], self.vocabulary.sep, np.int64)
        kinds, of = np.zeros_like(ids), np.full(offsets[-1], -1, np.int64)
        ids[coarse_offsets[:-1]] = self.vocabulary.cls
        place = np.ones(len(sizes), np.int64)
        for number, segment in enumerate(segments):
            begin = coarse_offsets[:-1] + place
            ids[ranges(begin, segment.n_coarse)] = segment.texts.encoded.ids[ranges(segment.first, segment.n_coarse)]
            kinds[ranges(begin, segment.n_coarse + 1)] = number
            at = segment.texts.of[ranges(segment.begin, segment.size)] + np.repeat(place - segment.first, segment.size)
            at[at >= np.repeat(place + segment.n_coarse, segment.size)] = -1
            of[ranges(offsets[:-1] + segment.place, segment.size)] = at
            place = place + segment.n_coarse + 1
        return {
            "coarse_input_ids": Ragged(ids, coarse_offsets),
            "coarse_token_type_ids": Ragged(kinds, coarse_offsets),
            "coarse_of": Ragged(of, offsets),
        }
