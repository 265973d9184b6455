"""What cannot be read is told with its place, or left out and counted; what lies before it is read."""

from __future__ import annotations

import random
from itertools import chain
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from plain_reader import (
    COMPRESS,
    DOCUMENTS,
    corpus_of,
    jsonl_of,
    lines_of,
    plain_documents,
    text_of,
    write_arrow,
    write_parquet,
)

from zhprep.core import schema
from zhprep.core.corpus import ReadConfig, find_inputs, read_input
from zhprep.core.corpus.inputs import Damaged, describe, open_decompressed
from zhprep.core.errors import DataError, UsageError
from zhprep.core.report import Account

COMPRESSED = [name for name in COMPRESS if name]


def noise(n: int) -> list[list[str]]:
    draw = random.Random(5)
    return [["".join(chr(draw.randrange(0x4E00, 0x9FA5)) for _ in range(draw.randint(1, 60)))] for _ in range(n)]


def recovered(path: Path) -> bytes:
    """What a decompressor gives before it gives up, read in the smallest steps."""
    with open_decompressed(describe(str(path))) as stream:
        data = b""
        try:
            while part := stream.read(997):
                data += part
        except Damaged:
            pass
        return data


@pytest.mark.parametrize("compression", COMPRESSED)
def test_an_early_end(tmp_path: Path, compression: str) -> None:
    documents = noise(8000)
    whole = COMPRESS[compression](text_of(documents))
    path = tmp_path / f"x.txt{compression}"
    path.write_bytes(whole[: len(whole) * 2 // 3])
    with pytest.raises(
        DataError, match=rf"x.txt{compression}: the compressed data are damaged: they end early, after line \d+"
    ):
        corpus_of(path)

    before = recovered(path)
    assert text_of(documents).startswith(before)
    assert len(before) > len(text_of(documents)) // 3
    corpus = corpus_of(path, on_error="skip", block_size=10_000)
    assert "they end early" in corpus.facts[0]["damaged"]
    account = Account()
    lines = list(chain(*lines_of(corpus, account)))
    expected = list(chain(*plain_documents(before.decode(errors="ignore").encode())))
    if before.decode(errors="ignore").encode() != before:  # cut within a character
        expected = expected[:-1]
        assert account.dropped == {"sentences.bad_encoding": 1}
    assert lines == expected

    account = Account()
    source = find_inputs((str(path),))[0]
    batches = list(read_input(source, ReadConfig(on_error="skip"), account))
    assert [line for b in batches for row in b.column("sentences").to_pylist() for line in row] == expected
    assert account.dropped["inputs.damaged"] == 1
    with pytest.raises(Damaged):
        list(read_input(source, ReadConfig(), Account()))


@pytest.mark.parametrize("compression", COMPRESSED)
@pytest.mark.parametrize("missing", [1, 4, 8])
def test_the_last_bytes_are_missed(tmp_path: Path, compression: str, missing: int) -> None:
    whole = COMPRESS[compression](text_of(DOCUMENTS))
    (tmp_path / f"x.txt{compression}").write_bytes(whole[:-missing])
    with pytest.raises(DataError, match="they end early"):
        corpus_of(tmp_path / f"x.txt{compression}")


@pytest.mark.parametrize("compression", COMPRESSED)
def test_rubbish_after_the_end(tmp_path: Path, compression: str) -> None:
    path = tmp_path / f"x.txt{compression}"
    path.write_bytes(COMPRESS[compression](text_of(DOCUMENTS)) + b"and more")
    with pytest.raises(DataError, match=r"the compressed data are damaged"):
        corpus_of(path)
    assert lines_of(corpus_of(path, on_error="skip")) == DOCUMENTS


@pytest.mark.parametrize("compression", [".gz", ".xz", ".bz2"])
def test_a_flipped_bit_is_found_by_the_checksum(tmp_path: Path, compression: str) -> None:
    path = tmp_path / f"x.txt{compression}"
    whole = bytearray(COMPRESS[compression](text_of(noise(300))))
    for place in (len(whole) // 2, len(whole) // 3):
        damaged = whole.copy()
        damaged[place] ^= 4
        path.write_bytes(damaged)
        with pytest.raises(DataError, match=r"x.txt\S+: the compressed data are damaged|is not utf-8"):
            corpus_of(path)


def test_a_file_that_is_damaged_from_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "x.txt.gz"
    path.write_bytes(COMPRESS[".gz"](b"text")[:9])
    with pytest.raises(DataError, match="they end early, after line 0"):
        corpus_of(path)
    with pytest.raises(DataError, match="no document in the input") as error:
        corpus_of(path, on_error="skip")
    assert "they end early" in error.value.hint
    (tmp_path / "y.txt").write_bytes(text_of(DOCUMENTS))
    corpus = corpus_of(path, tmp_path / "y.txt", on_error="skip")
    assert lines_of(corpus) == DOCUMENTS
    assert [bool(facts["damaged"]) for facts in corpus.facts] == [True, False]


def test_lines_that_are_not_utf8(tmp_path: Path) -> None:
    data = "一\n二\n\n".encode() + b"\xd6\xd0\n" + "三\n".encode() + b"\xff\n\n\xfe\n"
    (tmp_path / "x.txt").write_bytes(data)
    with pytest.raises(DataError, match=r"x.txt, line 4: is not utf-8 \(byte 0xd6\)"):
        corpus_of(tmp_path / "x.txt")
    account = Account()
    assert lines_of(corpus_of(tmp_path / "x.txt", on_error="skip"), account) == [["一", "二"], ["三"], []]
    assert account.dropped == {"sentences.bad_encoding": 3}
    assert account.counts["documents_in"] == 3
    assert account.counts["sentences"] == 3


def test_the_line_is_right_far_into_a_file(tmp_path: Path) -> None:
    good = text_of(noise(20_000))
    (tmp_path / "x.txt").write_bytes(good + b"\xff\n" + good)
    with pytest.raises(DataError, match=rf"x.txt, line {good.count(10) + 1}: is not utf-8"):
        corpus_of(tmp_path / "x.txt")
    with pytest.raises(DataError, match=rf"x.txt, line {good.count(10) + 1}: is not utf-8"):
        list(read_input(find_inputs((str(tmp_path / "x.txt"),))[0], ReadConfig(), Account()))


def test_lines_that_are_not_gb18030(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_bytes("一\n".encode("gb18030") + b"\x81\x20\xff\n" + "二".encode("gb18030") + b"\n\x81")
    with pytest.raises(DataError, match=r"x.txt, line 2: is not gb18030"):
        corpus_of(tmp_path / "x.txt", encoding="gb18030")
    account = Account()
    assert lines_of(corpus_of(tmp_path / "x.txt", encoding="gb18030", on_error="skip"), account) == [["一", "二"]]
    assert account.dropped == {"sentences.bad_encoding": 2}


BAD_OBJECTS = {
    "{": r"not JSON \(Expecting property name enclosed in double quotes",
    "[1]": "not a JSON object",
    '"text"': "not a JSON object",
    '{"txet": "一"}': r"no key 'text'; there is 'txet'",
    "{}": r"no key 'text'; there is none",
    '{"text": null}': "the value of 'text' is not a string",
    '{"text": ["一"]}': "the value of 'text' is not a string",
    '{"text": "\\ud800"}': "the value of 'text' holds half of a surrogate pair",
    "[" * 100_000: "not JSON",
    '{"text": ' + "9" * 10_000 + "}": "Exceeds the limit",
}


@pytest.mark.parametrize("bad", BAD_OBJECTS, ids=lambda bad: bad[:16])
def test_a_bad_object_costs_its_line(tmp_path: Path, bad: str) -> None:
    good = jsonl_of(DOCUMENTS)
    first = good.index(b"\n") + 1
    (tmp_path / "a:b.jsonl").write_bytes(b"\n" + good[:first] + bad.encode() + b"\n" + good[first:])
    corpus = corpus_of(tmp_path / "a:b.jsonl")
    with pytest.raises(DataError, match=f"a:b.jsonl, line 3: {BAD_OBJECTS[bad]}"):
        lines_of(corpus)
    account = Account()
    assert lines_of(corpus_of(tmp_path / "a:b.jsonl", on_error="skip"), account) == DOCUMENTS
    assert account.dropped == {"documents.bad_json": 1}
    assert account.counts["documents_in"] == len(DOCUMENTS) + 1


def test_json_with_a_mark_at_its_beginning_and_bad_bytes_in_it(tmp_path: Path) -> None:
    good = jsonl_of(DOCUMENTS)
    (tmp_path / "x.jsonl").write_bytes(b"\xef\xbb\xbf" + good + b'{"text": "\xff"}\n')
    account = Account()
    assert lines_of(corpus_of(tmp_path / "x.jsonl", on_error="skip"), account) == DOCUMENTS
    assert account.dropped == {"documents.bad_encoding": 1}
    assert account.counts["documents_in"] == len(DOCUMENTS) + 1


def test_what_is_odd_but_json_is_read(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text('{"a": NaN, "text": "二", "b": {"c": []}}\r\n', encoding="utf-8")
    assert lines_of(corpus_of(tmp_path / "x.jsonl")) == [["二"]]


def test_an_arrow_stream_that_ends_between_two_batches(tmp_path: Path) -> None:
    table = pa.table({"text": [d[0] for d in noise(100)]})
    path = tmp_path / "x.arrow"
    write_arrow(path, table, stream=True, rows=10)
    whole = path.read_bytes()
    with pa.OSFile(str(path)) as file:
        reader = pa.ipc.open_stream(file)
        for _ in range(4):
            reader.read_next_batch()
        border = file.tell()
    path.write_bytes(whole[:border])
    assert pa.ipc.open_stream(path.read_bytes()).read_all().num_rows == 40, "Arrow itself says nothing"
    with pytest.raises(DataError, match=r"x.arrow: is not a whole arrow file: the stream ends early, after row 40"):
        corpus_of(path)
    corpus = corpus_of(path, on_error="skip", block_size=1000)
    assert lines_of(corpus) == noise(100)[:40]


@pytest.mark.parametrize("form", ["parquet", "arrow"])
def test_a_table_cut_short(tmp_path: Path, form: str) -> None:
    path = tmp_path / f"x.{form}"
    if form == "parquet":
        write_parquet(path, noise(100))
    else:
        write_arrow(path, pa.table({"text": [d[0] for d in noise(100)]}), stream=True, rows=10)
    whole = path.read_bytes()
    for size in range(0, len(whole), 997):
        path.write_bytes(whole[:size])
        with pytest.raises(DataError, match=rf"x.{form}"):
            corpus_of(path)


def test_a_table_of_ours_with_text_that_is_not_utf8(tmp_path: Path) -> None:
    strings = pa.StringArray.from_buffers(1, pa.py_buffer(b"\0\0\0\0\2\0\0\0"), pa.py_buffer(b"\xd6\xd0"))
    sentences = pa.ListArray.from_arrays(pa.array([0, 1], pa.int32()), strings)
    table = pa.Table.from_arrays([pa.array(["x:1"]), sentences], schema=schema.TEXT)
    write_arrow(tmp_path / "x.arrow", table, stream=True)
    with pytest.raises(DataError, match=r"x.arrow: is not a whole arrow file: .*UTF8"):
        corpus_of(tmp_path / "x.arrow")


@pytest.mark.parametrize("form", ["parquet", "arrow"])
def test_a_table_with_text_that_is_not_utf8(tmp_path: Path, form: str) -> None:
    strings = pa.StringArray.from_buffers(1, pa.py_buffer(b"\0\0\0\0\2\0\0\0"), pa.py_buffer(b"\xd6\xd0"))
    table = pa.table({"text": strings})
    if form == "parquet":
        pq.write_table(table, tmp_path / "x.parquet")
    else:
        write_arrow(tmp_path / "x.arrow", table, stream=True)
    with pytest.raises(DataError, match=rf"x.{form}: is not a whole {form} file: .*UTF8"):
        corpus_of(tmp_path / f"x.{form}")


def test_offsets_that_lie_are_refused_not_followed(tmp_path: Path) -> None:
    strings = pa.StringArray.from_buffers(
        2, pa.py_buffer(b"\0\0\0\0\xff\xff\xff\x7f\x05\0\0\0"), pa.py_buffer(b"abcde")
    )
    write_arrow(tmp_path / "x.arrow", pa.table({"text": strings}), stream=True)
    with pytest.raises(DataError, match=r"x.arrow: is not a whole arrow file"):
        corpus_of(tmp_path / "x.arrow")


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("x.txt", b"\x89PNG\r\n\x1a\n" + bytes(100), "is not text but a PNG picture"),
        ("x.txt", b"PK\x03\x04rest", "is not text but a zip archive"),
        ("x.txt", b"%PDF-1.7", "is not text but a PDF"),
        ("x.jsonl", b"PAR1rest", "is not text but a Parquet file"),
        ("x.txt", b"\0\x01" * 30, r"is not text \(30 NUL bytes in its first 60\)"),
        ("x.txt", "中文".encode("utf-16"), "is UTF-16, not UTF-8"),
        ("x.txt.gz", b"plain", r"is named .gz but is not compressed that way"),
        ("x.txt.gz", COMPRESS[".xz"](b"plain"), r"is named .gz but is not compressed that way"),
        ("x.parquet", b"plain text\n", "is not a whole parquet file"),
        ("x.arrow", b"plain text\n", "is not a whole arrow file"),
        ("x.parquet.gz", COMPRESS[".gz"](b"PAR1"), "compressed parquet is not read"),
        ("x.txt", b"", "x.txt: no document in the input"),
        ("x.txt", b" \n\r\n\n", "x.txt: no document in the input"),
        ("x.txt.gz", b"", "no document in the input"),
        ("x.txt", b"\xd6\xd0\n", r"x.txt, line 1: is not utf-8 \(byte 0xd6\)"),
    ],
)
def test_what_is_not_text_is_told(tmp_path: Path, name: str, data: bytes, told: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(DataError, match=told) as error:
        corpus_of(tmp_path / name)
    assert error.value.hint
    assert "\n" not in str(error.value)


def test_a_bomb_is_read_in_bounded_memory(tmp_path: Path) -> None:
    import zstandard

    bomb = zstandard.ZstdCompressor().compress(b"\0" * (1 << 26))
    (tmp_path / "x.txt.zst").write_bytes(bomb)
    with open_decompressed(describe(str(tmp_path / "x.txt.zst"), encoding="utf-16")) as stream:
        import tracemalloc

        tracemalloc.start()
        total = 0
        while part := stream.read(1 << 20):
            total += len(part)
        assert total == 1 << 26
        assert tracemalloc.get_traced_memory()[1] < 100 << 20
        tracemalloc.stop()


def test_encodings(tmp_path: Path) -> None:
    text = "人民日报报道，今天天气很好。\n\n第二篇：中华人民共和国。\n"
    for encoding in ("gb18030", "big5", "utf-16", "utf-16-le", "utf-8-sig", "utf-32"):
        written = (
            text.replace("报", "報").replace("气", "氣").replace("华", "華").replace("国", "國").replace("道", "道")
        )
        (tmp_path / "x.txt").write_bytes((written if encoding == "big5" else text).encode(encoding, "ignore"))
        expected = plain_documents(
            ((written if encoding == "big5" else text).encode(encoding, "ignore")).decode(encoding).encode()
        )
        assert lines_of(corpus_of(tmp_path / "x.txt", encoding=encoding)) == expected
    for encoding in ("base64", "rot13", "utf-99"):
        with pytest.raises(UsageError, match="unknown encoding"):
            corpus_of(tmp_path / "x.txt", encoding=encoding)


@pytest.mark.parametrize("compression", COMPRESS)
@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("gb18030", "人民日报报道，今天天气很好。\n\n第二篇：中华人民共和国。\n"),
        ("big5", "人民日報報導，今天天氣很好。\n\n第二篇：中華民國的國民經濟。\n"),
        ("utf-16", "人民日报报道，今天天气很好。\n\n第二篇：中华人民共和国。\n"),
        ("utf-8", "人民日报报道，今天天气很好。\n\n第二篇：中华人民共和国。\n"),
        ("utf-8-sig", "人民日报报道，今天天气很好。\n\n第二篇：中华人民共和国。\n"),
    ],
)
def test_encodings_are_recognised(tmp_path: Path, encoding: str, text: str, compression: str) -> None:
    path = tmp_path / f"x.txt{compression}"
    path.write_bytes(COMPRESS[compression](text.encode(encoding)))
    assert lines_of(corpus_of(path, encoding="auto")) == plain_documents(text.encode())


def test_real_gb18030(shared_data: Path) -> None:
    for path in sorted((shared_data / "gbk").glob("*.txt")):
        assert lines_of(corpus_of(path, encoding="auto")) == plain_documents(
            path.read_bytes().decode("gb18030").encode()
        )
