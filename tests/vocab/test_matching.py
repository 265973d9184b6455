"""Which old entries new ones come from, beside what one would say by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from zhprep.vocab import Counts, VocabConfig, Vocabulary, load, origins, text_of, train, write

SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
OLD = [
    *SPECIALS,
    "[unused1]",
    "我",
    "在",
    "北",
    "京",
    "茶",
    "##茶",
    "##杯",
    "a",
    "##b",
    "abe",
    "##le",
    "un",
    "##un",
    "，",
]


@pytest.fixture
def old(tmp_path: Path) -> Vocabulary:
    folder = tmp_path / "old"
    folder.mkdir()
    (folder / "vocab.txt").write_text("".join(f"{token}\n" for token in OLD), "utf-8")
    return load(folder)


def mixed(words: list[str], **settings: object) -> Vocabulary:
    counts = Counts.from_dict({word: len(words) - place for place, word in enumerate(words)}, by_word=True)
    return train(counts, VocabConfig(type="mixed", size=400, punctuation=False, **settings))


def pieces_of(new: Vocabulary, old: Vocabulary) -> dict[str, list[str]]:
    found = origins(new, old)
    return {
        token: [old.tokens[id_] for id_ in found.ids[found.offsets[number] : found.offsets[number + 1]]]
        for number, token in enumerate(new.tokens)
    }


def test_words_are_their_characters_and_what_is_known_is_kept(old: Vocabulary) -> None:
    new = mixed(["我", "在", "北京", "北京茶", "茶", "杯", "喝茶", "able", "unable", "猫", "猫狗", "，", "abe"])
    found = pieces_of(new, old)
    wanted = {
        "我": ["我"], "茶": ["茶"], "，": ["，"], "abe": ["abe"],
        "北京": ["北", "京"], "北京茶": ["北", "京", "茶"],
        "杯": ["##杯"],  # known inside words only
        "喝茶": ["##茶"],  # 喝 is unknown; of 茶 it is the form inside a word, where one is there
        "able": ["a", "##b", "##le"], "unable": ["a", "##b"],  # pieces; where these fail, the known characters
        "猫": [], "猫狗": [],
    }  # fmt: skip
    assert {token: found[token] for token in wanted} == wanted
    assert {token: found[token] for token in SPECIALS} == {token: [token] for token in SPECIALS}
    counted = origins(new, old)
    assert counted.n_kept == sum(token in OLD for token in new.tokens)
    assert counted.n_unknown == sum(not pieces for pieces in found.values())
    assert counted.n_kept + counted.n_made + counted.n_unknown == new.size


def test_no_entry_is_ever_made_of_the_unknown_token(old: Vocabulary) -> None:
    new = mixed(["猫", "我们", "狗我", "x", "xyz", "我x"])
    found = pieces_of(new, old)
    assert [token for token, pieces in found.items() if "[UNK]" in pieces] == ["[UNK]"]


def test_inner_pieces_take_inner_forms(old: Vocabulary, tmp_path: Path) -> None:
    folder = tmp_path / "new"
    folder.mkdir()
    tokens = [*SPECIALS, "##unle", "##茶", "##我", "unle", "##京茶"]
    (folder / "vocab.txt").write_text("".join(f"{token}\n" for token in tokens), "utf-8")
    found = pieces_of(load(folder), old)
    assert found["##unle"] == ["##un", "##le"]
    assert found["unle"] == ["un", "##le"]
    assert found["##茶"] == ["##茶"]
    assert found["##我"] == ["我"]
    assert found["##京茶"] == ["京", "茶"]


def test_special_tokens_are_matched_by_their_role(old: Vocabulary) -> None:
    renamed = mixed(["我", "北京"], specials=("<pad>", "<unk>", "<s>", "</s>", "<mask>", "<extra>"))
    found = pieces_of(renamed, old)
    assert [found[token] for token in renamed.specials] == [*([token] for token in SPECIALS), []]


def test_free_slots_have_no_pieces(old: Vocabulary) -> None:
    new = mixed(["我"], unused=3)
    found = pieces_of(new, old)
    assert [found[f"[unused{number}]"] for number in (1, 2, 3)] == [["[unused1]"], [], []]


def test_kinds_of_vocabularies_are_matched_by_what_they_spell() -> None:
    text = {"我在北京": 9, "喝茶": 5, "the": 9, "cat": 7, "北": 3}
    bytes_ = train(Counts.from_dict(text), VocabConfig(type="bbpe", size=330, punctuation=False))
    words = mixed(["我", "在", "北京", "茶", "the"])
    found = pieces_of(words, bytes_)
    decoded = {token: "".join(pieces) for token, pieces in found.items()}
    for token in ("我", "在", "北京", "茶", "the"):
        assert (text_of(decoded[token]) or "").strip() == token
    back = pieces_of(bytes_, words)
    for token in bytes_.tokens:
        if (text_of(token) or "").strip() in words.ids:
            assert back[token] == [text_of(token).strip()]
    again = origins(bytes_, bytes_)
    assert np.array_equal(again.ids, np.arange(bytes_.size))


def test_the_same_vocabulary_is_kept_whole(old: Vocabulary, tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    write(old, tmp_path / "copy")
    found = origins(load(tmp_path / "copy"), old)
    assert (found.n_kept, found.n_made, found.n_unknown) == (old.size, 0, 0)
    assert found.ids.tolist() == list(range(old.size))
