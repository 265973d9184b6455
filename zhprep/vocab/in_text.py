"""Special tokens that stand in the text: ``今天[MASK]很好`` is eight characters of Chinese and punctuation, no mask.

In: a vocabulary and the names of the tokens that may stand in text all the same (placeholders such as ``<NUM>``). Out:
the library's tokenizer for text, which takes all others apart, as ``AutoTokenizer(split_special_tokens=True)`` does;
and where they are. Tokens that were added to a vocabulary and are not special are words like others: they stay whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from zhprep.core.errors import UsageError
from zhprep.core.registry import suggest
from zhprep.vocab.codepoints import Chunk
from zhprep.vocab.vocabulary import N_ROLES, Vocabulary

Ints = npt.NDArray[np.int64]


def check_kept(vocabulary: Vocabulary, keep_special: Sequence[str]) -> None:
    """Raise ``UsageError`` for a name that the vocabulary does not have, or whose token has a task of its own."""
    for name in keep_special:
        if name in vocabulary.specials[:N_ROLES]:
            raise UsageError(
                f"{name} cannot be kept in the text: it has a task in every instance",
                hint="keep_special is for a vocabulary's own placeholders, as <NUM> or [unused1]",
            )
        if name not in vocabulary.ids:
            raise UsageError(f"the vocabulary has no {name} to keep in the text", hint=suggest(name, vocabulary.tokens))


def text_tokenizer(vocabulary: Vocabulary, keep_special: Sequence[str] = ()) -> Tokenizer:
    """Return the tokenizer of ``vocabulary`` for text: only the tokens ``keep_special`` are taken out of it whole."""
    tokenizer = Tokenizer.from_str(_with_kept(vocabulary, keep_special) if keep_special else vocabulary.tokenizer_json)
    tokenizer.no_padding()
    tokenizer.no_truncation()
    tokenizer.encode_special_tokens = True
    return tokenizer


def added_tokens(vocabulary: Vocabulary, keep_special: Sequence[str] = ()) -> tuple[list[str], list[str]]:
    """Return the added tokens that are found in text, and the special ones, which are taken apart there."""
    added = vocabulary.parts.get("added_tokens", [])
    special = [token["content"] for token in added if token["special"] and token["content"] not in keep_special]
    whole = [token["content"] for token in added if not token["special"] and token["content"] not in keep_special]
    return [*whole, *keep_special], special


def _with_kept(vocabulary: Vocabulary, keep_special: Sequence[str]) -> str:
    """Return tokenizer.json with ``keep_special`` as added tokens that are not special: those are found in any text."""
    plain = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": False}
    others = [token for token in vocabulary.parts.get("added_tokens", []) if token["content"] not in keep_special]
    kept = [{"id": vocabulary.ids[name], "content": name, **plain} for name in keep_special]
    added = sorted([*others, *kept], key=lambda token: int(token["id"]))
    return json.dumps({**vocabulary.parts, "added_tokens": added}, ensure_ascii=False)


def occurrences(chunk: Chunk, contents: Iterable[str]) -> tuple[Ints, Ints]:
    """Return where strings stand in the sentences of a chunk, and where each stops, int64[N], in order; of two that
    overlap the one that starts first, and the longer one."""
    starts, stops = [], []
    heads: dict[str, Ints] = {}  # most begin with the same bracket
    for content in contents:
        if content[0] not in heads:
            heads[content[0]] = np.flatnonzero(chunk.points == ord(content[0]))
        found = _places(chunk, np.array([ord(character) for character in content], np.uint32), heads[content[0]])
        starts.append(found)
        stops.append(found + len(content))
    begins = np.concatenate([np.empty(0, np.int64), *starts])
    ends = np.concatenate([np.empty(0, np.int64), *stops])
    order = np.lexsort((-ends, begins))
    begins, ends = begins[order], ends[order]
    alone, reached = np.zeros(len(begins), np.bool_), 0
    for number, (begin, end) in enumerate(zip(begins.tolist(), ends.tolist(), strict=True)):
        if begin >= reached:
            alone[number], reached = True, end
    return begins[alone], ends[alone]


def _places(chunk: Chunk, content: npt.NDArray[np.uint32], places: Ints) -> Ints:
    """Return where the code points ``content`` (uint32[K]) stand within one sentence, int64[N]; ``places`` (int64[M])
    are those of the first of them."""
    if not len(places):
        return places
    places = places[places + len(content) <= chunk.offsets[np.searchsorted(chunk.offsets, places, side="right")]]
    for k in range(1, len(content)):
        places = places[chunk.points[places + k] == content[k]]
    return places
