"""MosaicML's streaming shards (mosaicml-streaming, format ``mds``, version 2).

In: instances. Out: ``shard.00000.mds`` and so on, of at most 64 MiB, and ``index.json``, which
``streaming.StreamingDataset`` reads: every column, lists as one-dimensional arrays, numbers as scalars.
Their arrays cannot be empty, so a row that has an empty list, such as static masks of nothing, is refused.

A shard is: the number of samples, where each begins and the last ends (uint32), the settings as JSON, the samples. A
sample is the sizes (uint32) of its columns of varying size, then the columns by name. A one-dimensional array is a byte
that says how many bytes its length has (4: one, 5: two, 6: four), its length, its values.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zhprep.core.errors import UsageError
from zhprep.core.ragged import Array, Ints, offsets_of
from zhprep.core.shards.commit import committed, write_json
from zhprep.export.source import Data, plain, ragged

SIZE_LIMIT = 1 << 26
_WIDTHS = ((1 << 8, 4, 1), (1 << 16, 5, 2), (1 << 32, 6, 4))  # lengths below, the byte, bytes of the length

Bytes = npt.NDArray[np.uint8]


def export(source: Path, out: Path) -> list[str]:
    """Write the instances of ``source`` into ``out``; return the names of the files.

    Raises ``UsageError`` for a row with an empty list.
    """
    data = Data.at(source)
    columns: pa.Schema | None = None
    shards: list[dict[str, Any]] = []
    for layout, samples, sizes in _shards(data):
        columns = layout
        name = f"shard.{len(shards):05d}.mds"
        shards.append(_described(layout, name, len(sizes)))
        head = _head(shards[-1], sizes)
        with committed(out / name) as file:
            file.write(head)
            for part in samples:
                file.write(part)
        shards[-1]["raw_data"]["bytes"] = len(head) + int(sizes.sum())
    if columns is None:
        raise UsageError(
            f"{source}: has no instances",
            hint="the corpus may be too short for --max-length; `zhprep inspect` shows what there is",
        )
    write_json(out / "index.json", {"version": 2, "shards": shards})
    names = [shard["raw_data"]["basename"] for shard in shards]
    return data.record(out, [*names, "index.json"], data.columns)


def _shards(data: Data) -> Iterator[tuple[pa.Schema, list[bytes], Ints]]:
    """Yield for each shard to write the schema, the bytes of its samples and their sizes, ``int64[B]``."""
    samples: list[bytes] = []
    sizes: list[Ints] = []
    schema = pa.schema([])
    for _, batches in data.shards():
        for batch in batches:
            schema = batch.schema
            found, offsets = _samples(data, batch)
            for begin, end in _cuts(offsets, SIZE_LIMIT // 4):
                piece = found[offsets[begin] : offsets[end]].tobytes()
                if samples and sum(map(len, samples)) + len(piece) > SIZE_LIMIT * 3 // 4:
                    yield schema, samples, np.concatenate(sizes)
                    samples, sizes = [], []
                samples.append(piece)
                sizes.append(np.diff(offsets[begin : end + 1]))
    if samples:
        yield schema, samples, np.concatenate(sizes)


def _cuts(offsets: Ints, most: int) -> Iterator[tuple[int, int]]:
    """Yield first and last sample of pieces of at most about ``most`` bytes; ``offsets`` ``int64[B + 1]``."""
    edges = np.searchsorted(offsets, np.arange(most, offsets[-1], most))
    edges = np.unique(np.concatenate([[0], edges, [len(offsets) - 1]]))
    yield from zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)


def _samples(data: Data, batch: pa.RecordBatch) -> tuple[Bytes, Ints]:
    """Return the samples end to end, and ``int64[B + 1]`` where each begins."""
    parts = [_column(data, batch, field) for field in sorted(batch.schema, key=lambda field: field.name)]
    varying = [lengths for _, lengths, is_list in parts if is_list]
    head = np.stack([*varying], axis=1).astype("<u4") if varying else np.zeros((batch.num_rows, 0), "<u4")
    pieces = [(head.view(np.uint8).ravel(), np.full(batch.num_rows, head.shape[1] * 4, np.int64))]
    pieces += [(values, lengths) for values, lengths, _ in parts]
    return interleaved(pieces)


def interleaved(pieces: list[tuple[Bytes, Ints]]) -> tuple[Bytes, Ints]:
    """Put ragged rows of bytes beside one another; each piece is its bytes, and ``int64[B]`` bytes per row."""
    lengths = np.stack([lengths for _, lengths in pieces], axis=1)
    begins = offsets_of(lengths.ravel())
    result = np.empty(int(begins[-1]), np.uint8)
    for number, (values, sizes) in enumerate(pieces):
        starts = begins[:-1].reshape(lengths.shape)[:, number]
        shift = starts - offsets_of(sizes)[:-1]
        result[np.arange(len(values)) + np.repeat(shift, sizes)] = values
    return result, begins[:: lengths.shape[1]]


def _column(data: Data, batch: pa.RecordBatch, field: pa.Field) -> tuple[Bytes, Ints, bool]:
    """Return the bytes of a column end to end (``uint8[N]``), the bytes per row (``int64[B]``), and whether that
    varies."""
    if not pa.types.is_list(field.type):
        values = plain(batch, field.name)
        return _raw(values), np.full(len(values), values.itemsize, np.int64), False
    values, offsets = ragged(batch, field.name)
    counts = np.diff(offsets)
    if not counts.all():
        hint = "export to parquet or jsonl"
        raise UsageError(f"{data.path}: an instance has no {field.name}; an mds array cannot be empty", hint=hint)
    width = np.searchsorted([limit for limit, _, _ in _WIDTHS], counts, side="right")
    codes, sizes = (np.array([row[place] for row in _WIDTHS])[width] for place in (1, 2))
    lengths = np.ascontiguousarray(counts, "<u4").view(np.uint8).reshape(-1, 4)
    heads = (_raw(codes.astype(np.uint8)), np.ones(len(counts), np.int64))
    shapes = (lengths[np.arange(4) < sizes[:, None]], sizes)
    joined, begins = interleaved([heads, shapes, (_raw(values), counts * values.itemsize)])
    return joined, np.diff(begins), True


def _raw(values: Array) -> Bytes:
    """Return the bytes of an array, ``uint8[N]``."""
    return np.ascontiguousarray(values).view(np.uint8).ravel()


def _described(layout: pa.Schema, name: str, n_samples: int) -> dict[str, Any]:
    fields = sorted(layout, key=lambda field: field.name)
    lists = [pa.types.is_list(field.type) for field in fields]
    kinds = [field.type.value_type if is_list else field.type for field, is_list in zip(fields, lists, strict=True)]
    return {
        "column_names": [field.name for field in fields],
        "column_encodings": [f"ndarray:{k}" if is_list else str(k) for k, is_list in zip(kinds, lists, strict=True)],
        "column_sizes": [None if is_list else k.bit_width // 8 for k, is_list in zip(kinds, lists, strict=True)],
        "compression": None, "format": "mds", "hashes": [], "samples": n_samples, "size_limit": SIZE_LIMIT,
        "raw_data": {"basename": name, "bytes": 0, "hashes": {}}, "version": 2, "zip_data": None,
    }  # fmt: skip


def _head(described: dict[str, Any], sizes: Ints) -> bytes:
    """Return the head of a shard whose samples have ``sizes`` ``int64[B]``."""
    settings = {name: value for name, value in described.items() if name not in ("samples", "raw_data", "zip_data")}
    text = json.dumps(settings, sort_keys=True).encode()
    first = 4 + 4 * (len(sizes) + 1) + len(text)
    places = (offsets_of(sizes) + first).astype("<u4")
    return struct.pack("<I", len(sizes)) + places.tobytes() + text
