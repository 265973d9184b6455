"""Readers of exported files, written from the formats' descriptions and slow: a byte, a number, a row at a time."""

from __future__ import annotations

import itertools
import json
import struct
from collections.abc import Iterator
from pathlib import Path


def plain_crc32c(data: bytes) -> int:
    """Return the CRC-32C of ``data``, a bit at a time."""
    state = 0xFFFFFFFF
    for byte in data:
        state ^= byte
        for _ in range(8):
            state = state >> 1 ^ (0x82F63B78 if state & 1 else 0)
    return state ^ 0xFFFFFFFF


def masked(checksum: int) -> int:
    return ((checksum >> 15 | checksum << 17) + 0xA282EAD8) & 0xFFFFFFFF


def read_tfrecord(path: Path, *, check: int = 5) -> Iterator[dict[str, list[float]]]:
    """Yield the features of each record; checksums of the first ``check`` records are checked."""
    data = path.read_bytes()
    place = number = 0
    while place < len(data):
        (length,) = struct.unpack_from("<Q", data, place)
        (of_length,) = struct.unpack_from("<I", data, place + 8)
        message = data[place + 12 : place + 12 + length]
        (of_message,) = struct.unpack_from("<I", data, place + 12 + length)
        if number < check:
            assert of_length == masked(plain_crc32c(data[place : place + 8]))
            assert of_message == masked(plain_crc32c(message))
        yield _example(message)
        place += 16 + length
        number += 1
    assert place == len(data)


def _varint(data: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        value |= (data[place] & 0x7F) << shift
        place, shift = place + 1, shift + 7
        if data[place - 1] < 0x80:
            return value, place


def _fields(data: bytes) -> Iterator[tuple[int, bytes]]:
    place = 0
    while place < len(data):
        tag, place = _varint(data, place)
        assert tag & 7 == 2  # all that we write has a length
        length, place = _varint(data, place)
        assert place + length <= len(data)
        yield tag >> 3, data[place : place + length]
        place += length


def _example(message: bytes) -> dict[str, list[float]]:
    ((number, features),) = _fields(message)
    assert number == 1
    found = {}
    for number, entry in _fields(features):
        assert number == 1
        (one, key), (two, feature) = _fields(entry)
        assert (one, two) == (1, 2)
        ((kind, values),) = _fields(feature)
        ((number, packed),) = _fields(values)
        assert number == 1
        found[key.decode()] = _floats(packed) if kind == 2 else _integers(packed)
        assert kind in (2, 3)
    return found


def _floats(packed: bytes) -> list[float]:
    return list(struct.unpack(f"<{len(packed) // 4}f", packed))


def _integers(packed: bytes) -> list[float]:
    values, place = [], 0
    while place < len(packed):
        value, place = _varint(packed, place)
        values.append(value)
    return values


def read_indexed(prefix: Path) -> list[list[int]]:
    """Return the sequences of a Megatron dataset; every document must be one sequence."""
    index, data = prefix.with_suffix(".idx").read_bytes(), prefix.with_suffix(".bin").read_bytes()
    assert index[:9] == b"MMIDIDX\x00\x00"
    version, code, n_sequences, n_documents = struct.unpack_from("<QBQQ", index, 9)
    assert version == 1
    letter, size = {4: ("i", 4), 8: ("H", 2)}[code]
    place = 9 + 25
    lengths = struct.unpack_from(f"<{n_sequences}i", index, place)
    pointers = struct.unpack_from(f"<{n_sequences}q", index, place + 4 * n_sequences)
    documents = struct.unpack_from(f"<{n_documents}q", index, place + 12 * n_sequences)
    assert len(index) == place + 12 * n_sequences + 8 * n_documents
    assert list(documents) == list(range(n_sequences + 1))
    assert sum(lengths) * size == len(data)
    return [
        list(struct.unpack_from(f"<{length}{letter}", data, pointer))
        for length, pointer in zip(lengths, pointers, strict=True)
    ]


_LETTERS = {"uint8": "B", "int8": "b", "uint16": "H", "int16": "h", "int32": "i", "int64": "q"}


def read_mds(folder: Path) -> Iterator[dict[str, object]]:
    """Yield the samples of a folder of MosaicML shards as plain values, each found by its place as their reader does."""
    index = json.loads((folder / "index.json").read_text())
    assert index["version"] == 2
    for shard in index["shards"]:
        data = (folder / shard["raw_data"]["basename"]).read_bytes()
        assert len(data) == shard["raw_data"]["bytes"]
        (n_samples,) = struct.unpack_from("<I", data)
        assert n_samples == shard["samples"]
        places = struct.unpack_from(f"<{n_samples + 1}I", data, 4)
        settings = json.loads(data[8 + 4 * n_samples : places[0]])
        assert settings["column_names"] == sorted(shard["column_names"]) == shard["column_names"]
        assert places[-1] == len(data)
        for begin, end in itertools.pairwise(places):
            yield _sample(data[begin:end], settings)


def _sample(data: bytes, settings: dict[str, list[object]]) -> dict[str, object]:
    sizes = settings["column_sizes"]
    varying = iter(struct.unpack_from(f"<{sizes.count(None)}I", data))
    place, found = 4 * sizes.count(None), {}
    for name, encoding, size in zip(settings["column_names"], settings["column_encodings"], sizes, strict=True):
        size = size or next(varying)
        found[name] = _value(data[place : place + size], str(encoding))
        place += size
    assert place == len(data)
    return found


def _value(data: bytes, encoding: str) -> object:
    kind, _, dtype = encoding.partition(":")
    if not dtype:
        return struct.unpack(f"<{_LETTERS[kind]}", data)[0]
    assert kind == "ndarray"
    n_axes, code = data[0] >> 2, data[0] & 3
    assert n_axes == 1
    (length,) = struct.unpack_from("<" + "BHIQ"[code], data, 1)
    return list(struct.unpack(f"<{length}{_LETTERS[dtype]}", data[1 + (1 << code) :]))
