"""A segmenter as the stage uses it: an engine, and what is done with its words.

In: sentences. Out: their words, checked. Joined emoji are whole and, if asked for, words of alphabets; the entries of a
user's dictionary are words wherever they stand; Traditional text is read through its Simplified shadow if asked for.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zhprep.core.report import Account
from zhprep.core.sets import distinct
from zhprep.core.simplified import simplify
from zhprep.segment.config import SegmentConfig
from zhprep.segment.cuts import Cuts, check, from_words, lengths_of, split
from zhprep.segment.emoji import join_emoji, may_hold_joined_emoji
from zhprep.segment.engines import SegmentEngine, load_engine
from zhprep.segment.letters import join_letters
from zhprep.segment.lexicon import read_user_dictionary
from zhprep.segment.sentences import Sentences
from zhprep.segment.user_words import UserWords

Rule = Callable[[Sentences, npt.NDArray[np.bool_]], None]
"""What sets and clears the marks (bool[N + 1]) where words end in a text."""

_AT_LEAST = 64
_SHARE = 16
"""How many sentences of a batch are looked at for Traditional text: so many at least, and one of so many."""


class Segmenter:
    """An engine (``engine``, else the one that ``config`` names) with the rules of ``config``; itself an engine."""

    def __init__(self, config: SegmentConfig, engine: SegmentEngine | None = None) -> None:
        self.engine = engine if engine is not None else load_engine(config)
        self.name = self.engine.name
        self._config = config
        self._user_words = _user_words(config, self.engine)

    def fingerprint(self) -> str:
        """Return engine, version and dictionary hash, and whether text is read as Simplified."""
        return self.engine.fingerprint() + (" via simplified" if self._config.via_simplified else "")

    @property
    def knows(self) -> Callable[[str], bool] | None:
        """What says of a word whether the engine's dictionary has it, if there is one."""
        return getattr(self.engine, "knows", None)

    def cut(self, sentences: list[str]) -> list[list[str]]:
        """Return the words of each sentence."""
        cuts = self.ends(pa.array(sentences, pa.string()))
        texts = sentences if cuts.text is None else cuts.text.to_pylist()
        bounds, ends = cuts.offsets.tolist(), cuts.ends.tolist()
        return [split(text, ends[bounds[i] : bounds[i + 1]]) for i, text in enumerate(texts)]

    def ends(self, sentences: pa.Array, account: Account | None = None) -> Cuts:
        """Return the words of ``sentences`` (a string array). Raises ``Loss``."""
        written = Sentences(sentences)
        read = written.simplified() if self._config.via_simplified else written
        cuts = _cut(self.engine, read)
        if cuts.text is not None:  # a notation for words, not text: these are the user's own
            cuts = cuts if read is written else _cut(self.engine, written)
            return _with_rules(Sentences(cuts.text), cuts, [join_letters] if self._config.whole_letters else [])
        cuts = _with_rules(read, cuts, list(self._rules(read)))
        if account is not None:
            _look(written, read, account, everything=self._config.via_simplified)
            for words in self._user_words:
                words.count(read, read.marks(cuts), account)
        return cuts

    def _rules(self, text: Sentences) -> Iterator[Rule]:
        """Yield the rules that change the marks of the engine, ``bool[N + 1]``, in their order."""
        if self._config.whole_letters:
            yield join_letters
        if self._config.whole_emoji and may_hold_joined_emoji(text):
            yield join_emoji
        yield from (words.force for words in self._user_words if words.any_forced)


def _with_rules(text: Sentences, cuts: Cuts, rules: list[Rule]) -> Cuts:
    """Return ``cuts`` after ``rules``, which change whether a word ends at each character, ``bool[N]``."""
    if not rules:
        return cuts
    marks = text.marks(cuts)
    for rule in rules:
        rule(text, marks)
    return dataclasses.replace(text.cuts(marks), text=cuts.text)


def cut(engine: SegmentEngine, sentences: pa.Array) -> Cuts:
    """Return the words of ``sentences`` (a string array) as ``engine`` has them, checked. Raises ``Loss``."""
    return _cut(engine, Sentences(sentences))


def _cut(engine: SegmentEngine, text: Sentences) -> Cuts:
    """Cut by the form that the engine has: of sentences in all their forms, of a string array, or of a list."""
    if hasattr(engine, "ends_of"):
        cuts: Cuts = engine.ends_of(text)
    elif hasattr(engine, "ends"):
        cuts = engine.ends(text.array)
    else:
        texts = text.array.to_pylist()
        cuts = from_words(texts, engine.cut(texts))
    check(cuts, text.lengths if cuts.text is None else lengths_of(cuts.text))
    return cuts


def _user_words(config: SegmentConfig, engine: SegmentEngine) -> list[UserWords]:
    """Return the lists of words that ``config`` names."""
    lists = []
    if config.user_dictionary is not None:
        entries = read_user_dictionary(config.user_dictionary, simplified=config.via_simplified)
        wanted = [entry.word for entry in entries if entry.frequency != 0]  # 0: jieba must not make the word
        lists.append(UserWords("user_dictionary", wanted, getattr(engine, "matches", None)))
    lexicon = getattr(engine, "lexicon", None)
    if lexicon is not None:
        lists.append(UserWords("lexicon", list(lexicon), getattr(engine, "matches", None)))
    return lists


def _look(written: Sentences, read: Sentences, account: Account, *, everything: bool) -> None:
    """Count the sentences that are read otherwise than written; of those read as written, of a part of them."""
    n_sentences = len(written.lengths)
    if everything:
        account.count(sentences_via_simplified=_n_other(written, written.code_points, read.code_points))
        return
    n_looked_at = min(n_sentences, max(_AT_LEAST, n_sentences // _SHARE))
    end = int(written.bases[n_looked_at]) if n_looked_at < n_sentences else None
    some = written.code_points[:end]
    account.seen.update(traditional=_n_other(written, some, simplify(some)), sentences_looked_at=n_looked_at)


def _n_other(text: Sentences, written: npt.NDArray[np.uint32], read: npt.NDArray[np.uint32]) -> int:
    """Return in how many sentences two texts of as many code points (``uint32[N]``) differ."""
    if written is read:
        return 0
    return len(distinct(text.bases.searchsorted(np.flatnonzero(written != read), "right")))
