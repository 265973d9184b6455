"""Recognise the encoding of a text file from a sample of its bytes."""

from __future__ import annotations


def detect(sample: bytes) -> str:
    """Return ``utf-8`` or ``gb18030``, whichever decodes the sample."""
    try:
        sample.decode()
    except UnicodeDecodeError as error:
        return "utf-8" if error.start > len(sample) - 4 else "gb18030"
    return "utf-8"
