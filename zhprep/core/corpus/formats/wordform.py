"""Tell words on a pipe from plain text.

``segment`` writes words separated by one space, so that every Chinese stop stands apart from the
word before it. No plain text does that, and no segmented text puts two spaces together.
"""

from __future__ import annotations

import re

_HAN = r"[㐀-鿿豈-﫿\U00020000-\U000323AF]"
_GLUED = re.compile(_HAN + r"[，。！？；：、]|  |^ | $", re.MULTILINE)
_HAN_RUN = re.compile(_HAN + "+")
_ALONE = re.compile(r"(?:^| )[，。！？；：、](?: |$)", re.MULTILINE)
_MANY = 50
"""Words that are enough to tell by where no stop stands alone: a few words with spaces may be a title or a list."""


def looks_segmented(sample: str) -> bool:
    """Return True when ``sample`` (the beginning of a file, whole lines or not) reads as words.

    No Chinese stop is glued to a word, no two spaces meet, and the mean run of Chinese characters
    between spaces is as short as a word (at most 3); and there is enough to tell by.
    """
    sample = sample.replace("\r\n", "\n")
    runs = _HAN_RUN.findall(sample)
    if not runs or " " not in sample or _GLUED.search(sample.rstrip("\n ")):
        return False
    if len(runs) < _MANY and not _ALONE.search(sample):
        return False
    return sum(map(len, runs)) <= 3 * len(runs) and sample.count(" ") >= len(runs) // 2
