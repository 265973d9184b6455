"""fairseq's ways to cut lines into blocks, written from their description, a line at a time.

A line is a sentence; the line 0 is an empty one, which separates documents and holds nothing but the end of a line.
"""

from __future__ import annotations

SEPARATOR = 1
"""Tokens of an empty line."""


def lines_of(documents):
    """Sentence lengths with an empty line after each document."""
    return [length for document in documents for length in (*document, 0)]


def blocks(lines, size, mode):
    """Return blocks as lists of numbers of lines: ``complete``, ``complete_doc`` or ``eos``."""
    if mode == "eos":
        return [[number] for number, length in enumerate(lines) if length]
    result, block, used = [], [], 0
    for number, length in enumerate(lines):
        cost = length or SEPARATOR
        if block and (used + cost > size or (mode == "complete_doc" and not length)):
            result.append(block)
            block, used = [], 0
        if mode == "complete" or length:
            block.append(number)
            used += cost
    return [*result, block] if block else result
