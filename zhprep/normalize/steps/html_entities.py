"""Decode HTML entities."""

from __future__ import annotations

import functools
import html
import re
import unicodedata
from html.entities import html5

import numpy as np

from zhprep.core.report import Account
from zhprep.core.sets import distinct
from zhprep.normalize.characters import Characters, Positions
from zhprep.normalize.config import NormalizeConfig
from zhprep.normalize.steps.width import TABLES
from zhprep.normalize.text import Text, as_string, is_mark

_ENTITY = re.compile("&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_LONGEST = 34  # no entity is longer
_AMPERSAND, _SEMICOLON = Characters.of("&"), Characters.of(";")


def html_entities(text: Text, config: NormalizeConfig, account: Account) -> Text:
    """Decode entities that are well formed and known, until none is left: ``&amp;lt;`` gives ``<``."""
    ampersands = text.places(text.found(_AMPERSAND))
    if not (ampersands.size and text.found(_SEMICOLON).size):
        return text
    starts, stops = text.bounds
    lines = distinct(np.searchsorted(starts, _entities(text, ampersands, config), side="right") - 1)
    starts, stops = starts[lines], stops[lines]
    pieces = []
    for start, stop in zip(starts.tolist(), stops.tolist(), strict=True):
        piece, n_entities = decoded(as_string(text.codes[start:stop]), config.width)
        pieces.append(piece)
        account.change("characters.html_entities", n_entities)
    return text.replace(starts, stops, pieces, account, "characters.html_entities")


def _entities(text: Text, ampersands: Positions, config: NormalizeConfig) -> Positions:
    """Return which of ``ampersands`` (``intp[N]``) begin an entity, ``intp[M]``."""
    windows = text.at(ampersands[:, None] + np.arange(_LONGEST))
    string = as_string(np.where(is_mark(windows), np.uint32(ord("\n")), windows).reshape(-1))
    flags = np.zeros(ampersands.size, np.bool_)
    for match in _ENTITY.finditer(string):
        if match.start() % _LONGEST == 0:
            flags[match.start() // _LONGEST] = meaning(match[0], config.width) is not None
    return ampersands[flags]


def decoded(line: str, width: str) -> tuple[str, int]:
    """Return ``line`` without entities, and how many there were.

    One pass over the semicolons suffices, however deep the entities are nested.
    """
    *pieces, rest = line.split(";")
    done: list[str] = []
    tail = ""
    n_entities = 0
    for piece in pieces:
        tail, n_closed = _closed(tail + piece, width)
        n_entities += n_closed
        if len(tail) > 4 * _LONGEST:
            done.append(tail[:-_LONGEST])
            tail = tail[-_LONGEST:]
    return "".join([*done, tail, rest]), n_entities


def _closed(tail: str, width: str) -> tuple[str, int]:
    """Return ``tail`` with a semicolon after it, or with the entity decoded which that ends (and its number, 1)."""
    n_entities = 0
    while True:
        start = tail.rfind("&")
        found = meaning(tail[start:] + ";", width) if start >= 0 and len(tail) - start < _LONGEST else None
        if found is None:
            return tail + ";", n_entities
        n_entities += 1
        if found != ";":
            return tail[:start] + found, n_entities
        tail = tail[:start]  # the entity was a semicolon, and may end another


@functools.lru_cache(maxsize=1 << 14)
def meaning(entity: str, width: str) -> str | None:
    """Return what a whole entity stands for, or None if it is not one.

    White space becomes a space, invisible characters nothing, and full-width letters are folded at
    once, so that no entity hides another from the other steps.
    """
    if not _ENTITY.fullmatch(entity) or (entity[1] != "#" and entity[1:] not in html5):
        return None
    characters = html.unescape(entity)
    if "\ufffd" in characters:  # the number of no character
        return None
    return "".join(map(functools.partial(_visible, width), characters))


def _visible(width: str, character: str) -> str:
    category = unicodedata.category(character)
    if character.isspace() or category in ("Zs", "Zl", "Zp"):
        return " "
    if category[0] == "C":
        return ""
    return chr(TABLES[width].get(ord(character), ord(character)))
