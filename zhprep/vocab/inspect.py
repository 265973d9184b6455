"""What a vocabulary holds, and how it does on a corpus: the numbers of ``zhprep inspect VOCAB``.

In: a vocabulary, and record batches of ``text`` or ``words`` if there is a corpus. Out: plain dicts.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from tokenizers import Tokenizer

from zhprep.vocab import bytemap, codepoints, entries
from zhprep.vocab.cuts.placing import Encoded
from zhprep.vocab.encode import Encoder
from zhprep.vocab.vocabulary import UNUSED, Vocabulary

RANGES = {
    "unified_20902": range(0x4E00, 0x9FA6),
    "extension_a": range(0x3400, 0x4DB6),
    "extension_b": range(0x20000, 0x2A6D7),
}
RARE = (1, 2, 4, 9)
TOP = 50


def describe(vocabulary: Vocabulary, batches: Iterable[pa.RecordBatch] | None = None) -> dict[str, Any]:
    """Return what the vocabulary holds and, under ``corpus``, how it does on the text of ``batches``."""
    report = {
        "type": vocabulary.kind,
        "size": vocabulary.size,
        "sha256": vocabulary.sha256,
        "specials": list(vocabulary.specials),
        "unused": sum(bool(UNUSED.fullmatch(token)) for token in vocabulary.tokens),
        "coverage": coverage(vocabulary),
        **entry_counts(vocabulary),
    }
    if batches is not None:
        inspection = CorpusInspection(vocabulary)
        for batch in batches:
            inspection.add(batch)
        report["corpus"] = inspection.as_dict()
    return report


def coverage(vocabulary: Vocabulary) -> dict[str, dict[str, int]]:
    """Return for each set of characters how many it ``has``, how many are ``known`` and how many are ``one_token``."""
    sets = {"gb2312": gb2312(), **{name: [chr(point) for point in points] for name, points in RANGES.items()}}
    encoder = Encoder(vocabulary)
    result = {}
    for name, characters in sets.items():
        encoded = encoder.encode(characters)
        n_tokens = np.diff(encoded.sentence_offsets)
        known = n_tokens > 0
        known[_owners(encoded)[encoded.ids == vocabulary.unk]] = False
        result[name] = {
            "has": len(characters),
            "known": int(known.sum()),
            "one_token": int((known & (n_tokens == 1)).sum()),
        }
    return result


def gb2312() -> list[str]:
    """Return the 6,763 Chinese characters of GB 2312."""
    rows = (bytes((high, low)) for high in range(0xB0, 0xF8) for low in range(0xA1, 0xFF))
    return [text for raw in rows if (text := raw.decode("gb2312", errors="ignore"))]


def entry_counts(vocabulary: Vocabulary) -> dict[str, Any]:
    """Return counts of entries: by length in characters, dead, Chinese with ``##``, parts of characters."""
    normal = [vocabulary.tokens[number] for number in vocabulary.normal_ids.tolist()]
    prefix = _prefix(vocabulary)
    surfaces = [_surface(vocabulary, token, prefix) for token in normal]
    lengths = Tally(len(surface) for surface in surfaces if surface is not None)
    dead = dead_entries(vocabulary)
    continued = [
        token for token in normal if prefix and token.startswith(prefix) and any(map(entries.is_ideograph, token))
    ]
    return {
        "lengths": {str(length): lengths[length] for length in sorted(lengths)},
        "dead": len(dead),
        "dead_examples": dead[:TOP],
        "continued_chinese": len(continued),
        "byte_fragments": sum(surface is None for surface in surfaces),
    }


def dead_entries(vocabulary: Vocabulary) -> list[str]:
    """Return the entries that no text can give: the rules change or cut them, or other entries come first."""
    tokenizer = Tokenizer.from_str(vocabulary.tokenizer_json)
    prefix = _prefix(vocabulary)
    dead = []
    for number in vocabulary.normal_ids.tolist():
        token = vocabulary.tokens[number]
        surface = _surface(vocabulary, token, prefix)
        if surface is None:
            alive = _reached(tokenizer, token)
        elif prefix and token.startswith(prefix):
            alive = not surface or _whole(tokenizer, "a" + surface)
        else:
            alive = _whole(tokenizer, surface) and _reached(tokenizer, _as_seen(vocabulary, token, surface))
        if not alive:
            dead.append(token)
    return dead


class CorpusInspection:
    """How a vocabulary does on a corpus, batch by batch."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._encoder = Encoder(vocabulary)
        self._counts = np.zeros(vocabulary.size, np.int64)
        self._unknown: Tally[str] = Tally()
        self._totals: Tally[str] = Tally()
        self._worst: list[tuple[int, str]] = []

    def add(self, batch: pa.RecordBatch) -> None:
        """Count the tokens of the documents of ``batch``."""
        sentences = batch["sentences"].flatten()
        ends = batch["ends"].flatten() if self._encoder.takes_words and "ends" in batch.schema.names else None
        encoded = self._encoder.encode(sentences, ends)
        self._counts += np.bincount(encoded.ids, minlength=self._vocabulary.size)
        characters, in_document = self._unknown_characters(batch, sentences, encoded)
        self._unknown.update(characters)
        self._totals.update(
            documents=len(batch),
            documents_with_unknown=int((in_document > 0).sum()),
            characters=sum(len(chunk.points) for chunk in codepoints.chunks(sentences)),
            unknown_characters=len(characters),
        )
        names = batch["doc"]
        found = [(int(in_document[row]), str(names[row])) for row in np.flatnonzero(in_document).tolist()]
        self._worst = sorted([*self._worst, *found], key=lambda item: (-item[0], item[1]))[:TOP]

    def as_dict(self) -> dict[str, Any]:
        """Return shares, fertility (tokens per character), rare entries and what is missing."""
        totals, tokens = self._totals, int(self._counts.sum())
        seen = self._counts[self._counts > 0]
        never = int((self._counts[self._vocabulary.normal_ids] == 0).sum())
        return {
            **{
                name: totals[name]
                for name in ("documents", "characters", "unknown_characters", "documents_with_unknown")
            },
            "tokens": tokens,
            "unknown_tokens": int(self._counts[self._vocabulary.unk]),
            "unknown_character_share": _share(totals["unknown_characters"], totals["characters"]),
            "unknown_document_share": _share(totals["documents_with_unknown"], totals["documents"]),
            "fertility": _share(tokens, totals["characters"]),
            "entries_seen": len(seen),
            "entries_never_seen": never,
            "rare": {
                str(k): {
                    "entries": _share(int((seen <= k).sum()), len(seen)),
                    "text": _share(int(seen[seen <= k].sum()), tokens),
                }
                for k in RARE
            },
            "missing": dict(sorted(self._unknown.items(), key=lambda item: (-item[1], item[0]))[:TOP]),
            "worst_documents": {name: amount for amount, name in self._worst},
        }

    def _unknown_characters(
        self, batch: pa.RecordBatch, sentences: pa.Array, encoded: Encoded
    ) -> tuple[list[str], npt.NDArray[np.int64]]:
        """Return the characters that have no entry where a token is unknown, and their number by document,
        ``int64[D]``."""
        unknown = np.flatnonzero(encoded.ids == self._vocabulary.unk)
        owners = _owners(encoded)[unknown]
        spans = zip(owners.tolist(), encoded.starts[unknown].tolist(), encoded.stops[unknown].tolist(), strict=True)
        found = [
            (owner, character) for owner, start, stop in spans for character in sentences[owner].as_py()[start:stop]
        ]
        missing = self._missing({character for _, character in found})
        found = [(owner, character) for owner, character in found if character in missing]
        n_sentences = np.diff(batch["sentences"].offsets.to_numpy())
        document_of = np.repeat(np.arange(len(batch)), n_sentences)
        in_document = np.bincount(document_of[[owner for owner, _ in found]], minlength=len(batch)) if found else None
        none = np.zeros(len(batch), np.int64)
        return [character for _, character in found], none if in_document is None else in_document

    def _missing(self, characters: set[str]) -> set[str]:
        """Return those of ``characters`` that are unknown by themselves."""
        ranked = sorted(characters)
        encoded = self._encoder.encode(ranked)
        owners = _owners(encoded)[encoded.ids == self._vocabulary.unk]
        return {ranked[owner] for owner in owners.tolist()}


def _owners(encoded: Encoded) -> npt.NDArray[np.int64]:
    """Return the sentence of each token, ``int64[T]``."""
    return np.repeat(np.arange(len(encoded.sentence_offsets) - 1), np.diff(encoded.sentence_offsets))


def _share(part: int, whole: int) -> float:
    return round(part / whole, 8) if whole else 0.0


def _prefix(vocabulary: Vocabulary) -> str:
    return str(vocabulary.parts["model"].get("continuing_subword_prefix") or "")


def _is_byte_level(vocabulary: Vocabulary) -> bool:
    return vocabulary.kind == "bbpe"


def _surface(vocabulary: Vocabulary, token: str, prefix: str) -> str | None:
    """Return the text of an entry, or None where it is only a part of characters."""
    if _is_byte_level(vocabulary):
        return bytemap.text_of(token)
    return token.removeprefix(prefix) if prefix else token


def _as_seen(vocabulary: Vocabulary, token: str, surface: str) -> str:
    return token if _is_byte_level(vocabulary) else surface


def _whole(tokenizer: Tokenizer, surface: str) -> bool:
    """Return True when the rules leave ``surface`` as it is, in one piece."""
    text = tokenizer.normalizer.normalize_str(surface) if tokenizer.normalizer else surface
    pieces = tokenizer.pre_tokenizer.pre_tokenize_str(text) if tokenizer.pre_tokenizer else [(text, None)]
    return surface in (text, text.strip()) and len(pieces) == 1


def _reached(tokenizer: Tokenizer, piece: str) -> bool:
    """Return True when the model gives ``piece`` as one token."""
    return [token.value for token in tokenizer.model.tokenize(piece)] == [piece]
