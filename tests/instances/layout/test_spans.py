"""Spans from a file: found by document, held to the words, told where they are wrong."""

from __future__ import annotations

import json
import random

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_words import words_batch

from zhprep.core.errors import DataError
from zhprep.core.report import Account
from zhprep.instances import InstanceBuilder, InstancesConfig, Materials, build_instances
from zhprep.instances.layout import SpanFile
from zhprep.instances.layout.align import CharacterWords
from zhprep.instances.layout.entities import inner_words

DOCUMENTS = [[["我", "在", "北京", "大学", "读书"], ["中华", "人民", "共和国"]], [["他", "走"]]]


def written(tmp_path, rows):
    path = tmp_path / "spans.jsonl"
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return str(path)


def joined(path, documents=DOCUMENTS, account=None):
    """The words that were joined to those before them."""
    batch = words_batch(documents)
    words = CharacterWords.of(batch["ends"].flatten())
    runs = SpanFile(path).runs(batch, words, account if account is not None else Account())
    flat = [word for sentences in documents for sentence in sentences for word in sentence]
    return [flat[number] for number in inner_words(runs).tolist()]


def test_spans_of_any_order_and_form(tmp_path):
    rows = [
        {"spans": [], "doc": "1", "by": "nobody"},
        {"doc": "else", "spans": [[[0, 1]]]},
        {"doc": "0", "spans": [[[2, 6, "ORG", 0.9]], [[2, 7]]]},
    ]
    assert joined(written(tmp_path, rows)) == ["大学", "共和国"]


def test_spans_that_cut_a_word_or_overlap_are_counted(tmp_path):
    account = Account()
    spans = [[2, 5, "half a word"], [3, 6], [0, 2], [1, 4], [2, 6], [2, 6], [4, 6], [4, 6]]
    rows = [{"doc": "0", "spans": [spans, []]}, {"doc": "1", "spans": [[]]}]
    assert joined(written(tmp_path, rows), account=account) == ["在", "大学"]
    assert account.dropped == {"spans.cut_a_word": 2, "spans.overlapping": 4}
    assert account.counts["entity_spans"] == 8


WRONG = {
    "fewer sentences": ([[[0, 1]]], "1 lists of spans for the 2 sentences of '0'"),
    "beyond the sentence": ([[[2, 9]], []], "is no span in a sentence of 8 characters"),
    "before it": ([[[-1, 2]], []], "[-1, 2] is no span"),
    "empty": ([[[2, 2]], []], "[2, 2] is no span"),
    "flat": ([[2, 6, "ORG"], []], "2 is no span"),
    "not numbers": ([[["2", "6"]], []], "is no span"),
    "a truth": ([[[False, True]], []], "is no span"),
    "no list": ("none", "has no list 'spans'"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_line_that_does_not_fit_is_told_with_its_number(tmp_path, name):
    spans, message = WRONG[name]
    path = written(tmp_path, [{"doc": "1", "spans": []}, {"doc": "0", "spans": spans}])
    with pytest.raises(DataError) as error:
        joined(path)
    assert str(error.value).startswith("spans.jsonl, line 2: ")
    assert message in str(error.value)


def test_every_document_has_one_line(tmp_path):
    with pytest.raises(DataError, match="has no line for the document '0'") as error:
        joined(written(tmp_path, [{"doc": "1", "spans": []}]))
    assert '"spans": []' in error.value.hint
    with pytest.raises(DataError, match="line 3: its document has a line before"):
        SpanFile(written(tmp_path, [{"doc": "1", "spans": []}, {"doc": "0", "spans": []}, {"doc": "1", "spans": []}]))


@pytest.mark.parametrize(
    "content", [None, b"\xff\n", b"[]\n", b'{"doc"\n', b'{"spans": []}\n', b'{"doc": 5, "spans": []}\n']
)
def test_a_bad_file_is_refused(tmp_path, content):
    path = tmp_path / "spans.jsonl"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match="spans"):
        SpanFile(str(path))
    (tmp_path / "empty.jsonl").write_bytes(b"\n")
    assert len(SpanFile(str(tmp_path / "empty.jsonl"))) == 0


sentences = st.lists(st.text("甲乙丙", min_size=1, max_size=3), min_size=1, max_size=6)


@given(st.lists(st.lists(sentences, min_size=1, max_size=3), min_size=1, max_size=3), st.randoms(use_true_random=False))
def test_as_plain_loops_join_them(tmp_path_factory, documents, random_):
    rows, expected = [], []
    for number, document in enumerate(documents):
        spans = []
        for words in document:
            length = len("".join(words))
            tried = [sorted(random_.sample(range(length + 1), 2)) for _ in range(random_.randint(0, 3))]
            spans.append(tried)
            ends = [len("".join(words[:n])) for n in range(len(words) + 1)]
            fitting = sorted((start, -stop) for start, stop in tried if start in ends and stop in ends)
            free = 0
            for start, stop in fitting:
                if start >= free:
                    free = -stop
                    expected += words[ends.index(start) + 1 : ends.index(free)]
        rows.append({"doc": str(number), "spans": spans})
    random_.shuffle(rows)
    assert joined(written(tmp_path_factory.mktemp("spans"), rows), documents) == expected


def test_only_an_index_is_held(tmp_path):
    rows = [{"doc": f"文档:{n}", "spans": [[[0, 1, "x" * 400]]]} for n in range(2000)]
    random.Random(0).shuffle(rows)
    spans = SpanFile(written(tmp_path, rows))
    held = [value for value in vars(spans._lines).values() if isinstance(value, np.ndarray)]
    assert sum(value.nbytes for value in held) == 16 * 2000


def test_spans_are_masked_whole_with_a_lexicon_beside_them(vocabulary, encoder, tmp_path):
    """Of a span and an entity that overlap, the longest from the left counts."""
    documents = [[["的", "我", "不", "人", "在"] * 4] * 3] * 20
    lexicon = tmp_path / "names.txt"
    lexicon.write_text("人在\n", "utf-8")
    spans = [[[1, 3], [6, 8, "X"]]] * 3
    path = written(tmp_path, [{"doc": str(number), "spans": spans} for number in range(20)])
    config = InstancesConfig(
        format="doc-sentences", mask="entity", spans=path, entities=(str(lexicon),), static=True, max_length=64
    )
    account = Account()
    builder = InstanceBuilder(Materials.of(config, vocabulary, encoder), account=account)
    rows = pa.Table.from_batches(build_instances([words_batch(documents)], builder)).to_pylist()
    assert account.changed["words.joined_to_entities"] == (2 + 4) * 3 * 20
    assert account.counts["entity_spans"] == 2 * 3 * 20
    first = rows[0]["word_ids"]
    assert first[1:11] == [0, 1, 1, 2, 2, 3, 4, 4, 5, 5]
