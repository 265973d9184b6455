"""The user's words with the frequencies that jieba gives them, and jieba itself where tables cannot follow it.

In: the entries of a user dictionary. Out: the dictionary with them, or what cuts sentences with jieba.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable
from typing import Any

from zhprep.core.bundled import code_of
from zhprep.core.mapped import Arrays, mapped_arrays
from zhprep.segment.jieba.dictionary import Dictionary
from zhprep.segment.jieba.package import import_jieba, own_file, package_file, sha256
from zhprep.segment.jieba.tables import CODE, TooMany, make_tables
from zhprep.segment.lexicon import Entry

_splitting = threading.Lock()


def dictionary_with(entries: list[Entry]) -> Dictionary | None:
    """Return jieba's dictionary with ``entries``; None where only jieba itself cuts as jieba does: with a word of
    frequency 0, which not even the hidden Markov model may make, or with too many different characters."""
    if any(entry.frequency == 0 for entry in entries):
        return None

    def make() -> Arrays:
        tokenizer = read_tokenizer(entries)
        return make_tables(tokenizer.FREQ, tokenizer.total)

    try:
        return Dictionary(mapped_arrays("jieba-user", source(entries), make))
    except TooMany:
        return None


def source(entries: list[Entry]) -> str:
    """Return what decides the tables of jieba's dictionary with ``entries``, in hashes: jieba's code gives words their
    frequencies."""
    user = hashlib.sha256(repr([tuple(entry) for entry in entries]).encode()).hexdigest()
    code = code_of(*CODE, "segment/jieba/user_words.py")
    return f"{code} {sha256(own_file())} {sha256(package_file('__init__.py'))} {user}"


def read_tokenizer(entries: Iterable[Entry] = ()) -> Any:
    """Return a ``jieba.Tokenizer`` with its dictionary read from the package itself, and ``entries`` added."""
    tokenizer = import_jieba().Tokenizer()
    tokenizer.FREQ, tokenizer.total = tokenizer.gen_pfdict(own_file().open("rb"))
    tokenizer.initialized = True
    for entry in entries:
        tokenizer.add_word(*entry)
    return tokenizer


class JiebaItself:
    """A tokenizer of jieba's with the user's words, those of frequency 0 for itself alone."""

    def __init__(self, entries: list[Entry]) -> None:
        with _splitting:
            others = _exchange_force_split(set())
            try:
                self._tokenizer = read_tokenizer(entries)
            finally:
                self._force_split = _exchange_force_split(others)

    def cut(self, sentences: list[str], *, hmm: bool) -> list[list[str]]:
        """Return the words of each sentence."""
        with _splitting:
            others = _exchange_force_split(self._force_split)
            try:
                return [self._tokenizer.lcut(text, HMM=hmm) for text in sentences]
            finally:
                _exchange_force_split(others)

    def knows(self, word: str) -> bool:
        """Return whether ``word`` is in the dictionary."""
        return bool(self._tokenizer.FREQ.get(word))


def _exchange_force_split(words: set[str]) -> set[str]:
    """Put ``words`` in the place of the one set of words that all of jieba's tokenizers never join."""
    finalseg = import_jieba("jieba.finalseg")
    before: set[str] = finalseg.Force_Split_Words
    finalseg.Force_Split_Words = words
    return before
