"""What is read is what is there: against a reader as simple as can be, whatever the text and wherever runs are cut."""

from __future__ import annotations

import json
import os
import tempfile
import warnings
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from plain_reader import COMPRESS, corpus_of, lines_of, plain_documents, read_all, text_of

from zhprep.core.corpus import Corpus, read_block
from zhprep.core.corpus.formats import lines, parts, weights
from zhprep.core.corpus.inputs import open_text, opened, streams
from zhprep.core.corpus.reading import read_stream
from zhprep.core.errors import DataError
from zhprep.core.report import Account

PIECES = [
    "一",
    "好。",
    "a1",
    "𠮷",
    "é",
    "\u2028",
    "\u0085",
    "\x0b",
    "\x0c",
    "\0",
    "\ufeff",
    "\u3000",
    " ",
    "\t",
    "\r",
    "\r\n",
    "\n",
    "\n\n",
    "，",
    "々",
]
TEXTS = (
    st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=4)), max_size=40)
    .map("".join)
    .filter(lambda text: text.count("\0") <= 16 and text.encode("utf-8", "ignore").decode() == text)
)


def write(folder: str, data: bytes, name: str = "x.txt") -> Path:
    path = Path(folder) / name
    path.write_bytes(data)
    return path


@given(TEXTS, st.booleans(), st.integers(1, 30), st.integers(1, 40))
def test_as_the_plain_reader_wherever_it_is_cut(text: str, by_line: bool, chunk: int, block_size: int) -> None:
    data = text.encode()
    expected = plain_documents(data, line_is_document=by_line)
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(streams, "CHUNK", chunk)
        path = write(folder, b"x\n\n" + data)
        corpus = corpus_of(path, block_size=block_size, one_doc_per_line=by_line)
        account = Account()
        assert read_all(corpus, account) == [(f"x.txt:{i + 1}", d) for i, d in enumerate([["x"], *expected])]
        assert account.counts["documents_in"] == len(expected) + 1
        assert not account.dropped
        assert not account.changed


@given(TEXTS, st.integers(1, 12), st.integers(1, 30), st.integers(1, 60))
def test_pieces_and_cuts_do_not_depend_on_runs(text: str, limit: int, chunk: int, block_size: int) -> None:
    data = b"x\n\n" + text.encode()
    plans, documents = [], []
    for size in (chunk, 1 << 20):
        with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
            patch.setattr(streams, "CHUNK", size)
            patch.setattr(lines, "DOCUMENT_LIMIT", limit)
            corpus = corpus_of(write(folder, data), block_size=block_size, form="text")
            plans.append(corpus.as_dict())
            account = Account()
            documents.append(lines_of(corpus, account))
            pieces = [piece for block in corpus.blocks for piece in block.pieces]
            assert sum(piece.documents for piece in pieces) == len(documents[-1]) == account.counts["documents_in"]
            assert account.changed["documents.cut"] == len(documents[-1]) - len(plain_documents(data))
    assert plans[0] == plans[1]
    assert documents[0] == documents[1]
    assert list(chain(*documents[0])) == list(chain(*plain_documents(data)))


@given(TEXTS, st.integers(1, 12))
def test_a_document_that_was_cut_is_not_cut_again(text: str, limit: int) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "DOCUMENT_LIMIT", limit)
        once = lines_of(corpus_of(write(folder, b"x\n\n" + text.replace("\r", "").encode())))
        assert lines_of(corpus_of(write(folder, text_of(once)))) == once


def test_a_long_document_is_cut_at_a_line_and_counted(tmp_path: Path) -> None:
    line = "一二三四五六七八九十" * 100
    data = text_of([[line] * 3000, ["短文"]])  # 9 MB in a document, more than twice the limit
    account = Account()
    documents = lines_of(corpus_of(write(str(tmp_path), data)), account)
    assert [len(d) for d in documents] == [1398, 1398, 204, 1]
    assert account.changed == {"documents.cut": 2}
    assert max(len("".join(d).encode()) for d in documents) <= lines.DOCUMENT_LIMIT


def test_a_document_of_symbols_alone_is_cut_too(tmp_path: Path) -> None:
    data = ("——" * 50_000 + "\n").encode() * 300  # 90 MB that weigh little
    account = Account()
    documents = lines_of(corpus_of(write(str(tmp_path), data)), account)
    assert len(documents) == 2
    assert account.changed == {"documents.cut": 1}


def test_a_line_of_ten_megabytes_is_read_in_parts(tmp_path: Path) -> None:
    line, account = "很长的一行，有逗号。" * 400_000, Account()
    documents = lines_of(corpus_of(write(str(tmp_path), text_of([["短"], [line], ["短"]]))), account)
    assert (documents[0], documents[-1]) == (["短"], ["短"])
    found = [part for document in documents[1:-1] for part in document]
    assert "".join(found) == line
    assert all(
        part.endswith("。") and parts.LONG_LINE // 2 <= len(part.encode()) <= parts.LONG_LINE for part in found[:-1]
    )
    assert account.changed["lines.cut"] == len(found) - 1
    assert account.changed["documents.cut"] == len(documents) - 3


LONG_TEXTS = st.lists(st.sampled_from("一二，。；！”“ab 𠮷é\n"), max_size=300).map("".join)


@given(LONG_TEXTS, st.booleans(), st.integers(16, 60), st.integers(1, 40), st.integers(1, 60))
def test_parts_of_long_lines_do_not_depend_on_runs(
    text: str, by_line: bool, longest: int, chunk: int, block_size: int
) -> None:
    """Read in blocks or as a stream, in any runs: the same lines, whose bytes are those of the text; none too long."""
    data, found = b"x\n\n" + text.encode(), []
    for size in (chunk, 1 << 20):
        with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
            patch.setattr(streams, "CHUNK", size)
            patch.setattr(parts, "LONG_LINE", longest)
            corpus = corpus_of(write(folder, data), block_size=block_size, form="text", one_doc_per_line=by_line)
            blocks, stream = Account(), Account()
            found.append(lines_of(corpus, blocks))
            with open_text(corpus.inputs[0]) as bytes_:
                batches = list(read_stream(corpus.inputs[0], bytes_, corpus.read, stream))
            found.append([row for batch in batches for row in batch.column("sentences").to_pylist()])
            assert blocks.changed == stream.changed
    assert all(one == found[0] for one in found)
    flat = [line for document in found[0] for line in document]
    assert max(len(line.encode()) for line in flat) <= longest
    spaces = str.maketrans("", "", " \n")
    assert "".join(flat).translate(spaces) == data.decode().translate(spaces)


def test_a_json_line_past_the_limit_is_refused_with_its_place_or_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It cannot be used in parts, and is not held to be thrown away."""
    monkeypatch.setattr(parts, "LINE_LIMIT", 1 << 20)
    lines_ = [json.dumps({"text": text}) for text in ("a", "b" * (3 << 20), "c")]
    path = write(str(tmp_path), "\n".join(lines_).encode(), "x.jsonl")
    with pytest.raises(DataError, match=r"x.jsonl, line 2: is longer than 1 MiB"):
        corpus_of(path)
    account = Account()
    assert lines_of(corpus_of(path, on_error="skip"), account) == [["a"], ["c"]]
    assert account.dropped == {"documents.too_long": 1}


def test_a_key_that_stands_twice_is_refused_or_left_out(tmp_path: Path) -> None:
    rows = ('{"text": "一"}', '{"text": "二", "text": "三"}', '{"text": "四", "x": {"a": 1}}')
    path = write(str(tmp_path), "\n".join(rows).encode(), "x.jsonl")
    with pytest.raises(DataError, match=r"x.jsonl, line 2: .*'text' stands 2 times"):
        lines_of(corpus_of(path))
    account = Account()
    assert lines_of(corpus_of(path, on_error="skip"), account) == [["一"], ["四"]]
    assert sum(account.dropped.values()) == 1


@pytest.mark.parametrize("name", ["x.jsonl", "x.parquet"])
def test_long_lines_of_other_formats_are_cut_as_those_of_text(tmp_path: Path, name: str) -> None:
    line, path = "很长的一行，有逗号。" * 120_000, tmp_path / name
    if name == "x.jsonl":
        path.write_text("".join(json.dumps({"text": text}) + "\n" for text in ("短", line)), "utf-8")
    else:
        pq.write_table(pa.table({"text": ["短", line]}), path)
    account, as_text = Account(), Account()
    found = [part for document in lines_of(corpus_of(path), account) for part in document]
    plain = lines_of(corpus_of(write(str(tmp_path), text_of([["短"], [line]]))), as_text)
    assert found == [part for document in plain for part in document]
    assert account.changed["lines.cut"] == as_text.changed["lines.cut"] == len(found) - 2 > 1


@pytest.mark.parametrize("compression", COMPRESS)
def test_blocks_may_be_read_in_any_order_and_side_by_side(tmp_path: Path, compression: str) -> None:
    documents = [[f"第{i}篇。", "内容" * (i % 7)] for i in range(1, 400)]
    documents = [[line for line in d if line] for d in documents]
    path = write(str(tmp_path), COMPRESS[compression](text_of(documents)), f"x.txt{compression}")
    corpus = corpus_of(path, block_size=200)
    assert len(corpus.blocks) > 10

    def block(number: int) -> list[list[str]]:
        return lines_of(Corpus(corpus.inputs, corpus.facts, corpus.tables, [corpus.blocks[number]], corpus.read))

    numbers = range(len(corpus.blocks))
    assert list(chain(*(block(i) for i in numbers))) == documents
    assert [block(i) for i in reversed(numbers)] == [block(i) for i in numbers][::-1]
    together = [read_block(corpus, corpus.blocks[i], Account()) for i in (3, 1, 2)]
    sides = zip(*zip(*together, strict=True), strict=True)
    read = [[row for batch in side for row in batch.column("sentences").to_pylist()] for side in sides]
    assert read == [block(3), block(1), block(2)]


def test_a_copy_of_the_process_does_not_share_the_place_in_a_file(tmp_path: Path) -> None:
    corpus = corpus_of(write(str(tmp_path), b"a\n\nb\n"))
    assert lines_of(corpus) == [["a"], ["b"]]
    assert len(opened._KEPT) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python 3.12 warns of threads
        child = os.fork()
    if child == 0:
        os._exit(len(opened._KEPT))
    assert os.waitpid(child, 0)[1] == 0
    assert lines_of(corpus) == [["a"], ["b"]]


def test_a_file_that_changed_since_it_was_planned_is_refused(tmp_path: Path) -> None:
    documents = [["一二三四五六七"], ["八九十"], ["甲乙丙丁"]]
    path = write(str(tmp_path), text_of(documents))
    corpus = corpus_of(path)
    assert lines_of(corpus) == documents
    path.write_bytes(text_of(documents[::-1]))
    with pytest.raises(DataError, match=r"x.txt: has changed since it was planned"):
        lines_of(corpus)
    path.write_bytes(b"")
    with pytest.raises(DataError, match=r"x.txt: has changed since it was planned"):
        lines_of(corpus)


@pytest.mark.parametrize("compression", COMPRESS)
def test_a_file_that_is_replaced_and_planned_anew_is_read_anew(tmp_path: Path, compression: str) -> None:
    path = write(str(tmp_path), COMPRESS[compression](text_of([["一"], ["二"]])), f"x.txt{compression}")
    corpus = corpus_of(path, block_size=1)
    assert lines_of(corpus) == [["一"], ["二"]]
    other = write(str(tmp_path), COMPRESS[compression](text_of([["三"], ["四"]])), "other")
    other.replace(path)
    assert lines_of(corpus_of(path, block_size=1)) == [["三"], ["四"]]


def test_a_line_of_spaces_of_any_kind_ends_a_document(tmp_path: Path) -> None:
    data = "一\n\u3000\n二\n \t\u3000\r\n三\n\u3000\u3000四\n、\n「五\n".encode()
    expected = [["一"], ["二"], ["三", "\u3000\u3000四", "、", "「五"]]
    assert lines_of(corpus_of(write(str(tmp_path), data))) == plain_documents(data) == expected


def test_a_table_that_changed_since_it_was_planned_is_refused(tmp_path: Path) -> None:
    from plain_reader import write_parquet

    write_parquet(tmp_path / "x.parquet", [["一"], ["二"]])
    corpus = corpus_of(tmp_path / "x.parquet")
    write_parquet(tmp_path / "x.parquet", [["一"], ["三"]])
    with pytest.raises(DataError, match=r"x.parquet: has changed since it was planned"):
        lines_of(corpus)


def test_batches_are_of_a_size(tmp_path: Path) -> None:
    documents = [["句子" * 50] * 20 for _ in range(1000)]
    corpus = corpus_of(write(str(tmp_path), text_of(documents)), block_size=64 << 20)
    sizes = [batch.nbytes for batch in read_block(corpus, corpus.blocks[0], Account())]
    assert len(sizes) > 3
    assert max(sizes) < 3 << 20


def test_real_corpora_as_the_plain_reader(shared_data: Path) -> None:
    for path in sorted((shared_data / "corpus").glob("*.txt")):
        assert lines_of(corpus_of(path)) == plain_documents(path.read_bytes())


@given(TEXTS, st.integers(1, 12))
def test_weights_do_not_depend_on_slices(text: str, size: int) -> None:
    data = text.encode()
    array = np.frombuffer(data, np.uint8)
    stops = np.append(np.flatnonzero(array == 10), len(array))
    starts = np.append(0, stops[:-1] + 1)
    whole = weights.weigh(data, starts, stops - starts)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(weights, "_SLICE", size)
        assert weights.weigh(data, starts, stops - starts).tolist() == whole.tolist()
