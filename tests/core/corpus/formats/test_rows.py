"""Rows come in parts of about a mebibyte of text, the same however a file is read, and in memory for that."""

from __future__ import annotations

import itertools
import random
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from zhprep.core import arrow, schema
from zhprep.core.corpus import find_inputs
from zhprep.core.corpus.formats import rows
from zhprep.core.corpus.formats.parts import ENDLESS
from zhprep.core.corpus.inputs import Damaged


def read(path: Path, start: int = 0, stop: int = ENDLESS) -> list[list[tuple[str, list[str]]]]:
    (source,) = find_inputs([str(path)])
    parts = rows.open_rows(source, text_key="text", start=start, stop=stop).batches
    return [list(zip(*part.select(["doc", "sentences"]).to_pydict().values(), strict=True)) for part in parts]


@pytest.mark.parametrize("ours", [True, False])
def test_parts_are_the_same_however_a_file_is_read(tmp_path, monkeypatch, ours):
    """As cut from batches of as many rows as have so many bytes in the file: the greatest parts, each of one batch."""
    draw, most = random.Random(4), 1000
    monkeypatch.setattr(rows, "BATCH", most)
    texts = [draw.choice("中文字汉语") * draw.choice((0, 1, 5, 30, 200)) for _ in range(700)]
    made = pa.table([[f"x:{n}" for n in range(700)], [[text] for text in texts]], schema=schema.TEXT)
    table = made if ours else pa.table({"text": texts})
    pq.write_table(table, tmp_path / "x.parquet", row_group_size=300)
    expected: list[list[str]] = []
    for number in range(3):
        group = pq.ParquetFile(tmp_path / "x.parquet").metadata.row_group(number)
        size = max(1, most * group.num_rows // group.total_byte_size)
        mine = texts[300 * number : 300 * number + group.num_rows]
        for begin in range(0, len(mine), size):
            part: list[str] = []
            for text in mine[begin : begin + size]:
                if part and sum(len(one.encode()) for one in (*part, text)) > most:
                    expected, part = [*expected, part], []
                part.append(text)
            expected.append(part)
    whole = read(tmp_path / "x.parquet")
    assert [["".join(lines) for _, lines in part] for part in whole] == expected
    for at_once in (1, 3, 64, 10**9):
        monkeypatch.setattr(rows, "AT_ONCE", at_once)
        assert read(tmp_path / "x.parquet") == whole
        for start, stop in ((123, 456), (300, 301)):
            some = read(tmp_path / "x.parquet", start, stop)
            assert list(itertools.chain(*some)) == list(itertools.chain(*whole))[start:stop]


def test_a_column_of_few_texts_is_not_read_at_once(tmp_path):
    """60 MB of text in a row group that takes 20 kB: a dictionary, and which of it each row has."""
    texts = [chr(0x4E00 + n) * 1000 for n in range(20)]
    pq.write_table(pa.table({"text": [texts[n * 7 % 20] for n in range(20_000)]}), tmp_path / "x.parquet")
    (source,) = find_inputs([str(tmp_path / "x.parquet")])
    before, most, read = pa.total_allocated_bytes(), 0, 0
    for part in rows.open_rows(source, text_key="text").batches:
        most, read = max(most, pa.total_allocated_bytes() - before), read + part.num_rows
    assert read == 20_000
    assert most < 40 << 20


@pytest.mark.parametrize("form", ["text", "items", "lists"])
def test_of_a_batch_as_large_as_the_file_those_rows_are_checked_that_are_read(tmp_path, form):
    """Each block of a file would take as long as the whole of it: what a wrong offset far behind it shows."""
    right = np.arange(101, dtype=np.int32)
    wrong = right.copy()
    wrong[50] = 1 << 30
    texts, broken = (
        pa.Array.from_buffers(pa.string(), 100, [None, pa.py_buffer(offsets), pa.py_buffer(b"x" * 100)])
        for offsets in (right, wrong)
    )
    if form == "text":
        batch = pa.RecordBatch.from_arrays([broken, arrow.lists_of(right, broken)], ["text", "beside"])
    elif form == "items":
        batch = pa.RecordBatch.from_arrays([texts, arrow.lists_of(right, broken)], schema=schema.TEXT)
    else:
        lists = pa.Array.from_buffers(
            schema.TEXT.field("sentences").type, 100, [None, pa.py_buffer(wrong)], children=[texts]
        )
        batch = pa.RecordBatch.from_arrays([texts, lists], schema=schema.TEXT)
    with pa.ipc.new_file(tmp_path / "x.arrow", batch.schema) as writer:
        writer.write_batch(batch)
    for start, stop in ((0, 10), (60, 100)):
        assert sum(map(len, read(tmp_path / "x.arrow", start, stop))) == stop - start
    with pytest.raises(Damaged):
        read(tmp_path / "x.arrow", 40, 60)
