"""Split text into sentences.

In: text whose lines are parted by marks. Out: the same with a mark after every end of a sentence. Only white
space at the new borders is lost, and that is counted.

An end is a *stop* (。！？；…… and ? ! . in Latin text) with all further stops, closing quotes and brackets, emoji and
combining marks that cling to it. All rules look only at what stands near the stop inside the line, never across
a border that they may set themselves, so that a sentence split off is not split again:

- A stop at the start of a line, after an opening quote or bracket, or before a comma, colon or dash ends nothing.
- A quotation that ends in a stop goes on into a reporting clause (“走吧！”他说。) unless that brings the next quotation
  (“走吧！”她说：“好。”), and into 的, 和, 等 and their like.
- A title goes on (《怎么办？》是一部小说。), and so does what a sentence holds in brackets or quotes when
  that has no 。 (他（你信吗？）走了。他喊“救命！”然后跑了。); a bracket that is a sentence of its own ends.
- …… ends a sentence, but not where somebody stammers (我……我不知道).
- ASCII ? and ! do not end inside Latin text without a space after them (URLs); nor before a small letter.
- A full stop ends only before a space and no small letter, and not after an abbreviation, an initial or a number of one
  or two digits (lists); so decimals, versions, URLs, e-mail addresses and 第1.条 stay whole.
- ； ends a sentence unless switched off: the standard (GB/T 15834) calls it a mark inside the sentence, but its
  clauses stand alone and legal text hangs pages on it.
"""

from __future__ import annotations

import functools
import re

import numpy as np

from zhprep.core.bundled import packaged
from zhprep.core.report import Account
from zhprep.core.sets import among
from zhprep.normalize import marks
from zhprep.normalize.characters import Codes, Flags, Positions
from zhprep.normalize.config import NormalizeConfig
from zhprep.normalize.cut import cut_long
from zhprep.normalize.marks import Kinds
from zhprep.normalize.quotes import Quotes
from zhprep.normalize.runs import Runs, absorb_references, demote_inner_dots
from zhprep.normalize.text import LINE, SENTENCE, Text, as_string, is_mark

_WINDOW = 24  # characters looked at for a reporting clause
_LOOK_BACK = 64  # characters in which a bracket must open

_PUNCTUATION = "\n\\s，。！？；：、…—“”‘’「」『』（）《》,.!?;:\"'()"
_SPEECH = (
    "(?<![小传傳学學据據没沒])[说說](?![明法服])|[喊嚷吼骂罵]|[回解]答|答[道说說应應]|(?<![学學顾顧访訪])[问問](?![题題世])|[心暗]想|想(?=[，。,])"
    "|[大尖喊]叫|叫[道喊嚷]|表示|(?<!知)道(?=[，。！,!])"
)
_REPORTING = re.compile(f"[^{_PUNCTUATION}]{{0,8}}?(?:{_SPEECH})(?![^{_PUNCTUATION}]*[：:])")
_WORD = re.compile("(?<!['’A-Za-z])[A-Za-z]+$")
_ADDRESS = re.compile(f"://(?:[^\\s{marks.STOPS}]|[.!?](?=[A-Za-z0-9_=&%/#+@$]))*$")
_CONTINUING = frozenset(map(ord, "的地得之等和与與及或"))


def split(text: Text, config: NormalizeConfig, account: Account) -> tuple[Text, Positions]:
    """Mark the ends of sentences, then cut those that are too long.

    Returns the text and the numbers of the sentences that were cut: what is left of their
    surroundings may ask for another look.
    """
    return cut_long(_marked(text, config, account), config, account)


def _marked(text: Text, config: NormalizeConfig, account: Account) -> Text:
    codes = np.concatenate([[np.uint32(LINE)], text.codes, [np.uint32(LINE)]])
    kinds = marks.kinds(config.split_at_semicolon)[codes]
    demote_inner_dots(kinds)
    absorb_references(codes, kinds)
    quotes = Quotes.find(codes, kinds)
    kinds[quotes.opening] = marks.OPENER
    runs = Runs.find(codes, kinds)
    stops = runs.after[_ends(runs)]
    stops = stops[~quotes.enclose(stops)]
    if not stops.size:
        return text
    text = _parted(text, stops - 1, runs.skip_spaces(stops) - 1, account)
    numbers = quotes.doubtful(stops)
    return text.with_lines(numbers, _marked(text.lines(numbers), config, account)) if numbers.size else text


def _parted(text: Text, stops: Positions, starts: Positions, account: Account) -> Text:
    """Put marks at ``stops`` and drop the white space from there to ``starts`` (both ``intp[N]``)."""
    kept = np.ones(text.codes.size, np.bool_)
    kept[stops[starts > stops]] = False
    for i in np.flatnonzero(starts > stops + 1).tolist():
        kept[stops[i] : starts[i]] = False
    account.drop("characters.whitespace", kept.size - int(kept.sum()))
    codes = np.insert(text.codes, stops, np.uint32(SENTENCE))
    if kept.all():
        return Text(codes, text.alphabet)
    return Text(codes[np.insert(kept, stops, True)], text.alphabet)


def _ends(runs: Runs) -> Positions:
    """Return which runs end a sentence, ``intp[N]``."""
    kinds = runs.kinds
    before = kinds[runs.skip_spaces_back(runs.first - 1)]
    following = kinds[runs.after]
    beyond = kinds[runs.skip_spaces(runs.after)]
    ends = (before != marks.EDGE) & (before != marks.OPENER)
    ends &= (beyond != marks.EDGE) & (beyond != marks.PAUSE) & (beyond < marks.DOT)
    ends &= (runs.strongest >= marks.SEMICOLON) | _weak_ends(runs, kinds[runs.first - 1], following, beyond)
    found = np.flatnonzero(ends)
    goes_on = np.zeros(found.size, np.bool_)
    for rule in (_abbreviated, _addressed, _reported, _enclosed):
        goes_on |= rule(runs, found)
    return found[~goes_on]


def _weak_ends(runs: Runs, before: Kinds, following: Kinds, beyond: Kinds) -> Flags:
    """Return where runs without a Chinese stop (… ? ! .) may end a sentence, ``bool[R]``, by the kinds (``uint8[R]``)
    before and after each."""
    spaced = (following == marks.SPACE) & (beyond != marks.LOWER)
    latin_before, latin_after = _latin(before), _latin(following)
    stammer = runs.codes[runs.first - 1] == runs.codes[runs.after]
    ellipsis = ~stammer & ~((latin_before | (before == marks.SPACE)) & latin_after)
    ellipsis &= spaced | (following != marks.SPACE)
    ascii_stop = spaced | (following != marks.SPACE) & ~(latin_before & latin_after)
    number = (before == marks.DIGIT) & (_short_number(runs) | (beyond == marks.CHINESE))
    dot = spaced & ~number
    kind = runs.strongest
    ends: Flags = np.select([kind == marks.ELLIPSIS, kind == marks.ASCII_STOP], [ellipsis, ascii_stop], dot)
    return ends


def _latin(kinds: Kinds) -> Flags:
    """Return which kinds (``uint8[N]``) are of letters and digits, or none: ``bool[N]``."""
    latin: Flags = kinds <= marks.SYMBOL  # and what has no kind of its own
    return latin


def _short_number(runs: Runs) -> Flags:
    """Return where at most two digits stand before the run, ``bool[R]``: more likely the number of an item than a
    year."""
    third = runs.kinds[np.maximum(runs.first - 3, 0)]
    second = runs.kinds[np.maximum(runs.first - 2, 0)]
    short: Flags = (second != marks.DIGIT) | (third != marks.DIGIT)
    return short


@functools.cache
def _abbreviations() -> frozenset[str]:
    return frozenset(packaged("normalize/data/abbreviations.txt").split())


def _abbreviated(runs: Runs, found: Positions) -> Flags:
    """Return which of the runs ``found`` (``int64[N]``) are full stops after an abbreviation or an initial,
    ``bool[N]``."""
    flags = np.zeros(found.size, np.bool_)
    candidates = np.flatnonzero((runs.strongest[found] == marks.DOT) & (_latin(runs.kinds[runs.first[found] - 1])))
    for i in candidates.tolist():
        first, after = int(runs.first[found[i]]), int(runs.after[found[i]])
        word = _WORD.search(_string(runs.codes[max(first - 12, 0) : first]))
        number = "#" if runs.kinds[after + 1] == marks.DIGIT else ""
        name = word[0].lower() if word else ""
        flags[i] = len(name) == 1 or name in _abbreviations() or name + number in _abbreviations()
    return flags


def _addressed(runs: Runs, found: Positions) -> Flags:
    """Return which of the runs ``found`` (``int64[N]``) are ASCII marks inside a web address that has Chinese
    characters in it, ``bool[N]``."""
    flags = np.zeros(found.size, np.bool_)
    weak = runs.strongest[found] == marks.ASCII_STOP
    for i in np.flatnonzero(weak & _latin(runs.kinds[runs.after[found]])).tolist():
        first = int(runs.first[found[i]])
        flags[i] = _ADDRESS.search(_string(runs.codes[max(first - _LOOK_BACK, 0) : first])) is not None
    return flags


def _reported(runs: Runs, found: Positions) -> Flags:
    """Return after which quotations, of the runs ``found`` (``int64[N]``), the sentence goes on: ``bool[N]``."""
    after = runs.after[found]
    flags = np.zeros(found.size, np.bool_)
    quoted = among(runs.kinds[after - 1], [marks.QUOTE, marks.CLOSER, marks.TITLE])
    candidates = np.flatnonzero(quoted & (runs.kinds[after] == marks.CHINESE))
    if not candidates.size:
        return flags
    quote = runs.kinds[after[candidates] - 1] == marks.QUOTE
    places = np.minimum(after[candidates][:, None] + np.arange(_WINDOW), runs.codes.size - 1)
    windows = runs.codes[places]
    string = _string(windows.reshape(-1))
    goes_on = among(windows[:, 0], _CONTINUING)
    for i in np.flatnonzero(quote & ~goes_on).tolist():
        goes_on[i] = _REPORTING.match(string, i * _WINDOW, (i + 1) * _WINDOW) is not None
    flags[candidates] = goes_on
    return flags


def _enclosed(runs: Runs, found: Positions) -> Flags:
    """Return which of the runs ``found`` (``int64[N]``) close a title, or brackets or quotes in the middle of a
    sentence that do not end in a 。: ``bool[N]``."""
    flags = np.zeros(found.size, np.bool_)
    last = runs.last[found]
    closers = np.where(runs.after[found] == last + 2, runs.codes[last + 1], 0)
    full_stop = among(runs.codes[last], map(ord, "。."))
    for closer, opener in marks.ENCLOSURES.items():
        these = np.flatnonzero(closers == ord(closer))
        if not these.size:
            continue
        openers = np.append(0, np.flatnonzero(runs.codes == ord(opener)))
        first = runs.first[found[these]]
        place = openers[np.searchsorted(openers, first) - 1]
        opened = place > runs.barriers[np.searchsorted(runs.barriers, first) - 1]
        within = (runs.kinds[place - 1] <= marks.CHINESE) & ~full_stop[these]
        flags[these] = opened & (within | (closer in "》〉"))
    return flags


def _string(codes: Codes) -> str:
    """Return code points ``uint32[N]`` as a string, marks as line ends."""
    return as_string(np.where(is_mark(codes), np.uint32(ord("\n")), codes))
