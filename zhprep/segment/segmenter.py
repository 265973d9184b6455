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
import pyarrow.compute as pc

from zhprep.core.report import Account
from zhprep.core.simplified import shadow
from zhprep.segment.config import SegmentConfig
from zhprep.segment.cuts import Cuts, check, from_words, split
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
        read = shadow(sentences) if self._config.via_simplified else sentences
        cuts = cut(self.engine, read)
        if cuts.text is not None:  # a notation for words, not text: these are the user's own
            cuts = cuts if read is sentences else cut(self.engine, sentences)
            return self._with_rules(Sentences(cuts.text), cuts, [join_letters] if self._config.whole_letters else [])
        text = Sentences(read)
        if account is not None:
            _look(sentences, read, account, everything=self._config.via_simplified)
        cuts = self._with_rules(text, cuts, list(self._rules(text)))
        if account is not None:
            for words in self._user_words:
                words.count(text, text.marks(cuts), account)
        return cuts

    def _rules(self, text: Sentences) -> Iterator[Rule]:
        if self._config.whole_letters:
            yield join_letters
        if self._config.whole_emoji and may_hold_joined_emoji(text):
            yield join_emoji
        yield from (words.force for words in self._user_words if words.any_forced)

    @staticmethod
    def _with_rules(text: Sentences, cuts: Cuts, rules: list[Rule]) -> Cuts:
        if not rules:
            return cuts
        marks = text.marks(cuts)
        for rule in rules:
            rule(text, marks)
        return dataclasses.replace(text.cuts(marks), text=cuts.text)


def cut(engine: SegmentEngine, sentences: pa.Array) -> Cuts:
    """Return the words of ``sentences`` (a string array) as ``engine`` has them, checked.

    Uses the engine's block form ``ends`` where it has one, else ``cut``. Raises ``Loss``.
    """
    block_form = getattr(engine, "ends", None)
    if block_form is not None:
        cuts: Cuts = block_form(sentences)
    else:
        texts = sentences.to_pylist()
        cuts = from_words(texts, engine.cut(texts))
    check(cuts, sentences if cuts.text is None else cuts.text)
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


def _look(sentences: pa.Array, read: pa.Array, account: Account, *, everything: bool) -> None:
    """Count the sentences that are read otherwise than written; of those read as written, of a part of them."""
    if not everything:
        sentences = sentences.slice(0, max(_AT_LEAST, len(sentences) // _SHARE))
        read = shadow(sentences)
    differ = 0 if read is sentences else int(pc.sum(pc.not_equal(read, sentences)).as_py() or 0)
    if everything:
        account.count(sentences_via_simplified=differ)
    else:
        account.seen.update(traditional=differ, sentences_looked_at=len(sentences))
