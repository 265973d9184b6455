"""``encode`` beside ``tokenizers``: ids and places of the same lines, with the same vocabulary.

The peer's figure is of ``encode_batch`` alone, without taking the ids out of its objects. Cold figures begin with a new
encoder, which has seen nothing.
"""

from __future__ import annotations

import pyarrow as pa
import pytest
from racing import Race
from tokenizers import BertWordPieceTokenizer, Tokenizer

from zhprep import vocab
from zhprep.core.report import Account
from zhprep.segment import SegmentConfig, build
from zhprep.vocab import Encoder, VocabConfig, Vocabulary

LEAST = {"wordpiece": 50, "bbpe": 5, "mixed": 5}


@pytest.fixture(scope="module")
def words(batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    return build(SegmentConfig())(pa.concat_batches(batches), Account())


@pytest.fixture(scope="module", params=list(LEAST))
def vocabulary(request: pytest.FixtureRequest, words: pa.RecordBatch) -> Vocabulary:
    config = VocabConfig(type=request.param)
    return vocab.train(vocab.count(words, config), config)


def library(vocabulary: Vocabulary) -> Tokenizer | BertWordPieceTokenizer:
    if vocabulary.kind == "wordpiece":
        return BertWordPieceTokenizer(vocabulary.ids, lowercase=True, strip_accents=False)
    return Tokenizer.from_str(vocabulary.tokenizer_json)


def test_encode(race: Race, lines: list[str], words: pa.RecordBatch, vocabulary: Vocabulary) -> None:
    sentences = words["sentences"].flatten()
    encoder, peer = Encoder(vocabulary), library(vocabulary)
    ends = words["ends"].flatten() if encoder.takes_words else None
    texts = lines if ends is None else spaced(lines, ends)
    name = "BertWordPieceTokenizer" if vocabulary.kind == "wordpiece" else "Tokenizer"
    amount = sum(map(len, lines)) / 1e6
    ratio = race(
        f"encode, {vocabulary.kind}", lambda: encoder.encode(sentences, ends),
        f"{name}.encode_batch", lambda: peer.encode_batch(texts, add_special_tokens=False), amount,
    )  # fmt: skip
    assert ratio > LEAST[vocabulary.kind] * 0.7  # room for a busy machine; the table says what it is
    race(
        f"encode, {vocabulary.kind}, cold", lambda: Encoder(vocabulary).encode(sentences, ends),
        f"{name}.encode_batch", lambda: peer.encode_batch(texts, add_special_tokens=False), amount, n_runs=1,
    )  # fmt: skip


def spaced(lines: list[str], ends: pa.Array) -> list[str]:
    return [
        " ".join(line[start:end] for start, end in zip([0, *places], places, strict=False))
        for line, places in zip(lines, ends.to_pylist(), strict=True)
    ]
