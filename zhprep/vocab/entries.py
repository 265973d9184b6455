"""The entries of a vocabulary that are not learnt: specials, free slots, characters, what the user wants.

In: counts of characters and the config. Out: tokens in order of id, without repetition.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from pathlib import Path

from zhprep.core.bundled import packaged
from zhprep.core.errors import DataError, UsageError
from zhprep.vocab.config import VocabConfig

IDEOGRAPHS = ((0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x3347F))


def is_ideograph(character: str) -> bool:
    """Return True for a Chinese character: unified or compatibility ideograph of any plane."""
    point = ord(character)
    return any(low <= point <= high for low, high in IDEOGRAPHS)


def included(config: VocabConfig) -> list[str]:
    """Return the entries to have in any case: the default punctuation and the user's file."""
    usual = packaged("vocab/data/punctuation.txt").split("\n")
    wanted = [*(usual if config.punctuation else []), *_lines(config.include)]
    unwanted = excluded(config)
    return [entry for entry in dict.fromkeys(wanted) if entry and entry not in unwanted]


def excluded(config: VocabConfig) -> frozenset[str]:
    """Return the entries that must not be there."""
    return frozenset(entry for entry in _lines(config.exclude) if entry)


def reserved(config: VocabConfig) -> list[str]:
    """Return what opens every vocabulary: the specials, then the free slots."""
    if len(config.specials) < 5 or len(set(config.specials)) != len(config.specials):
        raise UsageError(
            "specials must be five different tokens or more: pad, unk, cls, sep, mask, others",
            hint="give them with --specials, the first five in this order",
        )
    return [*config.specials, *(f"[unused{number}]" for number in range(1, config.unused + 1))]


def alphabet(counts: dict[str, int], config: VocabConfig, wanted: Iterable[str] = ()) -> list[str]:
    """Return the characters to have, most frequent first, ties by bytes.

    They cover ``char_coverage`` of the text; characters as frequent as the rarest of those come too,
    so that no choice between equals is made. ``wanted`` are there whether seen or not.
    """
    unwanted = excluded(config)
    ranked = sorted((item for item in counts.items() if item[0] not in unwanted), key=lambda item: (-item[1], item[0]))
    total = sum(counts.values())
    covered, bar = 0, 0
    chosen: dict[str, int] = {}
    for character, amount in ranked:
        if covered >= config.char_coverage * total and amount < bar:
            break
        chosen[character] = amount
        covered += amount
        bar = amount
    for character in wanted:
        chosen.setdefault(character, counts.get(character, 0))
    return sorted(chosen, key=lambda character: (-chosen[character], character))


def fit(fixed: list[str], ranked: list[str], needed: Iterable[str], config: VocabConfig) -> list[str]:
    """Return ``fixed`` and as many of ``ranked`` as the size allows, those of ``needed`` among them.

    Raises ``UsageError`` when the size does not even hold what is needed.
    """
    must = set(needed)
    room = config.size - len(fixed) - len(must)
    if room < 0:
        raise UsageError(
            f"{config.size} entries cannot hold {len(fixed)} specials and free slots and {len(must)} wanted entries",
            hint="raise --size, or leave out the default punctuation with --no-punctuation",
        )
    chosen = list(fixed)
    for entry in ranked:
        if entry in must:
            chosen.append(entry)
        elif room > 0:
            chosen.append(entry)
            room -= 1
    return list(dict.fromkeys(chosen))


def padded(tokens: list[str], config: VocabConfig) -> list[str]:
    """Return ``tokens`` with free slots at the end up to a multiple of ``multiple_of``.

    A name that is there, for the user wanted it or the text has it, is passed over.
    """
    there = set(tokens)
    names = (f"[unused{number}]" for number in itertools.count(config.unused + 1))
    free = (name for name in names if name not in there)
    return [*tokens, *itertools.islice(free, -len(tokens) % config.multiple_of)]


def _lines(path: str) -> list[str]:
    if not path:
        return []
    try:
        text = Path(path).read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"cannot read the list of entries {path}: {error}", hint="one entry per line, UTF-8") from error
    return [line.removesuffix("\r") for line in text.split("\n")]
