"""The numbers that are given of a vocabulary."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from made_text import LINES, text_batch

from zhprep import vocab
from zhprep.core import schema
from zhprep.vocab import Counts, VocabConfig
from zhprep.vocab.inspect import coverage, dead_entries, describe, gb2312


def test_gb2312_has_6763_characters() -> None:
    characters = gb2312()
    assert len(characters) == len(set(characters)) == 6763
    assert (characters[0], characters[-1]) == ("啊", "齄")


def test_coverage_counts_characters() -> None:
    found = coverage(vocab.train(Counts.from_dict({"的": 1, "啊": 1, "㐀": 1, "𠀀": 1}), VocabConfig()))
    assert found["gb2312"] == {"has": 6763, "known": 2, "one_token": 2}
    assert found["unified_20902"] == {"has": 20902, "known": 2, "one_token": 2}
    assert found["extension_a"] == {"has": 6582, "known": 1, "one_token": 1}
    assert found["extension_b"] == {"has": 42711, "known": 1, "one_token": 1}


def test_byte_level_knows_all_characters_in_parts() -> None:
    config = VocabConfig(type="bbpe", size=263)
    found = describe(vocab.train(Counts.from_dict({"中": 5, "a": 1}), config))
    assert found["coverage"]["gb2312"] == {"has": 6763, "known": 6763, "one_token": 1}
    assert found["byte_fragments"] == 128 + 1


def test_dead_entries_of_a_vocabulary_like_googles(google: Path) -> None:
    facts = describe(vocab.load(google))
    assert facts["continued_chinese"] == 1
    assert set(dead_entries(vocab.load(google))) == {"\u2028", "##\u2028", "##的", "<S>", "<T>"}
    assert facts["unused"] == 9
    assert facts["lengths"]["3"] == 3


def test_figures_of_a_corpus() -> None:
    vocabulary = vocab.train(Counts.from_dict({"的": 1, "是": 1}), VocabConfig(punctuation=False))
    batch = pa.record_batch(
        [pa.array(["a", "b", "c"]), pa.array([["的是龘", "的"], ["的"], ["龘龖", "龘"]])], schema=schema.TEXT
    )
    corpus = describe(vocabulary, [batch, batch])["corpus"]
    assert (corpus["characters"], corpus["tokens"], corpus["unknown_tokens"]) == (16, 16, 8)
    assert corpus["missing"] == {"龘": 6, "龖": 2}
    assert corpus["worst_documents"] == {"c": 3, "a": 1}
    assert (corpus["documents"], corpus["documents_with_unknown"]) == (6, 4)
    assert (corpus["unknown_character_share"], corpus["fertility"]) == (0.5, 1.0)
    assert corpus["rare"]["1"] == {"entries": 0.0, "text": 0.0}
    assert corpus["rare"]["2"] == {"entries": pytest.approx(1 / 3), "text": 2 / 16}


def test_shares_are_shares() -> None:
    config = VocabConfig(size=300)
    corpus = describe(vocab.train(vocab.count(text_batch(LINES), config), config), [text_batch(LINES)])["corpus"]
    shares = [corpus["rare"][k]["text"] for k in ("1", "2", "4", "9")]
    assert shares == sorted(shares)
    assert 0 < shares[0] < shares[-1] <= 1
