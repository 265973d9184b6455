"""From documents to a window: encode, bring tokens and words together, add what goes along with tokens.

In: a record batch of the ``words`` or ``pinyin`` table. Out: a window, and what was lost in the account.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zhprep.core import arrow
from zhprep.core.compiled import Kernel
from zhprep.core.ragged import Array, Ints, offsets_of, rows_of
from zhprep.core.report import Account
from zhprep.instances.layout import align_loop
from zhprep.instances.layout.align import (
    CharacterWords,
    Places,
    coarse_places,
    open_words,
    opened,
    sentence_lengths,
    token_begins,
)
from zhprep.instances.layout.entities import Entities, inner_words, longest
from zhprep.instances.layout.spans import SpanFile
from zhprep.instances.layout.tags import TAG_COLUMNS, TagFile
from zhprep.instances.layout.tokens import Coarse, Tokens
from zhprep.instances.layout.window import Window
from zhprep.vocab import Encoded, Encoder

PINYIN_IDS = "pinyin_ids"

_OPEN = Kernel(align_loop.open_words, align_loop.SIGNATURE)


class Reader:
    """Reads documents with one vocabulary, or with two; joins the words of ``entities`` and ``spans``; takes ``tags``
    along, and with ``pinyin`` syllables."""

    def __init__(
        self,
        encoder: Encoder,
        coarse: Encoder | None = None,
        entities: Entities | None = None,
        spans: SpanFile | None = None,
        tags: TagFile | None = None,
        *,
        pinyin: bool = False,
    ) -> None:
        self._encoder, self._coarse, self._with_pinyin = encoder, coarse, pinyin
        self._entities, self._spans, self._tags = entities, spans, tags

    def read(self, documents: pa.RecordBatch, first_number: int, account: Account) -> Window:
        """Return the window of these documents, which are numbered from ``first_number`` on."""
        sentences, ends = arrow.items(documents["sentences"]), arrow.items(documents["ends"])
        plain = self._plain(sentences, ends)
        if plain is not None:
            return self._window(documents, *plain, first_number, account)
        found = CharacterWords.of(ends)
        words = self._joined(found, documents, account)
        encoded = _encode(self._encoder, sentences, ends)
        places = Places.of(encoded.starts, encoded.stops, encoded.sentence_offsets, words.bases)
        opens, joined = open_words(places, words)
        columns: dict[str, Array] = _pinyin_ids(documents, places) if self._with_pinyin else {}
        if self._tags is not None:
            columns |= self._tags.columns(documents, found, places, account)
        coarse = None
        if self._coarse is not None:
            rows = encoded.sentence_offsets
            coarse = self._read_coarse(self._coarse, sentences, ends, words, places, rows)
            opens[1:] = coarse.of[1:] != coarse.of[:-1]
        return self._window(
            documents, encoded, Tokens(encoded.ids, opens, columns, coarse), joined, first_number, account
        )

    def _plain(self, sentences: pa.Array, ends: pa.ListArray) -> tuple[Encoded, Tokens, int] | None:
        """Return tokens with nothing beside them, and how many words they joined, as the compiled loop finds them; None
        where more is wanted, or it is not there."""
        more = (self._coarse, self._entities, self._spans, self._tags)
        loop = None if self._with_pinyin or any(one is not None for one in more) else _OPEN.get(len(ends.values))
        if loop is None:
            return None
        encoded = _encode(self._encoder, sentences, ends)
        found = opened(loop, encoded.starts, encoded.stops, encoded.sentence_offsets, ends)
        return None if found is None else (encoded, Tokens(encoded.ids, found[0]), found[1])

    def _window(
        self, documents: pa.RecordBatch, encoded: Encoded, tokens: Tokens, joined: int, first_number: int,
        account: Account,
    ) -> Window:  # fmt: skip
        """Return the window of ``tokens``, and count them."""
        account.count(encoded_tokens=len(encoded.ids))
        account.change("tokens.words_joined", joined)
        account.change("tokens.special_as_text", encoded.n_specials_in_text)
        numbers = first_number + np.arange(documents.num_rows)
        window, empty = _without_empty(tokens, encoded.sentence_offsets, rows_of(documents["sentences"]), numbers)
        account.drop("documents.no_tokens", empty)
        return window

    def nothing(self) -> Tokens:
        """Return no tokens, with the types that tokens have."""
        none = np.zeros(0, np.int64)
        coarse = None if self._coarse is None else Coarse(none, none)
        columns: dict[str, Array] = {PINYIN_IDS: np.zeros(0, np.uint16)} if self._with_pinyin else {}
        if self._tags is not None:
            columns |= {TAG_COLUMNS[kind]: np.zeros(0, np.uint8) for kind in self._tags.kinds}
        return Tokens(np.zeros(0, self._encoder.id_type), np.zeros(0, np.bool_), columns, coarse)

    def _joined(self, words: CharacterWords, documents: pa.RecordBatch, account: Account) -> CharacterWords:
        runs = [] if self._spans is None else self._spans.runs(documents, words, account)
        if self._entities is not None:
            runs = longest([*runs, *self._entities.runs(words, documents["sentences"].flatten(), account)])
        if not runs:
            return words
        inner = inner_words(runs)
        account.change("words.joined_to_entities", len(inner))
        return words.without(inner)

    def _read_coarse(
        self,
        encoder: Encoder,
        sentences: pa.Array,
        ends: pa.ListArray,
        words: CharacterWords,
        fine: Places,
        fine_offsets: Ints,
    ) -> Coarse:
        """Return the coarse tokens, ``[C]``, and for each fine token (``fine``, ``fine_offsets`` ``int64[S + 1]``) the
        one it is in, ``int64[T]``: where fine and coarse tokens do not nest, the first of the least that both spell."""
        encoded = _encode(encoder, sentences, ends)
        places = Places.of(encoded.starts, encoded.stops, encoded.sentence_offsets, words.bases)
        begins = token_begins(places.first, encoded.sentence_offsets, words.bases)
        return Coarse(encoded.ids, coarse_places(begins, token_begins(fine.first, fine_offsets, words.bases)))


def _encode(encoder: Encoder, sentences: pa.Array, ends: pa.ListArray) -> Encoded:
    """Return the tokens of ``sentences`` (``string[S]``), by words (``ends``, ``list<int32>[S]``) if the vocabulary is
    made of them."""
    return encoder.encode(sentences, ends) if encoder.takes_words else encoder.encode(sentences)


def _pinyin_ids(documents: pa.RecordBatch, places: Places) -> dict[str, npt.NDArray[np.uint16]]:
    """Return the syllable of each token that is a single character, 0 for others: ``uint16[T]``."""
    syllables = documents["syllables"].flatten().flatten().to_numpy()
    pinyin_ids = syllables[places.first]
    pinyin_ids[places.wide] = 0
    return {PINYIN_IDS: pinyin_ids}


def document_lengths(documents: pa.RecordBatch) -> list[int]:
    """Return the code points of every document, from the ends of its words."""
    ends = documents["ends"]
    lengths: list[int] = np.diff(offsets_of(sentence_lengths(arrow.items(ends)))[rows_of(ends)]).tolist()
    return lengths


def _without_empty(tokens: Tokens, sentences: Ints, documents: Ints, numbers: Ints) -> tuple[Window, int]:
    """Return a window without empty sentences (``int64[S + 1]``) and documents (``int64[D + 1]``), and how many
    documents were empty."""
    full = np.diff(sentences) > 0
    documents = offsets_of(full)[documents]
    some = np.diff(documents) > 0
    sentences = np.append(sentences[:-1][full], sentences[-1]).astype(np.int64)
    window = Window(tokens, sentences, np.append(documents[:-1][some], documents[-1]), numbers[some])
    return window, int(len(some) - some.sum())
