"""Text made to break things: degenerate lines, empty and missing values. No crash, no hang, nothing uncounted."""

from __future__ import annotations

import time

import pyarrow as pa
import pytest

from zhprep.core import schema
from zhprep.core.errors import DataError, UsageError
from zhprep.core.report import Account
from zhprep.normalize import NormalizeConfig, build

N = 200_000
NESTED = "".join(f"&am&#{ord('p')};" for _ in range(3))
LINES = {
    "one character": "汉" * N,
    "stops": "。" * N,
    "sentences": "好。" * N,
    "dots": "." * N,
    "dots and spaces": ". " * N,
    "letters and dots": "a." * N,
    "spaces": " " * N + "a" + " " * N,
    "straight quotes": '"' * N,
    "straight quotes and stops": '"。' * N,
    "stops and straight quotes": '好。"' * N,
    "curly quotes": "”" * N,
    "quotations": "“好！”他说" * (N // 6),
    "openers": "《" * N + "？》",
    "brackets": "（？）" * N,
    "references": "。[" * N,
    "ampersands": "&" * N + ";" * N,
    "nested entities": "&amp;" * N + "lt;",
    "deeply nested entities": "&" + "amp;" * N + "lt;",
    "entities in entities": "&am" * N + "&#112;" + ";" * N,
    "entities of semicolons": "&amp" + "&semi;" * N,
    "entities of full-width letters": "&am&#xFF50;;" * (N // 10),
    "variation selectors": "漢" + "\ufe00" * N,
    "combining marks": "a" + "\u0301" * N,
    "joiners": "👨" + "\u200d👩" * N,
    "tags": "🏴" + "\U000e0067" * N,
    "flags": "\U0001f1e8" * N,
    "byte order marks": "\ufeff" * N,
    "jamo": "\u1112\u1161\u11ab" * N,
    "commas": "，" * N,
    "digits": "1" * N,
    "line feeds": "\n" * N,
    "addresses": "http://a" + "/路?b" * N,
    "speech": "“走。”" + "他" * N,
}


def batch(sentences: list[str | None] | None) -> pa.RecordBatch:
    column = pa.array([sentences], pa.list_(pa.string()))
    return pa.RecordBatch.from_arrays([pa.array(["d"]), column], schema=schema.TEXT)


@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
def test_a_degenerate_line_costs_no_more_than_its_length(line):
    config = NormalizeConfig()
    account = Account()
    started = time.process_time()
    result = build(config)(batch([line]), account)
    seconds = time.process_time() - started
    sentences = [sentence for row in result["sentences"].to_pylist() for sentence in row]
    lost = sum(n for reason, n in account.dropped.items() if reason.startswith("characters."))
    gained = sum(n for reason, n in account.inserted.items() if reason.startswith("characters."))
    assert len(line) + gained - lost == sum(map(len, sentences))
    assert max(map(len, sentences), default=0) <= config.max_sentence_length
    assert build(config)(result, Account())["sentences"].to_pylist() == result["sentences"].to_pylist()
    assert seconds < 0.2 + len(line) * 10e-6, "a hang"


@pytest.mark.parametrize("sentences", [None, [], [None], ["", None, ""], [" "]])
def test_nothing_gives_nothing_and_is_counted(sentences):
    account = Account()
    result = build(NormalizeConfig())(batch(sentences), account)
    assert result.num_rows == 0
    assert result.schema == schema.TEXT
    assert account.dropped["documents.empty"] == 1
    assert account.dropped["sentences.empty"] == len(sentences or [])


def test_a_missing_sentence_among_others_is_empty():
    account = Account()
    result = build(NormalizeConfig())(batch(["一。", None, "二。"]), account)
    assert result["sentences"].to_pylist() == [["一。", "二。"]]
    assert account.dropped["sentences.empty"] == 1


def test_a_batch_that_is_a_slice_gives_its_own_rows_only():
    documents = [["一。二。"], ["三。"], [], ["四。五。"]]
    whole = pa.RecordBatch.from_arrays(
        [pa.array(list("abcd")), pa.array(documents, pa.list_(pa.string()))], schema=schema.TEXT
    )
    result = build(NormalizeConfig())(whole.slice(1, 3), Account())
    assert result.to_pydict() == {"doc": ["b", "d"], "sentences": [["三。"], ["四。", "五。"]]}


def test_bytes_that_are_no_utf8_are_a_data_error():
    values = pa.StringArray.from_buffers(1, pa.py_buffer(b"\0\0\0\0\2\0\0\0"), pa.py_buffer(b"\xff\xfe"))
    column = pa.ListArray.from_arrays(pa.array([0, 1], pa.int32()), values)
    broken = pa.RecordBatch.from_arrays([pa.array(["d"]), column], schema=schema.TEXT)
    with pytest.raises(DataError, match="UTF-8"):
        build(NormalizeConfig())(broken, Account())


def test_an_unknown_step_names_the_nearest():
    with pytest.raises(UsageError, match="zero-widht") as error:
        build(NormalizeConfig(steps=("zero-widht",)))
    assert "did you mean 'zero-width'?" in error.value.hint
