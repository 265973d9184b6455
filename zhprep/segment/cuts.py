"""Words of many sentences as two flat arrays, and the proof that nothing was lost.

In: what an engine gives. Out: where each word ends, in code points from the start of its sentence.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zhprep.core import arrow
from zhprep.core.compiled import Kernel, Loop, Signature, address

SIGNATURE = Signature("uint8*", "int64", "int64*", "int64", "int64*", "int32*")
"""Types of the arguments of :func:`offsets_of_marks`."""


@dataclasses.dataclass(frozen=True)
class Cuts:
    """The words of ``S`` sentences.

    ``ends`` (int32[W]) are the ends of all words, sentence after sentence; sentence ``s`` owns
    ``ends[offsets[s]:offsets[s + 1]]`` (``offsets``: int64[S + 1]). ``text`` replaces the sentences
    where the engine's input was a notation for words and not the text itself.
    """

    offsets: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int32]
    text: pa.Array | None = None


class Loss(Exception):
    """An engine did not give a sentence back: its number in the call, and what came instead."""

    def __init__(self, sentence: int, got: str) -> None:
        super().__init__(sentence, got)
        self.sentence = sentence
        self.got = got


def from_words(sentences: Sequence[str], words: Iterable[Sequence[str]]) -> Cuts:
    """Turn each sentence's words, as strings, into offsets.

    Raises ``Loss`` for the first sentence whose words joined are not the sentence.
    """
    rows = list(words)
    for number, (sentence, row) in enumerate(zip(sentences, rows, strict=False)):
        joined = "".join(row)
        if joined != sentence:
            raise Loss(number, joined)
    if len(rows) != len(sentences):
        raise Loss(min(len(rows), len(sentences)), f"{len(rows)} sentences for {len(sentences)}")
    counts = np.fromiter((len(row) for row in rows), np.int64, len(rows))
    lengths = np.fromiter((len(word) for row in rows for word in row), np.int64, int(counts.sum()))
    return from_lengths(lengths, counts)


def from_lengths(lengths: npt.NDArray[np.int64], counts: npt.NDArray[np.int64]) -> Cuts:
    """Turn word lengths (int64[W]) and words per sentence (int64[S]) into offsets."""
    offsets = np.concatenate(([0], np.cumsum(counts)))
    passed = np.concatenate(([0], np.cumsum(lengths)))
    ends = passed[1:] - np.repeat(passed[offsets[:-1]], counts)
    return Cuts(offsets, ends.astype(np.int32))


def from_marks(ends_word: npt.NDArray[np.bool_], lengths: npt.NDArray[np.int64]) -> Cuts:
    """Turn marks after characters into offsets.

    ``ends_word`` (bool) has a place for each character and, after each sentence but perhaps the last, one
    for what separates it from the next; these are cleared. ``lengths`` (int64[S]) are the sentences'.
    """
    loop = _FROM_MARKS.get(len(ends_word))
    return marks_by_arrays(ends_word, lengths) if loop is None else marks_by_loop(loop, ends_word, lengths)


def offsets_of_marks(marks: Any, size: Any, lengths: Any, n_sentences: Any, offsets: Any, ends: Any) -> None:
    """Write the ends of all words in their sentences (with room for one more than there are) and which each sentence
    has; clear the ``marks`` (bool[N]) of separators."""
    written = place = np.int64(0)
    for sentence in range(n_sentences):
        for end in range(1, lengths[sentence] + 1):
            ends[written] = end
            written += np.int64(marks[place])
            place += 1
        if place < size:
            marks[place] = False
        place += 1
        offsets[sentence + 1] = written


_FROM_MARKS = Kernel(offsets_of_marks, SIGNATURE)


def marks_by_loop(loop: Loop, ends_word: npt.NDArray[np.bool_], lengths: npt.NDArray[np.int64]) -> Cuts:
    """Return what :func:`from_marks` does, as the compiled loop finds it."""
    n_words, lengths = int(np.count_nonzero(ends_word)), np.ascontiguousarray(lengths, np.int64)
    offsets, ends = np.zeros(len(lengths) + 1, np.int64), np.empty(n_words + 1, np.int32)
    loop(
        address(ends_word, np.bool_), len(ends_word), address(lengths, np.int64), len(lengths),
        address(offsets, np.int64), address(ends, np.int32),
    )  # fmt: skip
    return Cuts(offsets, ends[: offsets[-1]])


def marks_by_arrays(ends_word: npt.NDArray[np.bool_], lengths: npt.NDArray[np.int64]) -> Cuts:
    """Return it by arrays."""
    stops = np.cumsum(lengths + 1) - 1
    ends_word[stops[stops < len(ends_word)]] = False
    places = np.flatnonzero(ends_word)
    counts = np.zeros(len(lengths), np.int64)
    filled = lengths > 0
    begins = stops - lengths  # the sum from each to the next takes a third of a search for it
    counts[filled] = np.add.reduceat(ends_word.view(np.uint8), begins[filled], dtype=np.uint32) if filled.any() else 0
    offsets = np.concatenate(([0], np.cumsum(counts)))
    places -= np.repeat(begins - 1, counts)
    return Cuts(offsets, places.astype(np.int32))


def lengths_of(sentences: pa.Array) -> npt.NDArray[np.int64]:
    """Return the length of each sentence in code points (int64[S])."""
    return arrow.lengths(sentences)


def join(sentences: pa.Array, separator: str) -> str:
    """Return all sentences as one text, by way of one buffer: twice as fast as by a string each."""
    rows = arrow.lists_of(np.array([0, len(sentences)]), sentences)
    return str(arrow.call("binary_join", rows, separator)[0].as_buffer(), "utf-8")


def check(cuts: Cuts, lengths: npt.NDArray[np.int64]) -> None:
    """Raise ``Loss`` unless the words of every sentence are not empty and cover its ``lengths`` (int64[S]) exactly."""
    n_sentences = len(lengths)
    if len(cuts.offsets) != n_sentences + 1 or int(cuts.offsets[-1]) != len(cuts.ends):
        raise Loss(0, f"{len(cuts.offsets) - 1} sentences for {n_sentences}")
    counts = np.diff(cuts.offsets)
    filled = counts > 0
    covered = np.zeros(n_sentences, np.int64)
    covered[filled] = cuts.ends[cuts.offsets[1:][filled] - 1]
    wrong = covered != lengths
    firsts = cuts.offsets[:-1][filled]
    empty = np.empty(len(cuts.ends), np.bool_)
    np.less_equal(cuts.ends[1:], cuts.ends[:-1], out=empty[1:])
    empty[firsts] = cuts.ends[firsts] <= 0
    if empty.any():
        place = int(np.argmax(empty))
        wrong[np.searchsorted(cuts.offsets, place, side="right") - 1] = True
    if wrong.any():
        number = int(np.argmax(wrong))
        raise Loss(number, f"words over {covered[number]} of {lengths[number]} characters")


def split(text: str, ends: Iterable[int]) -> list[str]:
    """Return the words of one sentence as strings."""
    words, start = [], 0
    for end in ends:
        words.append(text[start:end])
        start = end
    return words


def restore_spaces(sentence: str, words: Iterable[str]) -> list[str]:
    """Return ``words`` with the white space that an engine dropped put back, each stretch a word of its own.

    Anything else that is missing or altered is left as it is, for :func:`from_words` to find.
    """
    restored, place = [], 0
    for word in words:
        found = sentence.find(word, place)
        if found > place and sentence[place:found].isspace():
            restored.append(sentence[place:found])
        if found >= 0:
            place = found + len(word)
        restored.append(word)
    if sentence[place:].isspace():
        restored.append(sentence[place:])
    return restored


def from_column(ends: pa.Array) -> Cuts:
    """Read the column ``ends`` of a ``words`` table (a list of lists of int32 per document)."""
    words = arrow.items(ends)
    offsets = words.offsets.to_numpy().astype(np.int64)
    return Cuts(offsets - offsets[0], arrow.items(words).to_numpy())
