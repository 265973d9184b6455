"""Texts of a task as what a model reads: ``[CLS] a [SEP]`` or ``[CLS] a [SEP] b [SEP]``, and where characters went.

All texts are encoded and laid out at once, by the same encoder that made the instances of pretraining. Spans and tags
are of characters, whatever the tokens are: a token may be a word, a character, or a part of one.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from torch import Tensor

from zhprep.collate import Padding, to_tensors
from zhprep.collate.rows import Integers, Ragged, Rows
from zhprep.core.ragged import offsets_of, ranges, sizes_of
from zhprep.evaluate.granularities import CoarseEncoder, CoarseSegment, CoarseTexts
from zhprep.evaluate.sounds import READERS, Reader, WordSource, word_finder
from zhprep.vocab import Encoded, Encoder, Vocabulary


@dataclasses.dataclass(frozen=True)
class EncodedTexts:
    """Texts, their tokens, the columns that a model reads besides, int64 ``[T]`` each, and their coarse tokens, for a
    model that reads these."""

    texts: Sequence[str]
    encoded: Encoded
    columns: dict[str, Integers]
    coarse: CoarseTexts | None = None

    @functools.cached_property
    def is_space(self) -> npt.NDArray[np.bool_]:
        """True at white space, for all characters of all texts (bool ``[ΣC]``)."""
        points = np.frombuffer("".join(self.texts).encode("utf-32-le", "surrogatepass"), np.uint32)
        distinct, inverse = np.unique(points, return_inverse=True)
        return np.array([chr(point).isspace() for point in distinct], np.bool_)[inverse]

    @property
    def lengths(self) -> Integers:
        """The tokens in each text."""
        return sizes_of(self.encoded.sentence_offsets)


class Segment:
    """A text of each of ``S`` sequences: text ``which[s]`` of ``source``, ``size[s]`` tokens from ``first[s]``
    on (int64 ``[S]`` each; by default the whole texts in order)."""

    def __init__(
        self,
        source: EncodedTexts,
        which: Integers | None = None,
        first: Integers | None = None,
        size: Integers | None = None,
    ) -> None:
        self.source = source
        self.which = np.arange(len(source.texts)) if which is None else which
        self.first = np.zeros(len(self.which), np.int64) if first is None else first
        self.size = source.lengths[self.which] if size is None else size

    @property
    def begin(self) -> Integers:
        """Where each one's tokens begin among all of the source."""
        return self.source.encoded.sentence_offsets[self.which] + self.first

    def cut(self, size: Integers) -> Segment:
        """Return the same with no more than ``size`` tokens each."""
        return Segment(self.source, self.which, self.first, np.minimum(self.size, size))


@dataclasses.dataclass(frozen=True)
class CoveredCharacters:
    """The characters of one segment that tokens stand for, in order: ``tokens`` the place of a character's token in its
    sequence, ``places`` which character of its token it is, ``points`` its code point in the text; rows are sequences.

    A character made of several tokens is with the first; white space and what the tokenizer drops are left out.
    """

    tokens: Ragged
    places: Ragged
    points: Ragged


@dataclasses.dataclass(frozen=True)
class Inputs:
    """What a model reads of the examples of a part.

    ``rows`` are ``S`` sequences. A unit is what has to be in one batch (the choices of a question): sequences
    ``units[u]`` to ``units[u + 1] - 1`` (int64 ``[U + 1]``). ``examples`` says which example a unit is of (int64
    ``[U]``). ``characters`` are those that are labelled, if any are. ``tokens`` are what each id is in a text, for
    answers that are tokens, and ``own`` the ids of the labelled characters as they are (int64 ``[ΣC]``).
    """

    rows: Rows
    units: Integers
    examples: Integers
    characters: CoveredCharacters | None = None
    tokens: Sequence[str] = ()
    own: Integers | None = None

    def __len__(self) -> int:
        return len(self.examples)

    @property
    def lengths(self) -> Integers:
        """The tokens of the longest sequence of each unit."""
        return np.maximum.reduceat(self.rows.lengths, self.units[:-1]) if len(self) else np.zeros(0, np.int64)

    def batch(self, units: Integers, padding: Padding) -> dict[str, Tensor]:
        """Return the batch of ``units``; ``example`` counts from 0 within it."""
        sizes = sizes_of(self.units)[units]
        chosen = ranges(self.units[:-1][units], sizes)
        lists = {}
        for name, column in self.rows.lists.items():
            lengths = sizes_of(column.offsets)[chosen]
            lists[name] = Ragged(column.values[ranges(column.offsets[chosen], lengths)], offsets_of(lengths))
        plain = {name: column[chosen] for name, column in self.rows.plain.items()}
        if "example" in plain:
            plain["example"] = np.repeat(np.arange(len(units)), sizes)
        return to_tensors(Rows(lists, plain), padding)


class TaskEncoder:
    """Encodes texts for a model that reads ``columns``, sequences having at most ``max_length`` tokens; with a
    ``coarse`` vocabulary in its tokens too. ``words`` finds the words, where a vocabulary or a column needs them."""

    def __init__(
        self, vocabulary: Vocabulary, max_length: int, columns: Sequence[str] = (), coarse: Vocabulary | None = None,
        words: WordSource = WordSource(),  # noqa: B008  # frozen
    ) -> None:  # fmt: skip
        self.vocabulary, self.max_length = vocabulary, max_length
        self._words = words
        self.encoder = Encoder(vocabulary)
        self.coarse = None if coarse is None else CoarseEncoder(coarse)
        self.readers: dict[str, Reader] = {name: make(words) for name, make in READERS.items() if name in columns}

    @functools.cached_property
    def words_of(self) -> Callable[[pa.Array], Any]:
        """What finds the words of texts, loaded when it is first needed."""
        return word_finder(self._words)

    def texts(self, texts: Sequence[str]) -> EncodedTexts:
        """Return ``texts`` encoded; a vocabulary of words is given the words that the segmenter finds."""
        column = pa.array(list(texts), pa.string())
        encoded = self.encoder.encode(column, self.words_of(column) if self.encoder.takes_words else None)
        read_too = {name: read(list(texts), encoded) for name, read in self.readers.items()}
        coarse = None if self.coarse is None else self.coarse.encode(texts, encoded, self.words_of)
        return EncodedTexts(texts, encoded, read_too, coarse)

    def room(self, n_segments: int) -> int:
        """Return how many tokens the texts of a sequence may have."""
        return self.max_length - 1 - n_segments

    def lay_out(self, segments: Sequence[Segment]) -> Rows:
        """Return ``input_ids``, ``token_type_ids`` and the columns besides, 0 at special tokens, of sequences of
        ``segments``, which fit."""
        begins = begins_of(segments)
        offsets = offsets_of(begins[-1])
        starts = offsets[:-1]
        values = {name: np.zeros(offsets[-1], np.int64) for name in ("token_type_ids", *self.readers)}
        values = {"input_ids": np.full(offsets[-1], self.vocabulary.sep, np.int64), **values}
        values["input_ids"][starts] = self.vocabulary.cls
        for number, segment in enumerate(segments):
            source, target = ranges(segment.begin, segment.size), ranges(starts + begins[number], segment.size)
            values["input_ids"][target] = segment.source.encoded.ids[source]
            for name in self.readers:
                values[name][target] = segment.source.columns[name][source]
            values["token_type_ids"][ranges(starts + begins[number], segment.size + 1)] = number
        lists = {name: Ragged(column, offsets) for name, column in values.items()}
        return Rows(lists | self._coarse(segments, begins, offsets), {})

    def _coarse(self, segments: Sequence[Segment], begins: list[Integers], offsets: Integers) -> dict[str, Ragged]:
        """Return the coarse columns of sequences of ``segments``, no longer than the fine ones may be, which lie at
        ``offsets`` (int64 ``[S + 1]``) with each segment at its ``begins`` (int64 ``[S]``)."""
        if self.coarse is None:
            return {}
        made = []
        for segment, place in zip(segments, begins, strict=False):
            texts = segment.source.coarse
            assert texts is not None
            ends = segment.source.encoded.sentence_offsets[1:][segment.which]
            first, count = texts.extent(segment.which, segment.begin, segment.size, ends)
            made.append(CoarseSegment(texts, segment.begin, place, segment.size, first, count))
        kept = fit([one.n_coarse for one in made], self.room(len(made)))
        return self.coarse.lay_out(
            [one._replace(n_coarse=count) for one, count in zip(made, kept, strict=True)], offsets
        )

    def fitted(self, segments: Sequence[Segment]) -> list[Segment]:
        """Return ``segments`` cut to fit: the longer text of a row gives up tokens at its end."""
        kept = fit([segment.size for segment in segments], self.room(len(segments)))
        return [segment.cut(size) for segment, size in zip(segments, kept, strict=True)]


def begins_of(segments: Sequence[Segment]) -> list[Integers]:
    """Return where in their sequence the tokens of each segment begin, and how long the sequences are."""
    begins = [np.ones(len(segments[0].which), np.int64)]
    for segment in segments:
        begins.append(begins[-1] + segment.size + 1)
    return [*begins[:-1], begins[-1]]


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


def windows(lengths: Integers, room: Integers, stride: Integers | int = 0) -> tuple[Integers, Integers, Integers]:
    """Return windows that cover texts of ``lengths`` tokens, each of at most ``room[t]`` (int64 ``[N]``): of which text
    each is, its first token and its size.

    One begins ``stride`` tokens after the one before it (by default where that one ends); a text of nothing has one.
    """
    step = np.minimum(np.where(stride, stride, room), room)
    counts = 1 + np.maximum(-(-(lengths - room) // step), 0)
    which = np.repeat(np.arange(len(lengths)), counts)
    first = ranges(np.zeros(len(lengths), np.int64), counts) * step[which]
    return which, first, np.minimum(lengths[which] - first, room[which])


def characters_of(segment: Segment, begins: Integers) -> CoveredCharacters:
    """Return the characters of ``segment``, whose tokens begin at ``begins`` in their sequences (int64 ``[S]``)."""
    tokens = ranges(segment.begin, segment.size)
    starts = segment.source.encoded.starts[tokens].astype(np.int64)
    counts = segment.source.encoded.stops[tokens] - starts
    owner = np.repeat(np.repeat(np.arange(len(segment.which)), segment.size), counts)
    points = ranges(starts, counts)
    place = ranges(np.zeros(len(counts), np.int64), counts)
    at = np.repeat(ranges(begins, segment.size), counts)
    texts = offsets_of(np.array([len(text) for text in segment.source.texts], np.int64))
    new = ~segment.source.is_space[texts[segment.which[owner]] + points]
    # tokens that are parts of one character stand for it one after another
    new[1:] &= (points[1:] != points[:-1]) | (owner[1:] != owner[:-1])
    # and where the text is cut within one, it is with the part that has its first token
    before = segment.source.encoded.stops[np.maximum(segment.begin - 1, 0)]
    new &= points >= np.where(segment.first > 0, before, 0)[owner]
    offsets = offsets_of(np.bincount(owner[new], minlength=len(segment.which)))
    return CoveredCharacters(Ragged(at[new], offsets), Ragged(place[new], offsets), Ragged(points[new], offsets))


def with_characters(rows: Rows, characters: CoveredCharacters, labels: npt.NDArray[Any] | None = None) -> Rows:
    """Return ``rows`` with the columns of ``characters``, and their ``labels`` (int64, one a character)."""
    lists = {"char_tokens": characters.tokens, "char_places": characters.places}
    if labels is not None:
        lists["char_labels"] = Ragged(labels, characters.tokens.offsets)
    return rows.having(Rows(lists, {}))


def one_each(rows: Rows, examples: Integers | None = None, characters: CoveredCharacters | None = None) -> Inputs:
    """Return ``rows`` as inputs where each sequence is a unit, of the example of its number if none is said."""
    numbers = np.arange(len(rows) + 1)
    return Inputs(rows, numbers, numbers[:-1] if examples is None else examples, characters)
