"""Which entries of one vocabulary those of another are, or are made of: for a model whose vocabulary changes.

In: two vocabularies. Out: for each entry of the new one the old entries whose vectors its own follows from: itself,
where the old one has it; else its pieces by the old tokenizer, and where these are unknown its characters (WoBERT,
github.com/ZhuiyiTechnology/WoBERT: the mean of the vectors of a word's characters). The old unknown token is never one
of them.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from tokenizers import Tokenizer

from zhprep.core.ragged import Ints, offsets_of
from zhprep.vocab.bytemap import text_of
from zhprep.vocab.vocabulary import N_ROLES, UNUSED, Vocabulary

Spelling = tuple[str, bool]
"""The text of an entry, and whether it goes on with a word that was begun."""


@dataclasses.dataclass(frozen=True)
class Origins:
    """Of each entry of a new vocabulary the old ids that it comes from: ``ids`` ``int64[P]`` end to end, cut by
    ``offsets`` ``int64[V + 1]``.

    ``n_kept`` entries are old ones; ``n_made`` have old pieces; ``n_unknown`` have none.
    """

    ids: Ints
    offsets: Ints
    n_kept: int
    n_made: int
    n_unknown: int

    @property
    def counts(self) -> Ints:
        """How many old entries each new one comes from, ``int64[V]``."""
        return np.diff(self.offsets)


def origins(new: Vocabulary, old: Vocabulary) -> Origins:
    """Return where the entries of ``new`` come from in ``old``.

    Entries are the same by what they spell, so that ``▁的`` of one kind of vocabulary is ``的`` of another; special
    tokens are by their role.
    """
    finder = _Finder(old)
    found = [finder.same(token, new.kind) for token in new.tokens]
    for role, there in zip(new.specials[:N_ROLES], old.specials[:N_ROLES], strict=True):
        found[new.ids[role]] = old.ids[there]
    lacking = [number for number, id_ in enumerate(found) if id_ is None and not new.is_special[number]]
    made = dict(zip(lacking, finder.pieces([new.tokens[number] for number in lacking], new.kind), strict=True))
    rows = [made.get(number, []) if id_ is None else [id_] for number, id_ in enumerate(found)]
    n_made = sum(bool(pieces) for pieces in made.values())
    n_kept = sum(id_ is not None for id_ in found)
    return Origins(
        np.array([id_ for row in rows for id_ in row], np.int64),
        offsets_of(np.array([len(row) for row in rows], np.int64)),
        n_kept, n_made, new.size - n_kept - n_made,
    )  # fmt: skip


class _Finder:
    """Finds entries and pieces of entries in a vocabulary."""

    def __init__(self, old: Vocabulary) -> None:
        self.old = old
        self._spelt: dict[Spelling, int] = {}
        for token, number in old.ids.items():
            if not old.is_special[number] and (spelling := spelling_of(token, old.kind)) is not None:
                self._spelt.setdefault(spelling, number)

    def same(self, token: str, kind: str) -> int | None:
        """Return the id of the entry that is ``token`` of a vocabulary of ``kind``."""
        if (kind == "bbpe") == (self.old.kind == "bbpe") and token in self.old.ids:
            return self.old.ids[token]
        spelling = spelling_of(token, kind)
        return None if spelling is None else self._spelt.get(spelling)

    def pieces(self, tokens: list[str], kind: str) -> list[list[int]]:
        """Return for each of ``tokens`` of a vocabulary of ``kind`` the ids of its known pieces."""
        spelt = [spelling_of(token, kind) for token in tokens]
        tokenizer = Tokenizer.from_str(self.old.tokenizer_json)
        texts = ["" if spelling is None else spelling[0] for spelling in spelt]
        encoded = tokenizer.encode_batch(texts, add_special_tokens=False)
        return [
            self._by_bytes(token, kind) if spelling is None else self._known(spelling, answer.ids)
            for token, spelling, answer in zip(tokens, spelt, encoded, strict=True)
        ]

    def _known(self, spelling: Spelling, ids: list[int]) -> list[int]:
        """Return the pieces ``ids`` of ``spelling`` as they are inside a word if it is, or its known characters where a
        piece is unknown."""
        text, inside = spelling
        if not ids or any(self.old.is_special[id_] for id_ in ids):
            found = [self._character(character, inside or place > 0) for place, character in enumerate(text)]
            return [id_ for id_ in found if id_ is not None]
        first = spelling_of(self.old.tokens[ids[0]], self.old.kind)
        if inside and first is not None:
            ids = [self._spelt.get((first[0], True), ids[0]), *ids[1:]]
        return ids

    def _character(self, character: str, inside: bool) -> int | None:
        forms = [(form, where) for form in (character, character.lower()) for where in (inside, not inside)]
        return next((self._spelt[form] for form in forms if form in self._spelt), None)

    def _by_bytes(self, token: str, kind: str) -> list[int]:
        """Return the bytes of an entry that is no text, where both vocabularies are of bytes."""
        if kind != "bbpe" or self.old.kind != "bbpe":
            return []
        return [self.old.ids[byte] for byte in token if byte in self.old.ids]


def spelling_of(token: str, kind: str) -> Spelling | None:
    """Return what ``token`` of a vocabulary of ``kind`` spells; None where it is no text (some bytes of a character, a
    free slot).

    A Chinese character without a mark begins a word in a vocabulary of WordPiece, and in others stands anywhere: it is
    spelt alike.
    """
    if UNUSED.fullmatch(token):
        return None
    if kind == "bbpe":
        text = text_of(token)
        if text is None or not text.strip():
            return None
        return text.strip(), not text.startswith(" ") and text.strip()[0].isascii()
    if kind == "unigram":
        text = token.removeprefix("▁")
        return (text, text == token and text[0].isascii()) if text else None
    return (token[2:], True) if token.startswith("##") and len(token) > 2 else (token, False)
