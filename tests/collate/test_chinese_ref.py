"""Reference files of transformers' run_chinese_ref.py: read into words, and masked by the collator."""

from __future__ import annotations

import json

import datasets
import numpy as np
import pytest

from zhprep.collate import MaskingCollator, add_words, read_references
from zhprep.core.errors import DataError
from zhprep.vocab import load


@pytest.fixture(scope="module")
def rows(data):
    """Rows of our own instances, with the words that we know."""
    return datasets.load_from_disk(str(data)).select_columns(["input_ids", "word_ids"])


@pytest.fixture(scope="module")
def references(tmp_path_factory, rows, vocab):
    """The file that run_chinese_ref.py writes: positions of single Chinese characters that continue a word."""
    tokens = load(vocab).tokens
    path = tmp_path_factory.mktemp("ref") / "ref.txt"
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            words = row["word_ids"]
            inner = [
                place
                for place in range(1, len(words))
                if words[place] == words[place - 1] >= 0 and not tokens[row["input_ids"][place]].startswith("##")
            ]
            file.write(json.dumps(inner) + "\n")
    return path


def test_the_words_are_those_that_were_meant(rows, references, vocab):
    found = add_words(rows.remove_columns("word_ids"), references, vocab)
    assert found.column_names == ["input_ids", "word_ids", "instance_id"]
    assert sum(len(words) > 0 and max(words) > 5 for words in found["word_ids"]) > 100
    assert list(found["word_ids"]) == list(rows["word_ids"])
    assert list(found["instance_id"]) == list(range(len(rows)))


def test_the_collator_masks_whole_words_of_them(rows, references, vocab):
    found = list(add_words(rows.remove_columns("word_ids"), references, vocab))[:64]
    batch = MaskingCollator(vocab, mask="wwm", mask_prob=0.3)(found)
    chosen = (batch["labels"] != -100).numpy()
    several = 0
    for row, mask in zip(found, chosen, strict=True):
        words = np.array(row["word_ids"])
        masked = set(words[mask[: len(words)]].tolist())
        assert -1 not in masked
        assert all(mask[: len(words)][words == word].all() for word in masked)
        several += sum((words == word).sum() > 1 for word in masked)
    assert several > 50


def test_pieces_and_cut_rows(vocab, tmp_path):
    vocabulary = load(vocab)
    characters = [vocabulary.ids[token] for token in ("我", "们", "来", "了")]
    piece = next(i for i, token in enumerate(vocabulary.tokens) if token.startswith("##"))
    cls, sep = vocabulary.cls, vocabulary.sep
    (tmp_path / "ref.txt").write_text("[2, 4, 9, 400]\n\n[1]\n", encoding="utf-8")
    ids = [[cls, *characters, piece, sep], [cls, characters[0], sep]]
    found = add_words(datasets.Dataset.from_dict({"input_ids": ids}), tmp_path / "ref.txt", vocab)
    assert list(found["word_ids"]) == [[-1, 0, 0, 1, 1, 1, -1], [-1, 0, -1]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1]\n{}\n", r"ref.txt:2: is not a list of positions: \{\}"),
        ("[1, -2]\n", "ref.txt:1: is not a list"),
        ("[true]\n", "ref.txt:1: is not a list"),
        ("[1\n", "ref.txt:1: is not a list"),
        ("[1]\n", "has 1 lines; the data have 2 rows"),
    ],
)
def test_a_file_that_is_not_one(text, message, vocab, tmp_path):
    (tmp_path / "ref.txt").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        add_words(datasets.Dataset.from_dict({"input_ids": [[1], [2]]}), tmp_path / "ref.txt", vocab)
    with pytest.raises(DataError, match="cannot read references"):
        read_references(tmp_path / "rfe.txt")
