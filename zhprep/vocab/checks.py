"""What the files of a vocabulary folder must hold, whoever wrote them.

A vocabulary that is wrong gives wrong ids without a word, so each of these raises ``DataError`` with the file, what
is wrong in it and what to do.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from tokenizers import Tokenizer

from zhprep.core.errors import DataError, Stopped
from zhprep.vocab.bytemap import BYTE_OF
from zhprep.vocab.tokenizer import ROLES

HINT = "take the file from where it is whole, or build the vocabulary again"
KINDS = {
    "WordPiece": ("wordpiece", "char"), "WordLevel": ("word",), "Unigram": ("unigram",), "BPE": ("bbpe", "mixed"),
}  # fmt: skip
"""The types of vocabulary that each model of the library may be; the first is what it is if nothing says."""

_BOOLEANS = ("do_lower_case", "strip_accents", "tokenize_chinese_chars")


def read_text(path: Path) -> str:
    """Return the text of a file."""
    try:
        return path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"cannot read {path}: {error}", hint=HINT) from error


def json_object(path: Path) -> dict[str, Any]:
    """Return the JSON object in a file, empty where there is no file; no key may be there twice."""
    if not path.is_file():
        return {}

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            distinct([key for key, _ in pairs], path)
        return found

    try:
        value = json.loads(read_text(path), object_pairs_hook=once)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path} is not JSON: {error}", hint=HINT) from error
    if not isinstance(value, dict):
        raise DataError(f"{path} is no JSON object, but {str(value)[:40]!r}", hint=HINT)
    return value


def lines(path: Path) -> list[str]:
    """Return the entries of a vocab.txt or merges.txt: lines end at ``\\n`` alone, for some entries are U+2028."""
    text = read_text(path)
    found = text.removesuffix("\n").split("\n") if text else []
    return [line.removesuffix("\r") for line in found] if "\r" in text else found


def distinct(entries: Sequence[str], path: Path) -> None:
    """Raise unless no entry is there twice."""
    if len(set(entries)) < len(entries):
        first: dict[str, int] = {}
        for number, entry in enumerate(entries):
            if first.setdefault(entry, number) != number:
                raise DataError(f"{path}: {entry!r} is there twice, as {first[entry]} and as {number}", hint=HINT)


def settings(path: Path) -> dict[str, Any]:
    """Return what a tokenizer_config.json says, its types checked as far as they matter here."""
    found = json_object(path)
    for name in _BOOLEANS:
        if not isinstance(found.get(name), (bool, type(None))):
            _wrong(path, name, "true or false", found[name])
    if not isinstance(found.get("tokenizer_class"), (str, type(None))):
        _wrong(path, "tokenizer_class", "the name of a class", found["tokenizer_class"])
    length = found.get("model_max_length")
    if isinstance(length, bool) or not isinstance(length, (int, float, type(None))):
        _wrong(path, "model_max_length", "a number", length)
    return {name: value for name, value in found.items() if value is not None or name not in _BOOLEANS}


def tokenizer_parts(path: Path) -> dict[str, Any]:
    """Return a tokenizer.json that the library can read, as plain values."""
    parts = json_object(path)
    try:
        Tokenizer.from_str(read_text(path))
    except Stopped:
        raise
    except Exception as error:  # the library raises plain Exception
        raise DataError(f"{path} cannot be read: {error}", hint=HINT) from error
    return parts


def tokens(parts: dict[str, Any], path: Path) -> list[str]:
    """Return the tokens in order of id: each id from 0 on has just one."""
    of_model = parts["model"]["vocab"]
    if not isinstance(of_model, dict):  # unigram: pairs of token and score
        distinct([token for token, _ in of_model], path)
        of_model = {token: number for number, (token, _) in enumerate(of_model)}
    ids = dict(of_model)
    for added in parts.get("added_tokens", []):
        if ids.setdefault(added["content"], added["id"]) != added["id"]:
            raise DataError(
                f"{path}: the added token {added['content']!r} has id {added['id']}, and in the model "
                f"{ids[added['content']]}",
                hint=HINT,
            )
    holder: dict[int, str] = {}
    for token, number in ids.items():
        if number in holder:
            raise DataError(f"{path}: {holder[number]!r} and {token!r} both have id {number}", hint=HINT)
        holder[number] = token
    last = max(holder, default=-1)
    if last >= len(ids):
        gap = next(number for number in range(len(ids)) if number not in holder)
        raise DataError(
            f"{path}: {len(ids)} tokens have ids up to {last} ({holder[last]!r}), and none has id {gap}", hint=HINT
        )
    return [holder[number] for number in range(len(ids))]


def model(parts: dict[str, Any], path: Path) -> None:
    """Raise unless the model gives the same tokens each time, and some for every text."""
    one = parts["model"]
    if one.get("dropout"):
        raise DataError(f"{path}: dropout of {one['dropout']} cuts words at random", hint="set it to null")
    if "unk_id" in one or one.get("type") == "Unigram":
        known = one.get("unk_id") is not None
    elif one.get("unk_token") is not None:
        known = one["unk_token"] in one["vocab"]
    else:
        known = _is_byte_level(parts) and one["vocab"].keys() >= BYTE_OF.keys()
    if not (known or one.get("byte_fallback")):
        raise DataError(
            f"{path}: the model has no token for what it does not know ({one.get('unk_token')!r})",
            hint="name a token of the vocabulary as unk_token of the model",
        )


def kind(report: dict[str, Any], parts: dict[str, Any], path: Path) -> str:
    """Return the type of the vocabulary: what its report says, else what its model is."""
    one = parts["model"]
    possible = KINDS[one.get("type") or "WordPiece"]
    said = report.get("type", possible[-1 if one.get("ignore_merges") else 0])
    if said not in possible:
        raise DataError(
            f"{path}: type is {said!r}, and the model in tokenizer.json is {' or '.join(possible)}", hint=HINT
        )
    return str(said)


def role_tokens(said: dict[str, Any], path: Path, of_vocabulary: Sequence[str]) -> dict[str, str]:
    """Return the tokens that a file names for the roles; raise for a token that the vocabulary does not have."""
    named = {}
    others = said.get("additional_special_tokens") or []
    if not isinstance(others, list):
        _wrong(path, "additional_special_tokens", "a list of tokens", others)
    pairs = [(role, said.get(role)) for role in ROLES] + [("additional_special_tokens", other) for other in others]
    there = set(of_vocabulary)
    for role, token in pairs:
        content = token.get("content") if isinstance(token, dict) else token
        if token is None:
            continue
        if not isinstance(content, str):
            _wrong(path, role, "the text of a token", token)
        if content not in there:
            raise DataError(
                f"{path}: {role} is {content!r}, which the vocabulary does not have",
                hint=f"name one of its tokens, or take {role} out",
            )
        named[role] = content
    return named


def roles(tokens_of_roles: Sequence[str], parts: dict[str, Any], folder: Path) -> None:
    """Raise unless each role has a token of its own, and the unknown token is the one that the model gives."""
    for number, token in enumerate(tokens_of_roles):
        first = tokens_of_roles.index(token)
        if first < number:
            raise DataError(
                f"{folder}: {token!r} is both {ROLES[first]} and {ROLES[number]}",
                hint="name a token of its own for each in special_tokens_map.json and tokenizer_config.json",
            )
    one = parts["model"]
    given = one["vocab"][one["unk_id"]][0] if one.get("unk_id") is not None else one.get("unk_token")
    if given is not None and given != tokens_of_roles[1]:
        raise DataError(
            f"{folder}: unk_token is {tokens_of_roles[1]!r}, and the model in tokenizer.json gives {given!r}",
            hint="name the same token in special_tokens_map.json, tokenizer_config.json and the model",
        )


def companions(
    folder: Path, file: Path, of_vocabulary: Sequence[str], *, n_of_model: int, merges: Sequence[tuple[str, str]]
) -> None:
    """Raise where vocab.txt, vocab.json or merges.txt, which other programs read, say otherwise than ``file``."""
    listed = folder / "vocab.txt"
    if listed.is_file() and listed != file:
        _compare(listed, lines(listed), of_vocabulary, n_of_model, file)
    numbered = folder / "vocab.json"
    if numbered.is_file():
        ids = json_object(numbered)
        if not all(type(number) is int for number in ids.values()):
            raise DataError(f"{numbered}: an id is no integer", hint=HINT)
        ordered = sorted(ids, key=lambda token: ids[token])
        if sorted(ids.values()) != list(range(len(ids))):
            raise DataError(f"{numbered}: its ids are not 0 to {len(ids) - 1}, each once", hint=HINT)
        _compare(numbered, ordered, of_vocabulary, n_of_model, file)
    learnt = folder / "merges.txt"
    if learnt.is_file():
        theirs = [line for line in lines(learnt) if not line.startswith("#version")]
        _compare(learnt, theirs, [f"{left} {right}" for left, right in merges], len(merges), file)


def _compare(path: Path, theirs: Sequence[str], ours: Sequence[str], at_least: int, file: Path) -> None:
    """Raise unless ``theirs`` are the first of ``ours``, ``at_least`` so many."""
    pairs = enumerate(zip(theirs, ours, strict=False))
    number = next((number for number, (one, other) in pairs if one != other), min(len(theirs), len(ours)))
    if number < len(theirs) or number < at_least:
        said = [repr(entries[number]) if number < len(entries) else "nothing" for entries in (theirs, ours)]
        raise DataError(
            f"{path} has {said[0]} as {number}, and {file.name} has {said[1]}",
            hint="they are of two vocabularies, or one is not whole: take out the one that is wrong",
        )


def _is_byte_level(parts: dict[str, Any]) -> bool:
    steps = [part for name in ("pre_tokenizer", "normalizer") if (part := parts.get(name))]
    inner = [step for part in steps for step in (part.get("pretokenizers") or part.get("normalizers") or [part])]
    return any(step.get("type") == "ByteLevel" for step in inner)


def _wrong(path: Path, name: str, wanted: str, value: Any) -> NoReturn:
    raise DataError(f"{path}: {name} must be {wanted}, not {value!r}", hint=f"correct {name}, or take it out")
