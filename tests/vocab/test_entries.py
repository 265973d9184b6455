"""Which entries a vocabulary has that are not learnt."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_text import LINES, text_batch

from zhprep import vocab
from zhprep.core.errors import DataError, UsageError
from zhprep.vocab import Counts, VocabConfig, entries

PUNCTUATION = "“”‘’…—·《》，。！？：；（）【】、「」『』"


def test_characters_by_count_then_bytes() -> None:
    assert entries.alphabet({"乙": 2, "甲": 5, "丙": 2, "a": 1}, VocabConfig(char_coverage=1.0)) == [
        "甲",
        "丙",
        "乙",
        "a",
    ]


def test_coverage_keeps_all_characters_as_frequent_as_the_rarest_it_needs() -> None:
    counts = {"甲": 90, "乙": 4, "丙": 4, "丁": 2}
    assert entries.alphabet(counts, VocabConfig(char_coverage=0.92)) == ["甲", "丙", "乙"]
    assert entries.alphabet(counts, VocabConfig(char_coverage=0.9)) == ["甲"]


def test_default_punctuation_is_there_unseen_and_can_be_left_out() -> None:
    counts = Counts.from_dict({"的": 5})
    assert set(PUNCTUATION) <= set(vocab.train(counts, VocabConfig()).tokens)
    assert vocab.train(counts, VocabConfig(punctuation=False)).tokens[5:] == ["的"]


def test_included_entries_are_there_whatever_the_size(tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_bytes("\ufeff龘\r\nabc\r\n".encode())
    config = VocabConfig(size=20, min_frequency=1, punctuation=False, include=str(tmp_path / "in.txt"))
    tokens = vocab.train(vocab.count(text_batch(LINES), config), config).tokens
    assert len(tokens) == 20
    assert {"龘", "abc"} <= set(tokens)


def test_free_slots_take_no_name_that_is_there(tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("[unused4]\n", encoding="utf-8")
    config = VocabConfig(punctuation=False, include=str(tmp_path / "in.txt"), unused=2, multiple_of=12)
    trained = vocab.train(Counts.from_dict({"的": 5}), config)
    assert trained.tokens[5:] == ["[unused1]", "[unused2]", "的", "[unused4]", "[unused3]", "[unused5]", "[unused6]"]
    vocab.write(trained, tmp_path)
    assert vocab.load(tmp_path).tokens == trained.tokens


def test_bbpe_takes_no_included_entries(tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("龘\n", encoding="utf-8")
    with pytest.raises(UsageError, match="--include"):
        vocab.train(Counts.from_dict({"的": 1}), VocabConfig(type="bbpe", include=str(tmp_path / "in.txt")))


def test_bbpe_keeps_accents() -> None:
    with pytest.raises(UsageError, match="--strip-accents"):
        vocab.train(Counts.from_dict({"é": 1}), VocabConfig(type="bbpe", strip_accents=True))


def test_a_list_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot read the list of entries"):
        entries.included(VocabConfig(include=str(tmp_path / "absent")))


@pytest.mark.parametrize("specials", [("[PAD]",), ("a", "a", "b", "c", "d")])
def test_too_few_or_repeated_specials(specials: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match="five different tokens"):
        entries.reserved(VocabConfig(specials=specials))


def test_specials_of_ones_own() -> None:
    config = VocabConfig(specials=("<pad>", "<unk>", "<s>", "</s>", "<mask>", "<ent>"), unused=1)
    trained = vocab.train(Counts.from_dict({"的": 5}), config)
    assert trained.tokens[:8] == [*config.specials, "[unused1]", "的"]
    assert trained.is_special.sum() == 6
    assert trained.tokens[trained.mask] == "<mask>"


def test_letters_continue_only_where_they_do_in_the_text() -> None:
    config = VocabConfig(punctuation=False, min_frequency=100)
    tokens = vocab.train(Counts.from_dict({"ab": 3, "c": 2, "中": 5, "。": 1}), config).tokens[5:]
    assert tokens == ["中", "a", "b", "##b", "c", "。"]


@pytest.mark.parametrize(("continue_all", "left"), [(False, []), (True, ["##a", "##c"])])
def test_a_form_that_continues_is_left_out_alone(tmp_path: Path, continue_all: bool, left: list[str]) -> None:
    (tmp_path / "out.txt").write_text("##b\n", encoding="utf-8")
    config = VocabConfig(punctuation=False, continue_all=continue_all, exclude=str(tmp_path / "out.txt"))
    tokens = vocab.train(Counts.from_dict({"ab": 3, "c": 2}), config).tokens
    assert "b" in tokens
    assert [token for token in tokens if token.startswith("##")] == left


def test_letters_continue_wherever_they_can_if_told_so_or_beside_glued_ideographs() -> None:
    config = VocabConfig(punctuation=False, min_frequency=100, continue_all=True)
    tokens = vocab.train(Counts.from_dict({"ab": 3, "c": 2, "中": 5, "。": 1}), config).tokens[5:]
    assert tokens == ["中", "a", "##a", "b", "##b", "c", "##c", "。"]
    config = VocabConfig(punctuation=False, min_frequency=100)
    tokens = vocab.train(Counts.from_dict({"ab": 3, "c": 2, "𰀀": 5, "中": 4, "。": 1}), config).tokens[5:]
    assert tokens == ["𰀀", "##𰀀", "中", "a", "##a", "b", "##b", "c", "##c", "。"]


def test_a_rare_noodle_is_known() -> None:
    """𰻝 (U+30EDD) is left glued to what stands beside it by the library."""
    config = VocabConfig(char_coverage=1.0)
    trained = vocab.train(vocab.count(text_batch(["西安的𰻝𰻝面", "a1"]), config), config)
    encoded = vocab.Encoder(trained).encode(["西安的𰻝𰻝面", "𰻝a", "1𰻝𰻝1", "a1a𰻝"])
    assert trained.unk not in encoded.ids
    assert [trained.tokens[n] for n in encoded.ids[:6]] == ["西", "安", "的", "𰻝", "##𰻝", "面"]


def test_words_below_the_bar_are_left_out() -> None:
    counts = Counts.from_dict({"研究": 5, "生命": 2, "的": 9}, by_word=True)
    config = VocabConfig(type="word", min_count=3, punctuation=False)
    trained = vocab.train(counts, config)
    assert trained.tokens[5:] == ["的", "研究"]
    assert (trained.report["words"], trained.report["unknown_words"]) == (16, 2)


def test_a_word_is_one_token_else_its_characters() -> None:
    counts = Counts.from_dict({"研究": 5, "研究生命": 1, "生命": 4}, by_word=True)
    trained = vocab.train(counts, VocabConfig(type="mixed", min_count=2, punctuation=False))
    assert trained.tokens[5:] == ["研", "究", "命", "生", "研究", "生命"]
    encoded = vocab.Encoder(trained).encode(["研究"])
    assert [trained.tokens[n] for n in encoded.ids] == ["研究"]
    encoded = vocab.Encoder(trained).encode(["研究生命"])
    assert [trained.tokens[n] for n in encoded.ids] == list("研究生命")
