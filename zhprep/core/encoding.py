"""Recognise the encoding of Chinese text from a sample of its bytes."""

from __future__ import annotations

import codecs
import functools

from zhprep.core.bundled import packaged

_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}

# Big5 text is valid GB18030 as well, so validity alone cannot tell them apart. big5hkscs is Big5 with what the
# vendors added; Python's own big5 lacks characters that real files have.
_LEGACY = ("gb18030", "big5hkscs")

_BAD = "\ufffd"


def detect(sample: bytes) -> str:
    """Return ``utf-8``, ``utf-8-sig``, ``utf-16`` (by its mark), ``gb18030`` or ``big5hkscs``.

    The sample may end inside a character. UTF-8 with a few bad bytes is still UTF-8. Between the two others
    the one decides in which more of the characters are common ones.
    """
    for mark, name in _MARKS.items():
        if sample.startswith(mark):
            return name
    text = _decoded(sample, "utf-8")
    n_high = len(text) - len(text.encode("ascii", "ignore"))
    if text.count(_BAD) * 10 <= n_high:
        return "utf-8"
    scores = {name: _commonness(_decoded(sample, name)) for name in _LEGACY}
    return max(_LEGACY, key=lambda name: scores[name])


def _decoded(sample: bytes, encoding: str) -> str:
    return codecs.getincrementaldecoder(encoding)("replace").decode(sample)


def _commonness(text: str) -> float:
    """Return the share of common characters among those that are not ASCII; bad ones count against."""
    high = [character for character in text if character > "\x7f"]
    n_common = sum(character in _common() for character in high)
    return (n_common - high.count(_BAD)) / max(len(high), 1)


@functools.cache
def _common() -> frozenset[str]:
    table = packaged("core/common_characters.txt")
    return frozenset(table) - {"\n"} | frozenset("，。、：；！？“”‘’「」『』《》（）…—\u3000")
