"""What a type of vocabulary is: how it counts text, and how counts become a vocabulary."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Literal

from zhprep.vocab.config import VocabConfig
from zhprep.vocab.counts import Counts
from zhprep.vocab.pieces import Splitter
from zhprep.vocab.vocabulary import Vocabulary


@dataclasses.dataclass(frozen=True)
class Kind:
    """A type of vocabulary.

    ``splitter`` gives the rules by which text (False) or words (True) are counted; ``by_word`` says whether
    the words of a ``words`` table are: never, if there are any, or always.
    """

    splitter: Callable[[VocabConfig, bool], Splitter]
    train: Callable[[Counts, VocabConfig], Vocabulary]
    by_word: Literal["no", "optional", "required"] = "no"
