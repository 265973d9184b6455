"""Spans of characters as tags and back: BIO, BIOES, BMES, BIOS, and what counts as an entity in each.

*Lenient* is how seqeval counts by default: whatever goes on without a beginning begins one. *Strict* wants each entity
as its scheme has it. Both are given, and named.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from zhprep.evaluate.scores import f1_of

WORD = "word"
"""The kind of span that words are: what has tags without a name (B, M, E, S)."""


class Span(NamedTuple):
    """Characters ``start`` to ``stop - 1``, of a kind."""

    start: int
    stop: int
    kind: str


_LIKE = {"M": "I", "U": "S", "L": "E"}
"""Letters of other schemes (BMES, BILOU), by what they are in BIOES."""


def parted(tag: str) -> tuple[str, str]:
    """Return the letter of a tag as in BIOES, and its kind (:data:`WORD` where it names none)."""
    letter, kind = tag[:1], tag[2:]
    return _LIKE.get(letter, letter), kind if letter == "O" else kind or WORD


def lenient(tags: Sequence[str]) -> list[Span]:
    """Return the spans of ``tags`` as seqeval's ``get_entities`` does: B and S begin one, and so do I and E that do not
    go on one of their kind."""
    spans, begin, before = [], -1, ("O", "")
    for place, tag in enumerate([*tags, "O"]):
        letter, kind = parted(tag)
        goes_on = letter in "IE" and before[0] in "BI" and kind == before[1]
        if begin >= 0 and not goes_on:
            spans.append(Span(begin, place, before[1]))
            begin = -1
        if letter != "O" and not goes_on:
            begin = place
        before = letter, kind
    return spans


def strict(tags: Sequence[str], *, closed: bool) -> list[Span]:
    """Return the spans of ``tags`` that are whole in their scheme.

    In a ``closed`` one (with E: BIOES, BMES) an entity is S, or B I… E; else (BIO, BIOS) it is S, or B I… to where no I
    of its kind follows.
    """
    letters = [parted(tag) for tag in tags]
    spans = []
    for place, (letter, kind) in enumerate(letters):
        if letter == "S":
            spans.append(Span(place, place + 1, kind))
        if letter != "B":
            continue
        stop = place + 1
        while stop < len(letters) and letters[stop] == ("I", kind):
            stop += 1
        if not closed:
            spans.append(Span(place, stop, kind))
        elif stop < len(letters) and letters[stop] == ("E", kind):
            spans.append(Span(place, stop + 1, kind))
    return spans


def beyond_tags(spans: Iterable[Span]) -> int:
    """Return how many of ``spans`` overlap one that begins before, so that :func:`tags_of` leaves them out."""
    n, behind = 0, 0
    for span in sorted(set(spans), key=lambda span: (span.start, -span.stop)):
        n += span.start < behind
        behind = behind if span.start < behind else span.stop
    return n


def tags_of(spans: Iterable[Span], length: int) -> list[str]:
    """Return BIO tags of ``length`` characters with ``spans`` on them; of overlapping ones the first stays."""
    tags = ["O"] * length
    for start, stop, kind in sorted(spans, key=lambda span: (span.start, -span.stop)):
        if any(tag != "O" for tag in tags[start:stop]) or start >= stop:
            continue
        tags[start:stop] = [f"B-{kind}", *[f"I-{kind}"] * (stop - start - 1)]
    return tags


def word_tags(ends: Sequence[int]) -> list[str]:
    """Return B, M, E, S for each character of words that end at ``ends``."""
    tags: list[str] = []
    for begin, end in zip([0, *ends], ends, strict=False):
        tags += ["S"] if end - begin == 1 else ["B", *"M" * (end - begin - 2), "E"]
    return tags


def span_scores(said: Sequence[set[Span]], gold: Sequence[set[Span]]) -> tuple[float, float, float]:
    """Return precision, recall and F1 of spans over all texts (micro)."""
    hits = sum(len(one & other) for one, other in zip(said, gold, strict=True))
    return f1_of(hits, sum(map(len, said)), sum(map(len, gold)))
