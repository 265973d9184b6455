"""Token ids with places for whole blocks of text, equal to those of the ``tokenizers`` library.

In: an Arrow array of sentences. Out: flat arrays, see :class:`zhprep.vocab.cuts.placing.Encoded`.

A character whose id does not depend on its neighbours is asked for once and then gathered from a
table over code points, and so are the words of a vocabulary of words. What is left, runs of letters and digits for the
most part, goes through the library once per distinct run. Where text may be cut so is the business of ``cuts``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zhprep.core.sets import marked
from zhprep.vocab import codepoints, cuts
from zhprep.vocab.cuts.placing import Encoded, Placing
from zhprep.vocab.in_text import added_tokens, check_kept, occurrences, text_tokenizer
from zhprep.vocab.runs import Library, RunCache
from zhprep.vocab.vocabulary import Vocabulary

Ids = npt.NDArray[Any]


class Encoder:
    """Encodes batches of sentences with one vocabulary; remembers the runs it has seen.

    The text ``[MASK]`` is six ordinary characters, as in Google's BERT, and so is every special token but those
    named in ``keep_special``. ``takes_words`` says that the vocabulary is made of words, so that :meth:`encode`
    should be given where they end.
    """

    def __init__(self, vocabulary: Vocabulary, *, keep_special: Sequence[str] = ()) -> None:
        """Raises ``UsageError`` where ``keep_special`` names what cannot stand in text."""
        self.vocabulary = vocabulary
        self.takes_words = cuts.takes_words(vocabulary)
        self.id_type = np.dtype(np.uint16 if vocabulary.size <= 1 << 16 else np.int32)
        check_kept(vocabulary, keep_special)
        self._whole_tokens, self._taken_apart = added_tokens(vocabulary, keep_special)
        library = Library(lambda: text_tokenizer(vocabulary, keep_special))
        self._cuts = cuts.of(vocabulary, library, self._whole_tokens)
        self._by_word = cuts.by_word(vocabulary, self._cuts.marks)
        self._runs = RunCache(self._cuts.tokens, self._cuts.marks.dtype, quick=self._cuts.quick)
        self._words = RunCache(library.encode, self._cuts.marks.dtype)
        self._placing = Placing(self._cuts.marks.space, self._cuts.marks.run)
        self._never = vocabulary.never_text(keep_special)

    def encode(self, sentences: Any, ends: Any = None) -> Encoded:
        """Return the tokens of ``sentences`` (Arrow strings, or a sequence of str), without ``[CLS]`` and ``[SEP]``.

        With ``ends`` (list<int32>, where the words of each sentence end) each word is encoded by itself,
        as the library encodes the words joined by spaces. Raises ``DataError`` where the words do not
        cover a sentence.
        """
        ends = ends.combine_chunks() if isinstance(ends, pa.ChunkedArray) else ends
        parts, n_specials = [], 0
        for chunk in codepoints.chunks(sentences):
            parts.append(self._chunk(chunk, ends))
            n_specials += len(occurrences(chunk, self._taken_apart)[0])
        if not parts:
            empty = np.empty(0, np.int32)
            return Encoded(empty.astype(self.id_type), empty, empty, np.zeros(1, np.int64))
        lengths = np.concatenate([np.diff(part.sentence_offsets) for part in parts])
        return Encoded(
            self._as_text(np.concatenate([part.ids for part in parts])).astype(self.id_type, copy=False),
            np.concatenate([part.starts for part in parts]),
            np.concatenate([part.stops for part in parts]),
            np.concatenate((np.zeros(1, np.int64), np.cumsum(lengths))),
            n_specials,
        )

    def _chunk(self, chunk: codepoints.Chunk, ends: Any) -> Encoded:
        held = self._held(chunk)
        cut = self._cuts.cut(chunk, held) if ends is None else self._by_word.cut(chunk, ends, held)
        if not len(cut.starts):
            return self._placing.placed(cut, None, chunk.offsets)
        runs = self._runs if ends is None else self._words
        return self._placing.placed(cut, runs.of(chunk.points, cut.starts, cut.stops), chunk.offsets)

    def _held(self, chunk: codepoints.Chunk) -> codepoints.Flags | None:
        """Return bool[C], True in sentences that hold an added token; None if there are none."""
        places, _ = occurrences(chunk, self._whole_tokens)
        if not len(places):
            return None
        holds = np.zeros(len(chunk.offsets) - 1, np.bool_)
        holds[np.searchsorted(chunk.offsets, places, side="right") - 1] = True
        return np.repeat(holds, np.diff(chunk.offsets))

    def _as_text(self, ids: Ids) -> Ids:
        """Return ``ids`` ``[T]`` without special tokens: a word that is spelt like one is a word that is not known."""
        special = marked(ids, self._never)
        return np.where(special, ids.dtype.type(self.vocabulary.unk), ids) if special.any() else ids
