"""The files of a vocabulary folder: written to the byte the same each time, read without surprises.

``tokenizer.json``, ``tokenizer_config.json``, ``special_tokens_map.json``, ``vocab.txt`` (or
``vocab.json`` and ``merges.txt`` for byte-level BPE), ``counts.arrow``, ``report.json``. Any folder
with a ``tokenizer.json`` or a ``vocab.txt`` can be read back.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pyarrow as pa
from tokenizers import Tokenizer

from zhprep.core.errors import DataError
from zhprep.core.shards import check_covered
from zhprep.vocab.config import SPECIALS, VocabConfig
from zhprep.vocab.counts import SCHEMA, TOTALS, Counts
from zhprep.vocab.tokenizer import ROLES, with_specials
from zhprep.vocab.vocabulary import Vocabulary

TOKENIZER_FILES = (
    "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt", "vocab.json", "merges.txt",
)  # fmt: skip
"""The files that other programs load a tokenizer from; a folder has some of them."""

_CHANGED = "make it again, or copy it again; remove manifest.json beside it if it was changed on purpose"

CANDIDATES = (("[PAD]", "<pad>"), ("[UNK]", "<unk>"), ("[CLS]", "<s>"), ("[SEP]", "</s>"), ("[MASK]", "<mask>"))


def write(vocabulary: Vocabulary, directory: str | Path, counts: Counts | None = None) -> list[str]:
    """Write the vocabulary's files into an existing folder and return their names.

    The folder is made whole by the caller: these are plain writes.
    """
    folder = Path(directory)
    special_map = {**dict(zip(ROLES, vocabulary.specials, strict=False)), **_others(vocabulary)}
    config = {**vocabulary.settings, **special_map}
    contents = {
        "tokenizer.json": vocabulary.tokenizer_json,
        "tokenizer_config.json": _json(config),
        "special_tokens_map.json": _json(special_map),
        "report.json": _json(vocabulary.report),
    }
    if vocabulary.merges:
        contents["vocab.json"] = _json(vocabulary.ids, indent=None)
        lines = ["#version: 0.2", *(f"{left} {right}" for left, right in vocabulary.merges)]
        contents["merges.txt"] = "\n".join(lines) + "\n"
    else:
        contents["vocab.txt"] = "\n".join(vocabulary.tokens) + "\n"
    for name, text in contents.items():
        (folder / name).write_bytes(text.encode())
    if counts is not None:
        write_counts(counts, folder / "counts.arrow")
        contents["counts.arrow"] = ""
    return sorted(contents)


def write_counts(counts: Counts, path: str | Path) -> None:
    """Write counts as an Arrow IPC file, the totals in its metadata."""
    facts = {**{name: str(counts.totals[name]) for name in TOTALS}, "unit": "word" if counts.by_word else "piece"}
    table = counts.table.replace_schema_metadata(facts)
    with pa.OSFile(os.fspath(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=1 << 20)


def read_counts(path: str | Path) -> Counts:
    """Read what :func:`write_counts` wrote; raises ``DataError`` for any other file."""
    try:
        with pa.memory_map(os.fspath(path)) as source:
            table = pa.ipc.open_file(source).read_all()
    except (OSError, pa.ArrowInvalid) as error:
        raise DataError(
            f"{path}: not a table of counts: {error}", hint="it is written by zhprep build-vocab"
        ) from error
    metadata = table.schema.metadata or {}
    if table.schema.names != SCHEMA.names:
        raise DataError(
            f"{path}: not a table of counts: its columns are {', '.join(table.schema.names)}",
            hint="give the counts that `zhprep build-vocab` wrote",
        )
    totals = {name: int(metadata.get(name.encode(), b"0")) for name in TOTALS}
    return Counts(table.replace_schema_metadata(None).cast(SCHEMA), totals, metadata.get(b"unit") == b"word")


def load(path: str | Path) -> Vocabulary:
    """Read a vocabulary folder: ours, or any with a tokenizer.json or a BERT vocab.txt.

    Raises ``DataError`` when there is no tokenizer in it, when it cannot be read, or when it lacks one
    of the five special tokens.
    """
    folder = Path(path)
    hint = "give the folder that zhprep build-vocab made, or one with tokenizer.json or vocab.txt"
    check_covered(folder, (*TOKENIZER_FILES, "report.json"), hint=_CHANGED)
    if (folder / "tokenizer.json").is_file():
        text = _read(folder / "tokenizer.json")
    elif (folder / "vocab.txt").is_file():
        text = _from_vocab_txt(folder)
    else:
        what = "has no tokenizer.json and no vocab.txt" if folder.is_dir() else "is not a folder"
        raise DataError(f"{folder}: {what}", hint=hint)
    try:
        tokenizer = Tokenizer.from_str(text)
    except Exception as error:  # the library raises plain Exception
        raise DataError(f"{folder}/tokenizer.json cannot be read: {error}", hint=hint) from error
    tokens = _tokens(tokenizer, folder)
    settings = _object(folder / "tokenizer_config.json")
    report = _object(folder / "report.json")
    model = json.loads(text)["model"]
    return Vocabulary(
        kind=str(report.get("type") or _kind(model)),
        tokens=tokens,
        tokenizer_json=text,
        specials=_specials(folder, tokenizer, settings),
        merges=_merges(model),
        settings={name: value for name, value in settings.items() if name not in ROLES},
        report=report,
        path=folder,
    )


def _from_vocab_txt(folder: Path) -> str:
    """Return tokenizer.json for a BERT vocab.txt: lines end at ``\\n`` alone, for some entries are U+2028."""
    lines = _read(folder / "vocab.txt").split("\n")
    tokens = [line.removesuffix("\r") for line in (lines[:-1] if lines[-1] == "" else lines)]
    missing = [token for token in SPECIALS if token not in tokens]
    if missing:
        raise DataError(f"{folder}/vocab.txt lacks {', '.join(missing)}", hint="it is not a BERT vocabulary")
    from zhprep.vocab.types.wordpiece import tokenizer_of

    settings = _object(folder / "tokenizer_config.json")
    lowercase = bool(settings.get("do_lower_case", True))
    accents = settings.get("strip_accents")
    config = VocabConfig(lowercase=lowercase, strip_accents=lowercase if accents is None else bool(accents))
    tokenizer = tokenizer_of(tokens, config, chinese_apart=bool(settings.get("tokenize_chinese_chars", True)))
    return with_specials(tokenizer, config).to_str(pretty=True) + "\n"


def _tokens(tokenizer: Tokenizer, folder: Path) -> list[str]:
    ids = tokenizer.get_vocab(with_added_tokens=True)
    tokens = [""] * (max(ids.values(), default=-1) + 1)
    for token, number in ids.items():
        tokens[number] = token
    if len(ids) != len(tokens):
        raise DataError(
            f"{folder}: {len(tokens) - len(ids)} ids of the vocabulary have no token",
            hint="take the file from where it is whole, or build the vocabulary again",
        )
    return tokens


def _specials(folder: Path, tokenizer: Tokenizer, settings: dict[str, Any]) -> tuple[str, ...]:
    """Return the special tokens: the five roles in order, then any others."""
    declared = {**settings, **_object(folder / "special_tokens_map.json")}
    roles = []
    for role, candidates in zip(ROLES, CANDIDATES, strict=True):
        named = declared.get(role)
        named = named.get("content") if isinstance(named, dict) else named
        found = [token for token in (named, *candidates) if token and tokenizer.token_to_id(token) is not None]
        if not found:
            raise DataError(
                f"{folder}: the vocabulary has no {role}", hint=f"name one in tokenizer_config.json ({role})"
            )
        roles.append(str(found[0]))
    added = [token.content for _, token in sorted(tokenizer.get_added_tokens_decoder().items()) if token.special]
    return tuple(dict.fromkeys([*roles, *added]))


def _kind(model: dict[str, Any]) -> str:
    names = {"WordPiece": "wordpiece", "WordLevel": "word", "Unigram": "unigram"}
    return names.get(model.get("type", "WordPiece"), "mixed" if model.get("ignore_merges") else "bbpe")


def _merges(model: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    pairs = (merge.split(" ") if isinstance(merge, str) else merge for merge in model.get("merges", []))
    return tuple((left, right) for left, right in pairs)


def _others(vocabulary: Vocabulary) -> dict[str, Any]:
    others = list(vocabulary.specials[len(ROLES) :])
    return {"additional_special_tokens": others} if others else {}


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            f"cannot read {path}: {error}", hint="take the file from where it is whole, or build the vocabulary again"
        ) from error


def _object(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        value = json.loads(_read(path))
    except ValueError as error:
        raise DataError(
            f"{path} is not JSON: {error}", hint="take the file from where it is whole, or build the vocabulary again"
        ) from error
    return value if isinstance(value, dict) else {}


def _json(value: Any, indent: int | None = 2) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent) + "\n"
