"""A batch of documents as flat arrays, and back.

In: a record batch of the ``words`` table. Out: the code points of all its sentences in one array, with where
sentences and words end. All engines work on this view.
"""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zhprep.core import arrow
from zhprep.core.errors import DataError
from zhprep.core.schema import PINYIN

Integers = npt.NDArray[np.int64]


@dataclasses.dataclass(frozen=True)
class FlatText:
    """The characters of a batch.

    ``codes`` uint32 ``[N]`` code points; ``sentence_offsets`` int64 ``[S+1]`` and ``word_ends`` int64 ``[W]`` in
    code points of the whole batch; ``utf8`` the bytes of the text.
    """

    codes: npt.NDArray[np.uint32]
    sentence_offsets: Integers
    word_ends: Integers
    utf8: memoryview

    @classmethod
    def from_sentences(cls, sentences: list[str], word_ends: list[list[int]] | None = None) -> FlatText:
        """Return the flat view of plain sentences; without ``word_ends`` a sentence is one word."""
        lengths = np.array([len(sentence) for sentence in sentences], np.int64)
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        if word_ends is None:
            ends = offsets[1:][lengths > 0]
        else:
            ends = np.array(
                [start + end for start, row in zip(offsets, word_ends, strict=False) for end in row], np.int64
            )
        return _flat(memoryview("".join(sentences).encode("utf-8")), offsets, ends)

    @property
    def word_starts(self) -> Integers:
        """Where each word begins: int64 ``[W]``."""
        return np.concatenate([[0], self.word_ends[:-1]])[: len(self.word_ends)]

    @functools.cached_property
    def byte_offsets(self) -> Integers:
        """Where each code point begins in ``utf8``, and its end: int64 ``[N+1]``."""
        widths = 1 + (self.codes >= 0x80).astype(np.int8) + (self.codes >= 0x800) + (self.codes >= 0x10000)
        return np.concatenate([[0], np.cumsum(widths, dtype=np.int64)])

    def words(self, chosen: Integers) -> tuple[list[str], npt.NDArray[np.int32]]:
        """Return the distinct words among ``word_ends[chosen]``, and for each of the chosen which one it is."""
        bounds = self.byte_offsets[np.concatenate([[0], self.word_ends])].astype(np.int64)
        every = pa.LargeStringArray.from_buffers(len(self.word_ends), pa.py_buffer(bounds), pa.py_buffer(self.utf8))
        encoded = arrow.call("dictionary_encode", arrow.call("take", every, arrow.array_of(chosen)))
        return encoded.dictionary.to_pylist(), encoded.indices.to_numpy()


def flatten(batch: pa.RecordBatch) -> FlatText:
    """Return the flat view of a batch of the ``words`` table.

    Raises ``DataError`` when the words of a sentence do not end where the sentence does.
    """
    sentences, ends = arrow.items(batch.column("sentences")), arrow.items(batch.column("ends"))
    lengths = arrow.lengths(sentences)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    counts = arrow.sizes(ends)
    local = arrow.items(ends).to_numpy(zero_copy_only=False).astype(np.int64)
    last = np.concatenate([[0], local])[np.where(counts > 0, np.cumsum(counts), 0)]
    wrong = np.flatnonzero(last != lengths)
    if len(ends) != len(sentences) or len(wrong):
        at = sentences[int(wrong[0])].as_py()[:40] if len(wrong) else ""
        raise DataError(f"the words of a sentence do not end with it: {at!r}", hint="segment the text again")
    word_ends = local + np.repeat(offsets[:-1], counts)
    return _flat(_bytes(sentences), offsets, word_ends)


def unflatten(batch: pa.RecordBatch, flat: FlatText, syllables: npt.NDArray[np.uint16]) -> pa.RecordBatch:
    """Return ``batch`` with the column ``syllables``, uint16 ``[N]`` in the order of ``flat.codes``."""
    column = batch.column("sentences")
    documents = np.concatenate([[0], np.cumsum(arrow.sizes(column))])
    per_sentence = arrow.lists_of(flat.sentence_offsets, arrow.array_of(syllables))
    per_document = arrow.lists_of(documents, per_sentence)
    columns = [per_document if field.name == "syllables" else batch.column(field.name) for field in PINYIN]
    return pa.RecordBatch.from_arrays(columns, schema=PINYIN)


def _flat(utf8: memoryview, offsets: Integers, word_ends: Integers) -> FlatText:
    """Return text of ``offsets`` (``int64[S+1]``, characters) and ``word_ends`` (``int64[W]``) as code points."""
    codes = np.frombuffer(str(utf8, "utf-8").encode("utf-32-le"), np.uint32)
    return FlatText(codes, offsets, word_ends, utf8)


def _bytes(strings: pa.StringArray) -> memoryview:
    """Return the bytes of all strings, one after the other, without copying them."""
    if not len(strings):
        return memoryview(b"")
    width = np.int64 if pa.types.is_large_string(strings.type) else np.int32
    _, offsets, values = strings.buffers()
    bounds = np.frombuffer(offsets, width)[strings.offset : strings.offset + len(strings) + 1]
    return memoryview(values or b"")[int(bounds[0]) : int(bounds[-1])]
