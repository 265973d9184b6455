"""Missing characters go into free slots; everything else stays where it is."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from made_text import text_batch
from tokenizers import Tokenizer

from zhprep import vocab
from zhprep.core.errors import UsageError
from zhprep.vocab import Counts, Encoder, VocabConfig
from zhprep.vocab.patch import config_of, patch


def test_missing_characters_take_the_slots_in_order(google: Path) -> None:
    old = vocab.load(google)
    config = config_of(old)
    counts = vocab.count(text_batch(["“你”是“人”，x1x", "你说“好”"]), config)
    new = patch(old, counts)
    changed = {old.tokens[n]: new.tokens[n] for n in range(old.size) if old.tokens[n] != new.tokens[n]}
    assert changed == new.report["patched"]
    assert list(changed) == [f"[unused{number}]" for number in range(1, 10)]
    assert list(changed.values())[:7] == ["“", "”", "x", "##x", "你", "1", "##1"]
    assert new.report["free_slots_left"] == 0
    assert new.unk not in Encoder(new).encode(["“你”是“人”，x1x"]).ids
    assert Tokenizer.from_str(new.tokenizer_json).token_to_id("“") == 1


def test_an_excluded_form_takes_no_slot(google: Path, tmp_path: Path) -> None:
    (tmp_path / "out.txt").write_text("##x\n你\n", encoding="utf-8")
    old = vocab.load(google)
    config = dataclasses.replace(config_of(old), punctuation=False, exclude=str(tmp_path / "out.txt"))
    new = patch(old, vocab.count(text_batch(["你x1x"]), config), config)
    assert list(new.report["patched"].values()) == ["x", "1", "##1"]


def test_the_old_folding_is_kept(google: Path) -> None:
    assert config_of(vocab.load(google)).strip_accents
    (google / "tokenizer_config.json").write_text('{"do_lower_case": false}', encoding="utf-8")
    config = config_of(vocab.load(google))
    assert (config.lowercase, config.strip_accents) == (False, False)


def test_patched_files_come_back(google: Path, tmp_path: Path) -> None:
    new = patch(vocab.load(google), Counts.from_dict({"你": 1}))
    vocab.write(new, tmp_path)
    assert vocab.load(tmp_path).tokens == new.tokens
    assert (tmp_path / "vocab.txt").read_bytes().decode().split("\n")[16] == "\u2028"


def test_no_free_slots_and_other_types() -> None:
    trained = vocab.train(Counts.from_dict({"的": 1}), VocabConfig())
    with pytest.raises(UsageError, match="no free slots"):
        patch(trained, Counts.from_dict({"你": 1}))
    with pytest.raises(UsageError, match="cannot be patched"):
        config_of(vocab.train(Counts.from_dict({"的": 1}), VocabConfig(type="bbpe")))


def test_forms_that_are_missing_inside_pieces_are_added(google: Path) -> None:
    """𰻝 is left glued to what is beside it by the library; of ``e`` and ハ no form is missing, of 人 none is needed."""
    old = vocab.load(google)
    config = config_of(old)
    new = patch(old, vocab.count(text_batch(["的𰻝𰻝人，ハe1ハ1"]), config))
    assert list(new.report["patched"].values())[:4] == ["1", "##1", "𰻝", "##𰻝"]
    assert new.unk not in Encoder(new).encode(["的𰻝𰻝人，ハe1ハ1𰻝"]).ids
