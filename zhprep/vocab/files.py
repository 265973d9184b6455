"""The files of a vocabulary folder, written to the byte the same each time, and its counts read back.

``tokenizer.json``, ``tokenizer_config.json``, ``special_tokens_map.json``, ``vocab.txt`` (or
``vocab.json`` and ``merges.txt`` for byte-level BPE), ``counts.arrow``, ``report.json``.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pyarrow as pa

from zhprep.core.errors import DataError
from zhprep.vocab.counts import SCHEMA, TOTALS, Counts
from zhprep.vocab.tokenizer import ROLES
from zhprep.vocab.vocabulary import Vocabulary

TOKENIZER_FILES = (
    "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt", "vocab.json", "merges.txt",
)  # fmt: skip
"""The files that other programs load a tokenizer from; a folder has some of them."""


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
    hint = "give the counts that `zhprep build-vocab` wrote"
    try:
        with pa.memory_map(os.fspath(path)) as source:
            table = pa.ipc.open_file(source).read_all()
    except (OSError, pa.ArrowInvalid) as error:
        raise DataError(f"{path}: not a table of counts: {error}", hint=hint) from error
    metadata = table.schema.metadata or {}
    if table.schema.names != SCHEMA.names:
        raise DataError(f"{path}: not a table of counts: its columns are {', '.join(table.schema.names)}", hint=hint)
    try:
        totals = {name: int(metadata.get(name.encode(), b"0")) for name in TOTALS}
        table.validate(full=True)
    except (ValueError, pa.ArrowInvalid) as error:
        raise DataError(f"{path}: not a table of counts: {error}", hint=hint) from error
    return Counts(table.replace_schema_metadata(None).cast(SCHEMA), totals, metadata.get(b"unit") == b"word")


def _others(vocabulary: Vocabulary) -> dict[str, Any]:
    others = list(vocabulary.specials[len(ROLES) :])
    return {"additional_special_tokens": others} if others else {}


def _json(value: Any, indent: int | None = 2) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent) + "\n"
