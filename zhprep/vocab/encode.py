"""Token ids with places for whole blocks of text, equal to those of the ``tokenizers`` library.

In: an Arrow array of sentences. Out: flat arrays, see :class:`Encoded`.

A character whose id does not depend on its neighbours is asked for once and then gathered from a
table over code points. What is left, runs of letters and digits for the most part, goes through the
library once per distinct run. Where text may be cut so is the business of ``cuts``.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from tokenizers import Tokenizer

from zhprep.vocab import codepoints, cuts
from zhprep.vocab.runs import Runs, spread
from zhprep.vocab.vocabulary import Vocabulary

Ids = npt.NDArray[Any]
Places = npt.NDArray[np.int32]
Ints = npt.NDArray[np.int64]


@dataclasses.dataclass(frozen=True)
class Encoded:
    """The tokens of a batch of sentences.

    ``ids`` (uint16 if the vocabulary fits, else int32)[T]; ``starts`` and ``stops`` int32[T], the code
    points of its sentence that a token stands for; ``sentence_offsets`` int64[S+1] into the three.
    """

    ids: Ids
    starts: Places
    stops: Places
    sentence_offsets: Ints


class Encoder:
    """Encodes batches of sentences with one vocabulary; remembers the runs it has seen.

    ``specials_in_text`` says what the text ``[MASK]`` is: the special token, as the library has it, or
    with False ordinary characters, as in Google's BERT. ``takes_words`` says that the vocabulary is made
    of words, so that :meth:`encode` should be given where they end.
    """

    def __init__(self, vocabulary: Vocabulary, *, specials_in_text: bool = True) -> None:
        self.vocabulary = vocabulary
        self.takes_words = cuts.takes_words(vocabulary)
        self.id_type = np.dtype(np.uint16 if vocabulary.size <= 1 << 16 else np.int32)
        tokenizer = Tokenizer.from_str(vocabulary.tokenizer_json)
        tokenizer.no_padding()
        tokenizer.no_truncation()
        tokenizer.encode_special_tokens = not specials_in_text
        self._cuts = cuts.of(vocabulary, tokenizer)
        self._by_word = cuts.Words(self._cuts.marks)
        self._runs = Runs(tokenizer, self._cuts.marks.dtype)
        added = tokenizer.get_added_tokens_decoder().values()
        self._added = [token.content for token in added if specials_in_text or not token.special]

    def encode(self, sentences: Any, ends: Any = None) -> Encoded:
        """Return the tokens of ``sentences`` (Arrow strings, or a sequence of str), without ``[CLS]`` and ``[SEP]``.

        With ``ends`` (list<int32>, where the words of each sentence end) each word is encoded by itself,
        as the library encodes the words joined by spaces. Raises ``DataError`` where the words do not
        cover a sentence.
        """
        ends = ends.combine_chunks() if isinstance(ends, pa.ChunkedArray) else ends
        parts = [self._chunk(chunk, ends) for chunk in codepoints.chunks(sentences)]
        if not parts:
            empty = np.empty(0, np.int32)
            return Encoded(empty.astype(self.id_type), empty, empty, np.zeros(1, np.int64))
        lengths = np.concatenate([np.diff(part.sentence_offsets) for part in parts])
        return Encoded(
            np.concatenate([part.ids for part in parts]).astype(self.id_type, copy=False),
            np.concatenate([part.starts for part in parts]),
            np.concatenate([part.stops for part in parts]),
            np.concatenate((np.zeros(1, np.int64), np.cumsum(lengths))),
        )

    def _chunk(self, chunk: codepoints.Chunk, ends: Any) -> Encoded:
        cut = self._cuts.cut(chunk, self._whole(chunk)) if ends is None else self._by_word.cut(chunk, ends)
        keep = cut.codes < self._cuts.marks.space
        if not len(cut.starts):
            position = np.flatnonzero(keep)
            return _encoded(cut.codes[position], position, position + 1, position, chunk.offsets)
        found = self._runs.find(codepoints.slices(chunk.points, cut.starts, cut.stops))
        room = np.minimum(found.n_tokens, cut.stops - cut.starts)
        keep[spread(cut.starts, room)] = True
        position = _with_extra(np.flatnonzero(keep), found.n_tokens - room, cut.stops - 1)
        in_run = np.flatnonzero(cut.codes[position] == self._cuts.marks.run)
        ids = cut.codes[position]
        ids[in_run] = found.ids
        begin, end = position.copy(), position + 1
        origin = np.repeat(cut.starts, found.n_tokens)
        begin[in_run] = origin + found.starts
        end[in_run] = origin + found.stops
        return _encoded(ids, begin, end, position, chunk.offsets)

    def _whole(self, chunk: codepoints.Chunk) -> codepoints.Flags | None:
        """Return the code points of sentences that hold an added token as text; None if there are none."""
        suspects = [np.flatnonzero(chunk.points == ord(first)) for first in {content[0] for content in self._added}]
        places = np.concatenate(suspects) if suspects else np.empty(0, np.int64)
        if not len(places):
            return None
        flags = np.zeros(len(chunk.points), np.bool_)
        for sentence in np.unique(np.searchsorted(chunk.offsets, places, side="right") - 1).tolist():
            first, last = chunk.offsets[sentence], chunk.offsets[sentence + 1]
            text = chunk.points[first:last].tobytes().decode("utf-32-le")
            flags[first:last] = any(content in text for content in self._added)
        return flags if flags.any() else None


def _with_extra(position: Ints, extra: Ints, last: Ints) -> Ints:
    """Return ``position`` with ``last[i]`` repeated ``extra[i]`` times more: runs with more tokens than characters."""
    if not extra.any():
        return position
    more = np.repeat(last, extra)
    return np.insert(position, np.searchsorted(position, more), more)


def _encoded(ids: Ids, begin: Ints, end: Ints, position: Ints, offsets: codepoints.Offsets) -> Encoded:
    """Return tokens with places in their sentences; ``position``, in order, is within the sentence of each token."""
    sentence_offsets = np.searchsorted(position, offsets)
    origin = np.repeat(offsets[:-1], np.diff(sentence_offsets))
    return Encoded(ids, (begin - origin).astype(np.int32), (end - origin).astype(np.int32), sentence_offsets)
