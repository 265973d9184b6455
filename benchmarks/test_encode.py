"""``encode`` beside ``tokenizers``: ids and places of the same lines, with the same vocabulary.

Seconds of processor, medians of ``N_TURNS`` by turns. The peer's figure is of ``encode_batch`` alone, without taking
the ids out of its objects. Cold: both are new, ours with the time it takes to make it, the library's without. The lines
are up to a million characters of six corpora, none twice; the vocabularies are learnt from the same.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import pyarrow as pa
import pytest
from racing import Race
from tokenizers import BertWordPieceTokenizer, Tokenizer

from zhprep import vocab
from zhprep.core.report import Account
from zhprep.segment import SegmentConfig, build
from zhprep.vocab import Encoder, VocabConfig, Vocabulary

N_TURNS = 5
LEAST = {"wordpiece": 50, "bbpe": 8, "mixed": 12}
LEAST_COLD = {"wordpiece": 10, "bbpe": 5, "mixed": 5}
ROOM = 0.7  # for a busy machine; the table says what it is


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


def seconds(function: Callable[[], object]) -> float:
    began = time.process_time()
    function()
    return time.process_time() - began


def turn(vocabulary: Vocabulary, sentences: pa.Array, ends: pa.Array | None, texts: list[str]) -> tuple[float, ...]:
    """Return the seconds of ours and the peer's, new each, and of both on the same text again."""
    began = time.process_time()
    encoder = Encoder(vocabulary)
    encoder.encode(sentences, ends)
    cold = time.process_time() - began
    peer = library(vocabulary)
    return (
        cold,
        seconds(lambda: peer.encode_batch(texts, add_special_tokens=False)),
        seconds(lambda: encoder.encode(sentences, ends)),
        seconds(lambda: peer.encode_batch(texts, add_special_tokens=False)),
    )


def test_encode(race: Race, lines: list[str], words: pa.RecordBatch, vocabulary: Vocabulary) -> None:
    kind, sentences = vocabulary.kind, words["sentences"].flatten()
    ends = words["ends"].flatten() if Encoder(vocabulary).takes_words else None
    texts = lines if ends is None else spaced(lines, ends)
    took = zip(*(turn(vocabulary, sentences, ends, texts) for _ in range(N_TURNS)), strict=True)
    amount = sum(map(len, lines)) / 1e6
    ours, theirs, ours_again, theirs_again = (amount / statistics.median(each) for each in took)
    name = f"{'BertWordPieceTokenizer' if kind == 'wordpiece' else 'Tokenizer'}.encode_batch"
    cold = race.add(f"encode, {kind}, cold", name, ours, theirs, "M ch/s")
    again = race.add(f"encode, {kind}, the same text again", name, ours_again, theirs_again, "M ch/s")
    assert cold > LEAST_COLD[kind] * ROOM
    assert again > LEAST[kind] * ROOM


def spaced(lines: list[str], ends: pa.Array) -> list[str]:
    return [
        " ".join(line[start:end] for start, end in zip([0, *places], places, strict=False))
        for line, places in zip(lines, ends.to_pylist(), strict=True)
    ]
