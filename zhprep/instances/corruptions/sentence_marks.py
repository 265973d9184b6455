"""Where sentences end, told from token ids: the entries of a vocabulary that end one.

In: a vocabulary. Out: a code per id. A sentence ends after a full stop (question mark, semicolon, ellipsis …) and the
stops and closing quotes and brackets that follow it. The ASCII full stop and the ASCII quotes are not among them: the
first also stands in numbers, and of the others one does not see whether they open or close.
"""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

from zhprep.vocab import Vocabulary
from zhprep.vocab.bytemap import text_of

OTHER, CLOSER, STOP, STOPPED = range(4)
"""What a token may be: nothing of this, closing marks alone, stops with closing marks, text that ends in a stop."""

_STOPS = "。！？；…｡︒﹒﹖﹗﹔‼⁇⁈⁉‥⋯!?"
_CLOSERS = "）】〕〗〙｝］)]}»”’」』》〉＂＇﹂﹄〞〟"
_CODES = (
    (CLOSER, re.compile(f"[{re.escape(_CLOSERS)}]+")),
    (STOP, re.compile(f"[{re.escape(_STOPS + _CLOSERS)}]+")),
    (STOPPED, re.compile(f".*[{_STOPS}][{re.escape(_CLOSERS)}]*", re.DOTALL)),
)


def marks_of(vocabulary: Vocabulary) -> npt.NDArray[np.uint8]:
    """Return the code of every id, ``uint8[V]``."""
    return np.array([_code(token, vocabulary.kind == "bbpe") for token in vocabulary.tokens], np.uint8)


def _code(token: str, bytelevel: bool) -> int:
    text = (text_of(token) or "") if bytelevel else token.removeprefix("##").removeprefix("▁")
    return next((code for code, pattern in _CODES if pattern.fullmatch(text)), OTHER)
