"""Token ids with places for whole blocks of text, equal to those of the ``tokenizers`` library.

In: an Arrow array of sentences. Out: flat arrays, see :class:`Encoded`.

A character that the library's rules set apart from its neighbours has the same id everywhere: it is
asked for once and then gathered from a table over code points. What is left, runs of letters and
digits for the most part, goes through the library once per distinct run. Sentences that hold a
special token as text are runs as a whole.
"""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from zhprep.vocab import codepoints
from zhprep.vocab.runs import Runs, spread
from zhprep.vocab.vocabulary import Vocabulary

Ids = npt.NDArray[Any]
Places = npt.NDArray[np.int32]
N_MARKS = 4
"""Values at the top of the table's type that are not ids: space, run, trigger, unseen."""


@dataclasses.dataclass(frozen=True)
class Encoded:
    """The tokens of a batch of sentences.

    ``ids`` (uint16 if the vocabulary fits, else int32)[T]; ``starts`` and ``stops`` int32[T], the code
    points of its sentence that a token stands for; ``sentence_offsets`` int64[S+1] into the three.
    """

    ids: Ids
    starts: Places
    stops: Places
    sentence_offsets: npt.NDArray[np.int64]


class Encoder:
    """Encodes batches of sentences with one vocabulary; remembers the runs it has seen.

    ``specials_in_text`` says what the text ``[MASK]`` is: the special token, as the library has it, or
    with False five ordinary characters, as in Google's BERT.
    """

    def __init__(self, vocabulary: Vocabulary, *, specials_in_text: bool = True) -> None:
        self.vocabulary = vocabulary
        self._tokenizer = Tokenizer.from_str(vocabulary.tokenizer_json)
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self._tokenizer.encode_special_tokens = not specials_in_text
        self.id_type = np.dtype(np.uint16 if vocabulary.size <= 1 << 16 else np.int32)
        marks = np.dtype(np.uint16 if vocabulary.size <= (1 << 16) - N_MARKS else np.int32)
        self._space, self._run, self._trigger, self._unseen = range(np.iinfo(marks).max - N_MARKS + 1, np.iinfo(marks).max + 1)
        self._table = codepoints.Table(self._ask, marks, self._unseen)
        self._runs = Runs(self._tokenizer, marks)
        added = self._tokenizer.get_added_tokens_decoder().values()
        self._added = [token.content for token in added if specials_in_text or not token.special]
        self._triggers = dict.fromkeys((content[0] for content in self._added), 0)
        self._by_table = _has_table(vocabulary.tokenizer_json)

    def encode(self, sentences: Any) -> Encoded:
        """Return the tokens of ``sentences`` (Arrow strings, or a sequence of str), without ``[CLS]`` and ``[SEP]``."""
        parts = [self._chunk(chunk) for chunk in codepoints.chunks(sentences)]
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

    def _chunk(self, chunk: codepoints.Chunk) -> Encoded:
        codes = self._codes(chunk)
        keep = codes < self._space
        is_run = codes == self._run
        starts, stops = codepoints.run_bounds(is_run, chunk.offsets)
        if not len(starts):
            position = np.flatnonzero(keep)
            return _encoded(codes[position], position, position + 1, position, chunk.offsets)
        found = self._runs.find(codepoints.slices(chunk.points, starts, stops))
        room = np.minimum(found.n_tokens, stops - starts)
        slots = spread(starts, room)
        keep[slots] = True
        position = np.flatnonzero(keep)
        extra = found.n_tokens - room
        if extra.any():  # more tokens than characters: the last slot of the run is taken again
            again = np.repeat(np.searchsorted(position, (starts + room)[extra > 0], side="left"), extra[extra > 0])
            position = np.insert(position, again, np.repeat(stops[extra > 0] - 1, extra[extra > 0]))
        in_run = np.flatnonzero(is_run[position])
        ids = codes[position]
        ids[in_run] = found.ids
        begin = position.copy()
        end = position + 1
        origin = np.repeat(starts, found.n_tokens)
        begin[in_run] = origin + found.starts
        end[in_run] = origin + found.stops
        return _encoded(ids, begin, end, position, chunk.offsets)

    def _codes(self, chunk: codepoints.Chunk) -> npt.NDArray[Any]:
        """Return an id or a mark for each code point."""
        if not self._by_table:
            return np.full(len(chunk.points), self._run, self._table.values.dtype)
        codes = self._table.look_up(chunk.points)
        if int(codes.max(initial=0)) != self._trigger:
            return codes
        suspects = np.flatnonzero(codes == self._trigger)
        for character, code in self._triggers.items():
            codes[suspects[chunk.points[suspects] == ord(character)]] = code
        for sentence in np.unique(np.searchsorted(chunk.offsets, suspects, side="right") - 1).tolist():
            first, last = chunk.offsets[sentence], chunk.offsets[sentence + 1]
            text = chunk.points[first:last].tobytes().decode("utf-32-le")
            if any(content in text for content in self._added):
                codes[first:last] = self._run
        return codes

    def _ask(self, characters: list[str]) -> list[int]:
        """Return for each character its id if the library sets it apart, else what it is: space or run."""
        answers = []
        questions = [f"a{character}a" for character in characters]
        for character, encoding in zip(characters, self._tokenizer.encode_batch(questions, add_special_tokens=False), strict=True):
            code = self._run
            if encoding.word_ids == [0, 1, 2] and encoding.offsets == [(0, 1), (1, 2), (2, 3)]:
                code = encoding.ids[1]
            elif encoding.word_ids == [0, 1] and encoding.offsets == [(0, 1), (2, 3)]:
                code = self._space
            if character in self._triggers:
                self._triggers[character] = code
                code = self._trigger
            answers.append(code)
        return answers


def _encoded(
    ids: Ids, begin: npt.NDArray[np.int64], end: npt.NDArray[np.int64], position: npt.NDArray[np.int64], offsets: codepoints.Offsets
) -> Encoded:
    """Return tokens with places within their sentences; ``position`` is a character of each token's sentence, in order."""
    sentence_offsets = np.searchsorted(position, offsets)
    origin = np.repeat(offsets[:-1], np.diff(sentence_offsets))
    return Encoded(ids, (begin - origin).astype(np.int32), (end - origin).astype(np.int32), sentence_offsets)


def _has_table(tokenizer_json: str) -> bool:
    """Return True when BERT's rules hold, by which a character stands apart or not whatever its neighbours are."""
    parts = json.loads(tokenizer_json)
    kinds = [(parts.get(name) or {}).get("type") for name in ("normalizer", "pre_tokenizer")]
    plain = not any(token.get("normalized") for token in parts.get("added_tokens", []))
    return plain and kinds[0] in ("BertNormalizer", None) and kinds[1] == "BertPreTokenizer"
