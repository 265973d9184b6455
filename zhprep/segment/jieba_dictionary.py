"""jieba's dictionary in the Rust port, with the user's words added as jieba adds them.

In: the path of a user dictionary or None. Out: a dictionary that cuts as jieba's does, to the last bit
of the sums of logarithms. jieba's own cache, a file in the world-writable temporary folder that it reads
back with ``marshal``, is neither read nor written.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import math
import pathlib
import sys
import threading
import warnings
from collections.abc import Callable, Sequence
from importlib.machinery import PathFinder
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zhprep.core.registry import require
from zhprep.segment.cuts import Cuts, from_words
from zhprep.segment.lexicon import Entry, read_user_dictionary

Bools = npt.NDArray[np.bool_]
Places = npt.NDArray[np.int32]

# Of the words of jieba's own dictionary only some of two and three characters are less probable than
# their characters one by one (tests/reference/test_jieba.py goes through them all).
LONGEST_HIDDEN = 3
_MISSING_FREQUENCY = 3  # B超 stands twice in dict.txt: jieba adds its 3 to the sum twice, the port once
_NEVER = "\0\0"  # a word that no block can hold: it brings its frequency to the sum and nothing else
_COMPARED = "0.2."  # versions of the port whose dictionary was compared with that of jieba 0.42.1
_MEMORY_BITS = 18
_splitting = threading.Lock()


class JiebaDictionary:
    """The words and frequencies of one jieba tokenizer, in ``port`` (an ``rjieba.Jieba``).

    ``latin_words`` are its words of letters and digits alone; ``plain`` is jieba itself, set only where
    the port cannot follow (a user dictionary with frequency 0, or with letters more probable than words).
    """

    def __init__(self, user_dictionary: str | None, *, simplified: bool = False) -> None:
        self.port = _import_port().Jieba()
        self.latin_words: frozenset[str] = frozenset()
        self.plain: Callable[[pa.Array, bool], Cuts] | None = None
        self._user_dictionary = user_dictionary
        self._keys = np.zeros(1 << _MEMORY_BITS, np.uint64)
        self._answers = np.zeros(1 << _MEMORY_BITS, np.bool_)
        self._longest_hidden = LONGEST_HIDDEN if user_dictionary is None else None
        if user_dictionary is not None:
            self._add(read_user_dictionary(user_dictionary, simplified=simplified))
        elif importlib.metadata.version("rjieba").startswith(_COMPARED):
            self.port.add_word(_NEVER, _MISSING_FREQUENCY, None)
        else:
            self._copy(tokenizer := read_tokenizer(), tokenizer.FREQ)

    def fingerprint(self) -> str:
        """Return versions and dictionary hashes."""
        versions = " ".join(f"{name} {importlib.metadata.version(name)}" for name in ("jieba", "rjieba"))
        user = f" user {_sha256(self._user_dictionary)}" if self._user_dictionary else ""
        return f"{versions} dictionary {_sha256(_own_file())}{user}"

    def holds(self, text: str, code_points: npt.NDArray[np.uint32], starts: Places, ends: Places) -> Bools:
        """Return which runs of ``text``, each of at least two characters left single, are words all the same."""
        found = np.zeros(len(starts), np.bool_)
        lengths = ends - starts
        short = np.flatnonzero(lengths <= LONGEST_HIDDEN)
        found[short] = self._holds_short(text, code_points, starts[short], lengths[short])
        if self._longest_hidden is None:
            longer = np.flatnonzero(lengths > LONGEST_HIDDEN)
            found[longer] = self._ask(text, starts[longer], lengths[longer])
        return found

    def _holds_short(self, text: str, code_points: npt.NDArray[np.uint32], starts: Places, lengths: Places) -> Bools:
        """Look runs of two and three characters up among those asked for before, then ask for the others."""
        three = lengths == 3
        keys = code_points[starts].astype(np.uint64) << np.uint64(21) | code_points[starts + 1]
        keys[three] = keys[three] << np.uint64(21) | code_points[starts[three] + 2]
        slots = (keys * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(64 - _MEMORY_BITS)).astype(np.intp)
        found = self._answers[slots]
        new = np.flatnonzero(self._keys[slots] != keys)
        if len(new):
            _, first, which = np.unique(keys[new], return_index=True, return_inverse=True)
            one = new[first]
            answers = self._ask(text, starts[one], lengths[one])
            found[new] = answers[which]
            # Of two keys for one slot the last stays; both arrays are written in the same order.
            self._keys[slots[one]] = keys[one]
            self._answers[slots[one]] = answers
        return found

    def _ask(self, text: str, starts: Places, lengths: Places) -> Bools:
        slices = map(slice, starts.tolist(), (starts + lengths).tolist())
        return np.fromiter(map(self.port.has_word, map(text.__getitem__, slices)), np.bool_, len(starts))

    def _add(self, entries: list[Entry]) -> None:
        """Add the user's words with the frequencies that jieba itself gives them."""
        tokenizer = read_tokenizer()
        with _splitting:
            others = _exchange_force_split(set())
            try:
                for entry in entries:
                    tokenizer.add_word(*entry)
            finally:
                force_split = _exchange_force_split(others)
        words = [entry.word for entry in entries]
        latin = [word for word in words if word.isascii() and word.isalnum() and len(word) > 1]
        if force_split or not all(_beats_letters(tokenizer, word) for word in latin):
            self.plain = _plain(tokenizer, force_split)
            return
        self.latin_words = frozenset(latin)
        if importlib.metadata.version("rjieba").startswith(_COMPARED):
            self._copy(tokenizer, words)
        else:
            self._copy(tokenizer, tokenizer.FREQ)

    def _copy(self, tokenizer: Any, words: Sequence[str]) -> None:
        """Give the port jieba's frequencies of ``words``, and jieba's sum."""
        for word in words:
            if tokenizer.FREQ[word]:
                self.port.add_word(word, tokenizer.FREQ[word], None)
        others = sum(tokenizer.FREQ.values()) - tokenizer.FREQ.get(_NEVER, 0)
        self.port.add_word(_NEVER, tokenizer.total - others, None)


def _import_port() -> Any:
    """Return the module with the port's ``Jieba``: the compiled one inside the package, if it is found there.

    The package itself, when it is imported, makes a dictionary that nobody asked for: a tenth of a second.
    """
    name = "rjieba.rjieba"
    package = PathFinder.find_spec("rjieba")
    spec = PathFinder.find_spec(name, package.submodule_search_locations) if package is not None else None
    if "rjieba" in sys.modules or spec is None or spec.loader is None:
        return require("rjieba", purpose="--cws jieba", install="rjieba")
    if name not in sys.modules:  # where the package, if it is imported after all, looks for it
        sys.modules[name] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules[name]


def import_jieba(module: str = "jieba") -> Any:
    """Import jieba (or its ``module``) without its warnings about old Python and setuptools."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return require(module, purpose="--cws jieba", install="jieba")


def _own_file() -> pathlib.Path:
    return pathlib.Path(import_jieba().__file__).with_name("dict.txt")


def _sha256(path: pathlib.Path | str) -> str:
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()[:16]


def read_tokenizer() -> Any:
    """Return a ``jieba.Tokenizer`` with its dictionary read from the package itself."""
    tokenizer = import_jieba().Tokenizer()
    tokenizer.FREQ, tokenizer.total = tokenizer.gen_pfdict(_own_file().open("rb"))
    tokenizer.initialized = True
    return tokenizer


def _beats_letters(tokenizer: Any, word: str) -> bool:
    """Return whether ``word`` is always more probable than its letters one by one."""
    log_total = math.log(tokenizer.total)
    letters = sum(math.log(tokenizer.FREQ.get(letter) or 1) - log_total for letter in word)
    return math.log(tokenizer.FREQ[word] or 1) - log_total > letters + 1e-6


def _exchange_force_split(words: set[str]) -> set[str]:
    """Put ``words`` in the place of the one set of words that all of jieba's tokenizers never join."""
    finalseg = import_jieba("jieba.finalseg")
    before: set[str] = finalseg.Force_Split_Words
    finalseg.Force_Split_Words = words
    return before


def _plain(tokenizer: Any, force_split: set[str]) -> Callable[[pa.Array, bool], Cuts]:
    """Return jieba itself as a block form."""

    def ends(sentences: pa.Array, hmm: bool) -> Cuts:
        texts = sentences.to_pylist()
        with _splitting:
            others = _exchange_force_split(force_split)
            try:
                return from_words(texts, [tokenizer.lcut(text, HMM=hmm) for text in texts])
            finally:
                _exchange_force_split(others)

    return ends
