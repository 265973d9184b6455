"""Every format, in every compression, gives the same documents."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
from pathlib import Path

import pyarrow as pa
import pytest
import zstandard
from plain_reader import (
    COMPRESS,
    DOCUMENTS,
    corpus_of,
    jsonl_of,
    lines_of,
    plain_documents,
    read_all,
    text_of,
    write_arrow,
    write_parquet,
)

from zhprep.core import schema
from zhprep.core.corpus import ReadConfig, find_inputs, read_block, read_input, read_stream
from zhprep.core.corpus.inputs import STDIN, describe, open_stdin, spool
from zhprep.core.errors import DataError, UsageError
from zhprep.core.report import Account

FOREIGN = pa.table({"text": ["\n".join(d) for d in DOCUMENTS]})
OURS = pa.table([[f"a:{i}" for i in range(len(DOCUMENTS))], DOCUMENTS], schema=schema.TEXT)


@pytest.mark.parametrize("compression", COMPRESS)
@pytest.mark.parametrize("form", ["txt", "jsonl"])
def test_lines(tmp_path: Path, form: str, compression: str) -> None:
    data = text_of(DOCUMENTS) if form == "txt" else jsonl_of(DOCUMENTS)
    path = tmp_path / f"x.{form}{compression}"
    path.write_bytes(COMPRESS[compression](data))
    assert read_all(corpus_of(path)) == [(f"{path.name}:{i + 1}", lines) for i, lines in enumerate(DOCUMENTS)]


@pytest.mark.parametrize("compression", COMPRESS)
def test_a_compressed_file_is_known_by_its_bytes_whatever_its_name(tmp_path: Path, compression: str) -> None:
    path = tmp_path / "x.txt"
    path.write_bytes(COMPRESS[compression](text_of(DOCUMENTS)))
    assert lines_of(corpus_of(path)) == DOCUMENTS


def test_text_that_begins_like_a_compressed_file_is_text(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("BZh9 是一种格式。\n", encoding="utf-8")
    assert lines_of(corpus_of(tmp_path / "x.txt")) == [["BZh9 是一种格式。"]]


@pytest.mark.parametrize(
    ("compression", "compress"),
    [(".gz", gzip.compress), (".bz2", bz2.compress), (".xz", lzma.compress), (".zst", COMPRESS[".zst"])],
)
def test_many_members_and_zeros_after_them(tmp_path: Path, compression: str, compress) -> None:
    data = text_of(DOCUMENTS)
    parts = [compress(data[i : i + 7]) for i in range(0, len(data), 7)]
    path = tmp_path / f"x.txt{compression}"
    path.write_bytes(b"".join(parts) + b"\0" * 24)
    assert lines_of(corpus_of(path)) == DOCUMENTS


def test_skippable_frames_and_a_long_window_of_zstandard(tmp_path: Path) -> None:
    data = text_of(DOCUMENTS)
    parameters = zstandard.ZstdCompressionParameters(window_log=28, enable_ldm=True)
    compressor = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    skipped = b"\x50\x2a\x4d\x18\x04\x00\x00\x00abcd"
    (tmp_path / "x.txt.zst").write_bytes(skipped + compressor.compress(data) + compressor.flush() + skipped)
    assert lines_of(corpus_of(tmp_path / "x.txt.zst")) == DOCUMENTS


@pytest.mark.parametrize("row_group_size", [1, 2, 100])
def test_parquet(tmp_path: Path, row_group_size: int) -> None:
    write_parquet(tmp_path / "x.parquet", DOCUMENTS, row_group_size=row_group_size)
    assert read_all(corpus_of(tmp_path / "x.parquet")) == [(f"x.parquet:{i + 1}", d) for i, d in enumerate(DOCUMENTS)]


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()])
@pytest.mark.parametrize("stream", [True, False])
def test_arrow(tmp_path: Path, stream: bool, kind: pa.DataType) -> None:
    write_arrow(tmp_path / "x.arrow", FOREIGN.cast(pa.schema({"text": kind})), stream=stream)
    assert read_all(corpus_of(tmp_path / "x.arrow")) == [(f"x.arrow:{i + 1}", d) for i, d in enumerate(DOCUMENTS)]


@pytest.mark.parametrize("stream", [True, False])
def test_a_table_of_ours_keeps_its_names(tmp_path: Path, stream: bool) -> None:
    write_arrow(tmp_path / "x.arrow", OURS, stream=stream)
    corpus = corpus_of(tmp_path / "x.arrow", block_size=20)
    assert corpus.table == "text"
    assert len(corpus.blocks) > 1
    assert read_all(corpus) == [(f"a:{i}", lines) for i, lines in enumerate(DOCUMENTS)]


@pytest.mark.parametrize(("table", "columns"), [("words", 1), ("pinyin", 2)])
def test_words_and_pinyin_come_whole(tmp_path: Path, table: str, columns: int) -> None:
    ends = [[[len(line)] for line in lines] for lines in DOCUMENTS]
    syllables = [[[7] * len(line) for line in lines] for lines in DOCUMENTS]
    names = [f"a:{i}" for i in range(len(DOCUMENTS))]
    kind = schema.DOCUMENT_TABLES[table]
    whole = pa.table([names, DOCUMENTS, ends, syllables][: 2 + columns], schema=kind)
    write_arrow(tmp_path / "x.arrow", whole, stream=True)
    corpus = corpus_of(tmp_path / "x.arrow", block_size=20)
    assert corpus.table == table
    account = Account()
    batches = [batch for block in corpus.blocks for batch in read_block(corpus, block, account)]
    assert pa.Table.from_batches(batches).equals(whole)
    assert account.counts["documents_in"] == len(DOCUMENTS)


def test_a_text_key_of_another_name(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(jsonl_of(DOCUMENTS, "content"))
    write_parquet(tmp_path / "b.parquet", DOCUMENTS, "content")
    assert lines_of(corpus_of(tmp_path / "a.jsonl", tmp_path / "b.parquet", text_key="content")) == DOCUMENTS * 2
    with pytest.raises(UsageError, match=r"b.parquet: has no column 'contents'") as error:
        corpus_of(tmp_path / "b.parquet", text_key="contents")
    assert "did you mean 'content'?" in error.value.hint


def test_a_column_that_is_not_text(tmp_path: Path) -> None:
    write_parquet(tmp_path / "b.parquet", DOCUMENTS)
    with pytest.raises(DataError, match="column 'id' is int64, not string"):
        corpus_of(tmp_path / "b.parquet", text_key="id")


def test_no_text_in_a_row_is_a_document_without_lines(tmp_path: Path) -> None:
    write_arrow(tmp_path / "x.arrow", pa.table({"text": ["一", None, "\n \r\n\u3000\n", "二\r\n三"]}), stream=True)
    (tmp_path / "x.jsonl").write_bytes(
        '{"text":"一"}\n{"text":""}\n{"text":"\\n \\r\\n\\u3000\\n"}\n{"text":"二\\r\\n三"}\n'.encode()
    )
    assert lines_of(corpus_of(tmp_path / "x.arrow")) == [["一"], [], [], ["二", "三"]]
    assert lines_of(corpus_of(tmp_path / "x.jsonl")) == [["一"], [], [], ["二", "三"]]


def test_large_rows_come_in_small_batches(tmp_path: Path) -> None:
    documents = [["字" * 200_000] for _ in range(12)]
    write_parquet(tmp_path / "x.parquet", documents)
    write_arrow(tmp_path / "x.arrow", pa.table({"text": [d[0] for d in documents]}), stream=False, rows=100)
    for path in (tmp_path / "x.parquet", tmp_path / "x.arrow"):
        source = find_inputs((str(path),))[0]
        batches = list(read_input(source, ReadConfig(), Account()))
        assert [batch.column("sentences").to_pylist() for batch in batches] != []
        assert max(batch.nbytes for batch in batches) < 3 << 20
        assert sum(batch.num_rows for batch in batches) == 12


@pytest.mark.parametrize("compression", COMPRESS)
@pytest.mark.parametrize("form", ["txt", "jsonl", "gb18030"])
def test_standard_input_is_known_by_its_bytes(tmp_path: Path, form: str, compression: str) -> None:
    data = jsonl_of(DOCUMENTS[:3]) if form == "jsonl" else text_of(DOCUMENTS[:3])
    encoding = "gb18030" if form == "gb18030" else "utf-8"
    data = COMPRESS[compression](data.decode().encode(encoding))

    class Trickle(io.RawIOBase):
        rest = data

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
            part, self.rest = self.rest[:3], self.rest[3:]
            buffer[: len(part)] = part
            return len(part)

    for stream in (io.BytesIO(data), io.BufferedReader(Trickle())):
        source, text = open_stdin(stream, encoding=encoding)
        batches = list(read_stream(source, text, ReadConfig(), Account()))
        rows = [row for batch in batches for row in batch.column("sentences").to_pylist()]
        assert rows == DOCUMENTS[:3]
        assert batches[0].column("doc")[0].as_py() == "-:1"

    spool(io.BytesIO(data), tmp_path / ".spool-x")
    source = describe(str(tmp_path / ".spool-x"), encoding=encoding, name=STDIN)
    assert [
        row for b in read_input(source, ReadConfig(), Account()) for row in b.column("sentences").to_pylist()
    ] == rows


@pytest.mark.parametrize("head", ['{"text":"', '\ufeff{"text":"', '{ "a\\"b" : 1, "text" : "'])
def test_a_first_object_longer_than_what_is_looked_at_is_known_by_its_beginning(head: str) -> None:
    long = "字" * 30_000
    source, stream = open_stdin(io.BytesIO(f'{head}{long}"}}\n{{"text":"二"}}\n'.encode()))
    assert source.format == "jsonl"
    batches = read_stream(source, stream, ReadConfig(), Account())
    assert [row for b in batches for row in b.column("sentences").to_pylist()] == [[long], ["二"]]


@pytest.mark.parametrize("head", ["{", '{"', '{"text"，', "{text: ", '["text":'])
def test_a_long_first_line_of_text_stays_text(head: str) -> None:
    source, _ = open_stdin(io.BytesIO((head + "字" * 30_000 + "\n二\n").encode()))
    assert source.format == "text"


def test_a_stream_is_read_as_a_file_is(tmp_path: Path) -> None:
    data = text_of(DOCUMENTS * 50)
    source, stream = open_stdin(io.BytesIO(data))
    account = Account()
    rows = [
        row for b in read_stream(source, stream, ReadConfig(), account) for row in b.column("sentences").to_pylist()
    ]
    assert rows == plain_documents(data) == DOCUMENTS * 50
    assert account.counts["documents_in"] == len(rows)
