"""Parallel text: rows of a ``.tsv`` by the names of its columns."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhprep.core.corpus import Input, ReadConfig, find_inputs, read_block, read_input, scan
from zhprep.core.corpus.formats import BadRow, Columns
from zhprep.core.errors import DataError, UsageError
from zhprep.core.report import Account

ROWS = "en\tid\tzh\r\nI see. You?\t1\t我看见了。你呢？\r\n\nYes\t2\t是\n"


def documents(path, account=None, *, block_size=None, **read):
    """All documents, by way of blocks."""
    corpus = scan(find_inputs((str(path),)), ReadConfig(**{"columns": "zh,en"} | read), block_size=block_size)
    account = account if account is not None else Account()
    batches = [batch for block in corpus.blocks for batch in read_block(corpus, block, account)]
    return [(row["doc"], row["sentences"]) for batch in batches for row in batch.to_pylist()]


def written(tmp_path, text, name="pairs.tsv"):
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_a_row_is_a_document_and_its_columns_are_whole_sentences(tmp_path):
    path = written(tmp_path, "\ufeff" + ROWS)
    assert documents(path) == [
        ("pairs.tsv:1", ["我看见了。你呢？", "I see. You?"]),
        ("pairs.tsv:2", ["是", "Yes"]),
    ]
    assert [sentences[0] for _, sentences in documents(path, columns="en,zh")] == ["I see. You?", "Yes"]
    [batch] = read_input(*find_inputs((str(path),)), ReadConfig(columns="zh,en"), Account())
    assert batch.to_pylist()[1] == {"doc": "pairs.tsv:2", "sentences": ["是", "Yes"]}


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_any_cut_into_blocks_gives_the_same_documents(tmp_path, pack):
    lines = "zh\ten\n" + "".join(f"第{n}行\tline {n}\n" for n in range(500))
    path = written(tmp_path, pack(lines.encode()), "p.tsv" if pack is bytes else "p.tsv.gz")
    corpus = scan(find_inputs((str(path),)), ReadConfig(columns="zh,en"), block_size=700)
    assert len(corpus.blocks) > 5
    assert sum(piece.documents for block in corpus.blocks for piece in block.pieces) == 500
    found = documents(path, block_size=700)
    assert found == documents(path)
    assert found[-1] == (f"{path.name}:500", ["第499行", "line 499"])


BAD = {
    "one column": ("我", "documents.ragged_row", "line 3: has 1 columns, the first line 2"),
    "three columns": ("我\tI\tI", "documents.ragged_row", "line 3: has 3 columns, the first line 2"),
    "empty side": ("我\t ", "documents.empty_column", "line 3: the column 'en' is empty"),
    "empty first side": ("\u3000\tI", "documents.empty_column", "line 3: the column 'zh' is empty"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_row_is_told_with_its_line_or_counted(tmp_path, name):
    row, reason, message = BAD[name]
    path = written(tmp_path, f"zh\ten\n好\tgood\n{row}\n不\tno\n")
    with pytest.raises(DataError, match="pairs") as error:
        documents(path)
    assert message in str(error.value)
    account = Account()
    found = documents(path, account, on_error="skip")
    assert found == [("pairs.tsv:1", ["好", "good"]), ("pairs.tsv:3", ["不", "no"])]
    assert account.dropped == {reason: 1}
    assert account.counts["documents_in"] == 3


def test_a_row_that_is_not_text(tmp_path):
    path = written(tmp_path, b"zh\ten\n\xff\tbad\n\xe5\xa5\xbd\tgood\n")
    with pytest.raises(DataError, match="line 2"):
        documents(path)
    account = Account()
    assert documents(path, account, on_error="skip") == [("pairs.tsv:2", ["好", "good"])]
    assert account.dropped == {"documents.bad_encoding": 1}


def test_columns_that_are_not_there(tmp_path):
    path = written(tmp_path, "zh_CN\ten\n好\tgood\n")
    with pytest.raises(UsageError, match="no column 'zh'; its first line is zh_CN, en"):
        documents(path)
    with pytest.raises(UsageError, match="is a table of columns"):
        documents(path, columns="")
    with pytest.raises(UsageError, match="has no columns"):
        documents(written(tmp_path, "好\n", "plain.txt"))
    with pytest.raises(DataError, match="two columns are named 'en'"):
        documents(written(tmp_path, "zh\ten\ten\n好\tgood\tgood\n"))


def test_a_table_in_a_folder_is_only_read_by_its_name(tmp_path):
    written(tmp_path, "好\n", "plain.txt")
    path = written(tmp_path, ROWS)
    assert [source.name for source in find_inputs((str(tmp_path),))] == ["plain.txt"]
    assert [source.format for source in find_inputs((f"{tmp_path}/*.tsv",))] == ["tsv"]
    assert len(documents(path)) == 2


cells = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\t\n\r"), max_size=8)


@given(st.lists(cells, min_size=1, max_size=5), st.data())
def test_what_comes_out_is_what_stands_between_the_tabs(fields, data):
    names = tuple(f"c{n}" for n in range(len(fields)))
    wanted = tuple(data.draw(st.permutations(names))[: data.draw(st.integers(1, len(names)))])
    columns = Columns.of(Input("x", "x", "tsv"), "\t".join(names).encode(), wanted)
    expected = [fields[names.index(name)] for name in wanted]
    try:
        assert columns.texts("\t".join(fields).encode()) == expected
    except BadRow:
        assert any(not text.strip(" \v\f\u3000") for text in expected)
