"""Vocabularies beside the libraries: tokenizers on every line of real text, sentencepiece, transformers 4 and 5."""

from __future__ import annotations

import io
import json
import os
import subprocess
from collections import Counter as Tally
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from made_symbols import from_strings
from made_text import LINES, text_batch
from same_ids import as_text, library_of
from tokenizers import Tokenizer

from zhprep import vocab
from zhprep.segment import SegmentConfig, cut, load_engine
from zhprep.vocab import Encoder, VocabConfig, Vocabulary
from zhprep.vocab.cuts import KnownWordCuts
from zhprep.vocab.inspect import describe
from zhprep.vocab.merges import learn

pytestmark = pytest.mark.reference

AT_ONCE = 20_000
ASK_VERSION_4 = """
import json, sys
from transformers import AutoTokenizer
folder, lines = json.load(sys.stdin)
tokenizer = AutoTokenizer.from_pretrained(folder, split_special_tokens=True)
print(json.dumps([tokenizer.model_max_length, len(tokenizer), [tokenizer(line)["input_ids"] for line in lines]]))
"""


def lines_of(folder: Path, pattern: str) -> list[str]:
    files = sorted((folder / "corpus").glob(pattern))
    return [line for file in files for line in file.read_bytes().decode().split("\n")]


@pytest.fixture(scope="module")
def prose(shared_data: Path) -> list[str]:
    return lines_of(shared_data, "prose_*.txt")


@pytest.fixture(scope="module")
def wordpiece(prose: list[str]) -> Vocabulary:
    config = VocabConfig()
    return vocab.train(vocab.count(text_batch(prose), config), config)


@pytest.fixture(scope="module")
def words(prose: list[str]) -> Tally[str]:
    sentences = pa.array(prose[::8])
    cuts = cut(load_engine(SegmentConfig(cws="jieba")), sentences)
    found: Tally[str] = Tally()
    for number, sentence in enumerate(prose[::8]):
        ends = cuts.ends[cuts.offsets[number] : cuts.offsets[number + 1]].tolist()
        found.update(sentence[start:end] for start, end in zip([0, *ends], ends, strict=False))
    return Tally({word: n for word, n in found.items() if word.strip() == word and "▁" not in word})


def differing(vocabulary: Vocabulary, lines: list[str]) -> list[str]:
    """Return the lines whose ids or places are not the library's."""
    encoder, library = Encoder(vocabulary), library_of(vocabulary)
    wrong = []
    for first in range(0, len(lines), AT_ONCE):
        part = lines[first : first + AT_ONCE]
        encoded = encoder.encode(part)
        borders = encoded.sentence_offsets.tolist()
        places = np.stack((encoded.starts, encoded.stops), 1)
        for number, expected in enumerate(library.encode_batch(part, add_special_tokens=False)):
            mine = slice(borders[number], borders[number + 1])
            same_places = np.array_equal(places[mine], np.array(expected.offsets, np.int64).reshape(-1, 2))
            if encoded.ids[mine].tolist() != expected.ids or not same_places:
                wrong.append(part[number])
    return wrong


def test_some_lines_of_every_corpus(wordpiece: Vocabulary, shared_data: Path) -> None:
    assert differing(wordpiece, lines_of(shared_data, "*.txt")[::7]) == []


@pytest.mark.nightly
def test_every_line_of_every_corpus(wordpiece: Vocabulary, shared_data: Path) -> None:
    assert differing(wordpiece, lines_of(shared_data, "*.txt")) == []


@pytest.mark.parametrize("every", [25, pytest.param(1, marks=pytest.mark.nightly)])
def test_byte_level_learnt_by_word(words: Tally[str], shared_data: Path, every: int) -> None:
    config = VocabConfig(type="bbpe", size=8_000)
    vocabulary = vocab.train(vocab.Counts.from_dict(dict(words), by_word=True), config)
    assert differing(vocabulary, lines_of(shared_data, "*.txt")[::every]) == []


@pytest.mark.parametrize("every", [25, pytest.param(1, marks=pytest.mark.nightly)])
def test_byte_level_learnt_from_text(prose: list[str], shared_data: Path, every: int) -> None:
    config = VocabConfig(type="bbpe", size=8_000)
    vocabulary = vocab.train(vocab.count(text_batch(prose[::10]), config), config)
    assert differing(vocabulary, lines_of(shared_data, "*.txt")[::every]) == []


@pytest.mark.parametrize("every", [101, pytest.param(1, marks=pytest.mark.nightly)])
def test_words_one_by_one(words: Tally[str], shared_data: Path, every: int) -> None:
    counts = vocab.Counts.from_dict({word.lower(): n for word, n in words.items()}, by_word=True)
    vocabulary = vocab.train(counts, VocabConfig(type="mixed"))
    encoder, library = Encoder(vocabulary), library_of(vocabulary)
    assert isinstance(encoder._by_word, KnownWordCuts)
    lines = lines_of(shared_data, "*.txt")[::every]
    for first in range(0, len(lines), AT_ONCE):
        part = lines[first : first + AT_ONCE]
        cuts = cut(load_engine(SegmentConfig(cws="jieba")), pa.array(part))
        ends = pa.ListArray.from_arrays(cuts.offsets.astype(np.int32), cuts.ends.astype(np.int32))
        encoded = encoder.encode(part, ends)
        found = [
            [line[begin:end] for begin, end in zip([0, *places], places, strict=False)]
            for line, places in zip(part, ends.to_pylist(), strict=True)
        ]
        expected = library.encode_batch(found, is_pretokenized=True, add_special_tokens=False)
        assert encoded.ids.tolist() == [number for one in expected for number in as_text(one.ids, vocabulary)]
        sizes = (encoded.stops - encoded.starts).tolist()
        assert sizes == [end - begin for one in expected for begin, end in one.offsets]


def test_few_characters_are_unknown_and_the_quotes_are_there(wordpiece: Vocabulary, prose: list[str]) -> None:
    facts = describe(wordpiece, [text_batch(prose)])
    assert wordpiece.size == 21_128
    assert set("“”‘’…—") <= set(wordpiece.tokens)
    assert facts["corpus"]["unknown_character_share"] < 0.0005
    assert (facts["dead"], facts["continued_chinese"]) == (0, 0)


def test_merges_are_sentencepieces(words: Tally[str]) -> None:
    sentencepiece = pytest.importorskip("sentencepiece")
    n_merges = 5_000
    table = {word: n for word, n in words.items() if "\t" not in word}
    characters = {character for word in table for character in word}
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([f"{word}\t{n}" for word, n in table.items()]),
        input_format="tsv",
        model_writer=model,
        model_type="bpe",
        vocab_size=n_merges + len(characters) + 1,
        character_coverage=1.0,
        normalization_rule_name="identity",
        add_dummy_prefix=False,
        remove_extra_whitespaces=False,
        split_by_unicode_script=False,
        split_by_number=False,
        split_by_whitespace=False,
        max_sentencepiece_length=512,
        num_threads=1,
        bos_id=-1,
        eos_id=-1,
        minloglevel=2,
    )
    trained = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    pieces = [trained.id_to_piece(number) for number in range(1, trained.get_piece_size())]
    theirs = [piece for piece in pieces if len(piece) > 1]
    ours = [merge.name for merge in learn(from_strings(table, list), n_merges)]
    assert len(set(ours) & set(theirs)) >= 0.99 * n_merges
    assert sum(a == b for a, b in zip(ours, theirs, strict=True)) >= 0.99 * n_merges  # and in the same order


@pytest.mark.parametrize("kind", ["wordpiece", "char", "bbpe"])
def test_transformers_4_agrees(kind: str, tmp_path: Path) -> None:
    python = os.environ.get("ZHPREP_TRANSFORMERS4")
    if not python:
        pytest.skip("ZHPREP_TRANSFORMERS4 does not name a Python that has transformers 4")
    config = VocabConfig(type=kind, size=420, min_frequency=1)
    vocabulary = vocab.train(vocab.count(text_batch(LINES), config), config)
    vocab.write(vocabulary, tmp_path)
    library = Tokenizer.from_str(vocabulary.tokenizer_json)
    asked = json.dumps([str(tmp_path), LINES])
    answer = subprocess.run([python, "-c", ASK_VERSION_4], input=asked, capture_output=True, text=True, check=True)
    length, size, ids = json.loads(answer.stdout)
    assert (length, size) == (512, vocabulary.size)
    assert ids == [library.encode(line).ids for line in LINES]
