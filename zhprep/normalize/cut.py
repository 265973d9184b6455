"""Cut sentences that are too long: after a comma if there is one, else at a space, else at the stated length."""

from __future__ import annotations

import numpy as np

from zhprep.core.report import Account
from zhprep.normalize import marks
from zhprep.normalize.characters import Characters, Codes, Positions
from zhprep.normalize.config import NormalizeConfig
from zhprep.normalize.marks import Kinds
from zhprep.normalize.text import SENTENCE, Text

COMMAS = Characters.of("，、；：,;")
_ASCII_COMMAS = Characters.of(",;")


def cut_long(text: Text, config: NormalizeConfig, account: Account) -> Text:
    """Cut what is longer than ``max_sentence_length``; each cut is counted as a change."""
    starts, stops = text.bounds
    longest = config.max_sentence_length
    places: list[int] = []
    for i in np.flatnonzero(stops - starts > longest).tolist():
        start, stop = int(starts[i]), int(stops[i])
        n_before = len(places)
        commas, anywhere = _places(text.codes[start:stop], marks.kinds(config.split_at_semicolon))
        places += [start + place for place in _cuts(commas, anywhere, stop - start, longest)]
        n_commas = np.isin(np.array(places[n_before:]) - start, commas).sum()
        account.change("sentences.cut_at_comma", n_commas)
        account.change("sentences.cut", len(places) - n_before - n_commas)
    if not places:
        return text
    return Text(np.insert(text.codes, places, np.uint32(SENTENCE)))


def _places(codes: Codes, table: Kinds) -> tuple[Positions, Positions]:
    """Return before which characters a cut may fall: after a comma, and anywhere that parts no cluster."""
    kinds = table[codes]
    following = kinds[1:]
    starts_something = (following < marks.EXTENDER) & (following != marks.PAUSE)
    commas = COMMAS.table[codes[:-1]] & starts_something
    commas &= ~_ASCII_COMMAS.table[codes[:-1]] | (following == marks.SPACE) | (following == marks.CHINESE)
    spaces = (following == marks.SPACE)
    return np.flatnonzero(commas) + 1, np.flatnonzero(spaces | starts_something) + 1


def _cuts(commas: Positions, anywhere: Positions, length: int, longest: int) -> list[int]:
    cuts: list[int] = []
    begin = 0
    while length - begin > longest:
        end = begin + longest
        place = _last(commas, begin, end) or _last(anywhere, begin, end) or end
        cuts.append(place)
        begin = place
    return cuts


def _last(places: Positions, begin: int, end: int) -> int:
    """Return the last of ``places`` after ``begin`` and not after ``end``, or 0."""
    i = int(np.searchsorted(places, end, side="right"))
    return int(places[i - 1]) if i and places[i - 1] > begin else 0
