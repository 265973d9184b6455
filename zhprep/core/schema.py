"""The tables of zhprep: every column of every table on disk is declared here.

Each table carries its name and version in the Arrow schema's metadata; a reader refuses another.
"""

from __future__ import annotations

import pyarrow as pa

from zhprep.core.errors import DataError

VERSION = 1

_TEXT = [pa.field("doc", pa.string()), pa.field("sentences", pa.list_(pa.string()))]
_WORDS = [*_TEXT, pa.field("ends", pa.list_(pa.list_(pa.int32())))]
_PINYIN = [*_WORDS, pa.field("syllables", pa.list_(pa.list_(pa.uint16())))]


def _table(name: str, fields: list[pa.Field]) -> pa.Schema:
    return pa.schema(fields, metadata={"zhprep.table": name, "zhprep.version": str(VERSION)})


TEXT = _table("text", _TEXT)
"""A document a row: ``doc`` (source and number) and its sentences."""

WORDS = _table("words", _WORDS)
"""``text`` and, per sentence, where each word ends, in code points."""

PINYIN = _table("pinyin", _PINYIN)
"""``words`` and, per sentence, a syllable id per code point, 0 where there is none."""

DOCUMENT_TABLES = {"text": TEXT, "words": WORDS, "pinyin": PINYIN}


def id_type(vocabulary_size: int) -> pa.DataType:
    """Return the Arrow type of token ids: uint16 if every id fits, else int32."""
    return pa.uint16() if vocabulary_size <= 1 << 16 else pa.int32()


def instance_fields(ids: pa.DataType) -> dict[str, pa.DataType]:
    """Return every column an ``instances`` table may have, in the order in which they stand."""
    return {
        "input_ids": pa.list_(ids),
        "token_type_ids": pa.list_(pa.uint8()),
        "word_ids": pa.list_(pa.int16()),
        "special_tokens_mask": pa.list_(pa.uint8()),
        "next_sentence_label": pa.uint8(),
        "sentence_order_label": pa.uint8(),
        "pinyin_ids": pa.list_(pa.uint16()),
        "pos_tags": pa.list_(pa.uint8()),
        "ner_tags": pa.list_(pa.uint8()),
        "dep_tags": pa.list_(pa.uint8()),
        "coarse_input_ids": pa.list_(pa.int32()),
        "coarse_token_type_ids": pa.list_(pa.uint8()),
        "coarse_of": pa.list_(pa.int16()),
        "lang_ids": pa.list_(pa.uint8()),
        "cu_seqlens": pa.list_(pa.int32()),
        "labels": pa.list_(ids),
        "clean_word_ids": pa.list_(pa.int16()),
        "prefix_length": pa.uint16(),
        "masked_lm_positions": pa.list_(pa.uint16()),
        "masked_lm_ids": pa.list_(ids),
        "mask_kind": pa.list_(pa.uint8()),
        "coarse_masked_lm_positions": pa.list_(pa.uint16()),
        "coarse_masked_lm_ids": pa.list_(pa.int32()),
        "instance_id": pa.int64(),
        "dupe": pa.uint16(),
    }


def instances(columns: list[str], ids: pa.DataType) -> pa.Schema:
    """Return the schema of an ``instances`` table that has just ``columns``.

    ``instance_id`` is the address of the instance in the data set (block << 32 | number in the
    block): masks are drawn from it. ``dupe`` says which static duplicate a row is. A static row that is
    corrupted has in ``input_ids`` what an encoder reads and in ``labels`` what is to be written (with
    ``prefix_length``: what follows so many tokens). Instead of ``word_ids``, which would no longer run along
    ``input_ids``, it has ``clean_word_ids``, the word of each token of the text before it was corrupted.
    """
    known = instance_fields(ids)
    unknown = sorted(set(columns) - known.keys())
    if unknown:
        raise ValueError(f"no such columns of instances: {', '.join(unknown)}")
    return _table("instances", [pa.field(name, kind) for name, kind in known.items() if name in columns])


def table_name(schema: pa.Schema, where: str = "") -> str | None:
    """Return the name of the zhprep table that ``schema`` declares, or None if it is not ours.

    Raises ``DataError`` when the table is of another version.
    """
    metadata = schema.metadata or {}
    name = metadata.get(b"zhprep.table")
    if name is None:
        return None
    version = metadata.get(b"zhprep.version", b"?").decode()
    if version != str(VERSION):
        raise DataError(
            f"{where or 'input'}: table {name.decode()!r} has version {version}; this zhprep reads version {VERSION}",
            hint="make it again with this version",
        )
    return str(name.decode())
