"""What corruptions need to know of a vocabulary: which ids end a sentence, and which stand for spans.

A sentence ends after a full stop (question mark, semicolon, ellipsis …) and the stops and closing quotes and brackets
that follow it. The ASCII full stop and the ASCII quotes are not among them: the first also stands in numbers, and of
the others one does not see whether they open or close.

Sentinels stand for the spans of a text (T5, arXiv 1910.10683 §3.1.4). T5's own entries ``<extra_id_0>``,
``<extra_id_1>``, … are taken if there are any, else the free slots ``[unusedN]`` from the highest number down.
"""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

from zhprep.core.ragged import Ints
from zhprep.vocab import Vocabulary, text_of

OTHER, CLOSER, STOP, STOPPED = range(4)
"""What a token may be: nothing of this, closing marks alone, stops with closing marks, text that ends in a stop."""

_STOPS = "。！？；…｡︒﹒﹖﹗﹔‼⁇⁈⁉‥⋯!?"
_CLOSERS = "）】〕〗〙｝］)]}»”’」』》〉＂＇﹂﹄〞〟"
_CODES = (
    (CLOSER, re.compile(f"[{re.escape(_CLOSERS)}]+")),
    (STOP, re.compile(f"[{re.escape(_STOPS + _CLOSERS)}]+")),
    (STOPPED, re.compile(f".*[{_STOPS}][{re.escape(_CLOSERS)}]*", re.DOTALL)),
)
_EXTRA = re.compile(r"<extra_id_(\d+)>")
_UNUSED = re.compile(r"[\[<]unused(\d+)[\]>]")


def marks_of(vocabulary: Vocabulary) -> npt.NDArray[np.uint8]:
    """Return the code of every id, ``uint8[V]``."""
    return np.array([_code(token, vocabulary.kind == "bbpe") for token in vocabulary.tokens], np.uint8)


def _code(token: str, bytelevel: bool) -> int:
    text = (text_of(token) or "") if bytelevel else token.removeprefix("##").removeprefix("▁")
    return next((code for code, pattern in _CODES if pattern.fullmatch(text)), OTHER)


def sentinels_of(vocabulary: Vocabulary) -> Ints:
    """Return the ids of the sentinels, ``int64[N]``; none if the vocabulary has no entries for them."""
    extra, unused = _numbered(vocabulary, _EXTRA), _numbered(vocabulary, _UNUSED)
    return np.array([id_ for _, id_ in extra or unused[::-1]], np.int64)


def _numbered(vocabulary: Vocabulary, pattern: re.Pattern[str]) -> list[tuple[int, int]]:
    """Return number and id of the entries of a pattern, by number."""
    found = ((pattern.fullmatch(token), id_) for id_, token in enumerate(vocabulary.tokens))
    return sorted((int(match[1]), id_) for match, id_ in found if match)
