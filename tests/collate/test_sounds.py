"""Masks and pinyin: what is masked does not sound (ChineseBERT's dynamic masking)."""

from __future__ import annotations

import datasets
import numpy as np
import pytest
from command_line import made_by

from zhprep.collate import MaskingCollator
from zhprep.pinyin.readings import syllables_of
from zhprep.vocab import load

SETTINGS = {"mask": "wwm", "max_length": 64, "seed": 5}
FLAGS = ("--mask", "wwm", "--max-length", 64, "--seed", 5)


@pytest.fixture(scope="module")
def pinyin(tmp_path_factory, sample_data):
    source = tmp_path_factory.mktemp("source") / "news.txt"
    source.write_bytes((sample_data / "corpus" / "news.txt").read_bytes())
    text = made_by("normalize", source, output=source.parent / "text")
    return made_by("extract-pinyin", text, output=source.parent / "pinyin")


@pytest.fixture(scope="module")
def clean(tmp_path_factory, pinyin, vocab):
    return made_by("make-instances", pinyin, "--vocab", vocab, *FLAGS, output=tmp_path_factory.mktemp("d") / "clean")


def batch_of(rows, vocab, epoch=0):
    collator = MaskingCollator(vocab, **SETTINGS)
    collator.set_epoch(epoch)
    return {name: tensor.numpy() for name, tensor in collator(rows).items()}


def test_mask_tokens_are_silent_and_others_sound_as_what_stands_there(clean, vocab):
    rows = list(datasets.load_from_disk(str(clean)))[:64]
    batch, vocabulary = batch_of(rows, vocab), load(vocab)
    before = np.zeros_like(batch["input_ids"])
    for place, row in enumerate(rows):
        before[place, : len(row["pinyin_ids"])] = row["pinyin_ids"]
    chosen, masked = batch["labels"] != -100, batch["input_ids"] == vocabulary.mask
    assert masked.sum() > 100
    assert not batch["pinyin_ids"][masked].any()
    kept = chosen & (batch["input_ids"] == batch["labels"])
    assert kept.any()
    untouched = ~chosen | kept
    assert (batch["pinyin_ids"][untouched] == before[untouched]).all()
    put = chosen & ~masked & ~kept
    readings = [syllables_of(token) or [0] for token in vocabulary.tokens]
    pairs = list(zip(batch["input_ids"][put].tolist(), batch["pinyin_ids"][put].tolist(), strict=True))
    assert all(sound in readings[token] for token, sound in pairs)
    assert any(sound != readings[token][0] for token, sound in pairs)


def test_the_sound_of_a_label_does_not_reach_the_input(clean, vocab):
    rows = list(datasets.load_from_disk(str(clean)))[:16]
    batch = batch_of(rows, vocab)
    hidden = (batch["labels"] != -100) & (batch["input_ids"] != batch["labels"])
    for place, row in enumerate(rows):
        sounds = np.array(row["pinyin_ids"])
        sounds[hidden[place, : len(sounds)]] += 1
        row["pinyin_ids"] = sounds.tolist()
    other = batch_of(rows, vocab)
    assert hidden.any()
    assert all((batch[name] == other[name]).all() for name in batch)


def test_static_duplicates_sound_as_dynamic_epochs(clean, pinyin, vocab, tmp_path):
    static = made_by(
        "make-instances", pinyin, "--vocab", vocab, *FLAGS, "--static", "--dupe-factor", 2, output=tmp_path / "static"
    )
    rows = list(datasets.load_from_disk(str(clean)))
    for dupe in range(2):
        of_dupe = [row for row in datasets.load_from_disk(str(static)) if row["dupe"] == dupe]
        assert len(of_dupe) == len(rows)
        for first in range(0, len(rows), 32):
            part = slice(first, first + 32)
            ours, theirs = batch_of(rows[part], vocab, dupe), batch_of(of_dupe[part], vocab, dupe)
            assert all((ours[name] == theirs[name]).all() for name in ours)
