"""Cut sentences that are too long: after a comma if there is one, else at a space, else at the stated length."""

from __future__ import annotations

import numpy as np

from zhprep.core.report import Account
from zhprep.normalize import marks
from zhprep.normalize.characters import Characters, Codes, Positions
from zhprep.normalize.config import NormalizeConfig
from zhprep.normalize.marks import Kinds
from zhprep.normalize.text import SENTENCE, Text

COMMAS = Characters.of("， 、 ； ： , ;")
_ASCII_COMMAS = Characters.of(", ;")


def cut_long(text: Text, config: NormalizeConfig, account: Account) -> tuple[Text, Positions]:
    """Cut what is longer than ``max_sentence_length``; each cut is counted as a change.

    Returns the text and the numbers of the sentences that the cuts have made.
    """
    starts, stops = text.bounds
    long = np.flatnonzero(stops - starts > config.max_sentence_length)
    kinds = marks.kinds(config.split_at_semicolon)
    places: list[int] = []
    numbers: list[int] = []
    for i in long.tolist():
        codes = text.codes[starts[i] : stops[i]]
        choices = _places(codes, kinds)
        cuts = _cuts(choices, codes.size, config.max_sentence_length)
        n_commas = int(np.count_nonzero(np.isin(cuts, choices[0])))
        account.change("sentences.cut_at_comma", n_commas)
        account.change("sentences.cut", len(cuts) - n_commas)
        numbers += range(i + len(places), i + len(places) + len(cuts) + 1)
        places += (starts[i] + cuts).tolist()
    if long.size:
        text = Text(np.insert(text.codes, places, np.uint32(SENTENCE)), text.alphabet)
    return text, np.array(numbers, np.intp)


def _places(codes: Codes, table: Kinds) -> list[Positions]:
    """Return before which characters of ``codes`` (``uint32[N]``) a cut may fall, ``intp[M]`` each, best first: after
    commas, between words, between clusters."""
    before, after = table[codes[:-1]], table[codes[1:]]
    clusters = after < marks.EXTENDER
    words = clusters & (after != marks.PAUSE) & ~((before <= marks.SYMBOL) & (after <= marks.SYMBOL))
    inner_comma = _ASCII_COMMAS.table[codes[:-1]] & (after != marks.SPACE) & (after != marks.CHINESE)
    commas = words & COMMAS.table[codes[:-1]] & ~inner_comma
    return [np.flatnonzero(choice) + 1 for choice in (commas, words & ~inner_comma, clusters)]


def _cuts(choices: list[Positions], length: int, longest: int) -> Positions:
    """Return where to cut (``intp[K]``) ``length`` characters at places of ``choices``, so that none has more than
    ``longest``."""
    cuts: list[int] = []
    begin = 0
    while length - begin > longest:
        end = begin + longest
        begin = next((place for places in choices if (place := _last(places, begin, end))), end)
        cuts.append(begin)
    return np.array(cuts, np.intp)


def _last(places: Positions, begin: int, end: int) -> int:
    """Return the last of ``places`` (``intp[M]``, sorted) after ``begin`` and not after ``end``, or 0."""
    i = int(np.searchsorted(places, end, side="right"))
    return int(places[i - 1]) if i and places[i - 1] > begin else 0
