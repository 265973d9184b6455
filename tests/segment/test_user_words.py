"""A user's words: whole words with every segmenter, the engine's own output elsewhere, and counted."""

from __future__ import annotations

import functools
import pathlib

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhprep.core.errors import DataError
from zhprep.core.report import Account
from zhprep.segment import SegmentConfig, Segmenter, load_engine
from zhprep.segment.engines import SegmentEngine
from zhprep.segment.lexicon import read_lexicon, read_user_dictionary

SYMBOLS = [
    "迈克尔·乔丹",
    "《三体》",
    "张三（大）有限公司",
    "*ST远帆",
    "<NUM>",
    "COVID–19",
    "5‰盐水",
    "𠮷野家",
    "Blue Leaf认证",
]
OWN = ["糖类抗原19-9", "维生素B-12", "AT&T", "C++"]
SENTENCE = "他和{}来了，{}。"


@pytest.fixture(scope="module")
def dictionary(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("words") / "words.txt"
    path.write_text("\n".join(f"{word} 999" for word in SYMBOLS + OWN) + "\n从不出现\n", "utf-8")
    return str(path)


def settings_of(cws: str, path: str) -> SegmentConfig:
    return SegmentConfig(cws=cws, **({"lexicon": path} if cws == "max-match" else {"user_dictionary": path}))


@pytest.mark.parametrize("cws", ["jieba", "max-match", "characters"])
def test_a_whole_word_wherever_it_stands(cws: str, dictionary: str) -> None:
    segmenter = Segmenter(settings_of(cws, dictionary))
    for word in SYMBOLS + OWN:
        sentences = [SENTENCE.format(word, word), word, f"“{word}”", "，" + word, f"{word}、{word}"]
        rows = segmenter.cut(sentences)
        assert all(word in words for words in rows), word
        assert rows[-1] == [word, "、", word]


def test_the_cases_of_users(shared_data: pathlib.Path) -> None:
    for name, missing in (("ud-kind", 0), ("userdict-symbols", 0)):
        path = shared_data.parent / "cases" / name
        entries = [entry.word for entry in read_user_dictionary(f"{path}.dict")]
        lines = pathlib.Path(f"{path}.txt").read_text("utf-8").splitlines()
        for cws, list_name in (
            ("jieba", "user_dictionary"),
            ("max-match", "lexicon"),
            ("characters", "user_dictionary"),
        ):
            segmenter, account = Segmenter(settings_of(cws, f"{path}.dict")), Account()
            found = {word for words in segmenter.cut(lines) for word in words}
            assert set(entries) <= found
            segmenter.ends(pa.array(lines), account)
            assert account.matched() == {f"{list_name}_matched": len(entries), f"{list_name}_never_matched": missing}


@functools.cache
def with_and_without() -> tuple[Segmenter, SegmentEngine]:
    path = pathlib.Path(__file__).parents[1] / "cases" / "segment" / "symbols.txt"
    config = SegmentConfig(user_dictionary=str(path))
    return Segmenter(config), load_engine(config)


@given(st.lists(st.text("我们来5‰盐水《三体》·迈克尔乔丹，a1", max_size=20), max_size=5))
def test_elsewhere_it_is_jieba(sentences: list[str]) -> None:
    """No end of a word is other than jieba's but in and at the edges of a forced word."""
    forced = ["5‰盐水", "《三体》", "迈克尔·乔丹"]
    ours, engine = with_and_without()
    for sentence, words, plain in zip(sentences, ours.cut(sentences), engine.cut(sentences), strict=True):
        mine, theirs, touched, place = set(), set(), set(), 0
        for word in words:
            if word in forced:
                touched |= set(range(place, place + len(word) + 1))
            place += len(word)
            mine.add(place)
        for word in plain:
            theirs.add(max(theirs, default=0) + len(word))
        assert mine - touched == theirs - touched
        assert "".join(words) == sentence


def test_never_with_half_of_a_latin_word_or_number(tmp_path: pathlib.Path) -> None:
    (tmp_path / "words.txt").write_text("5‰盐水\n·B\nA·\n", "utf-8")
    segmenter = Segmenter(SegmentConfig(user_dictionary=str(tmp_path / "words.txt")))
    assert segmenter.cut(["15‰盐水", "A·BC", "AA·B，A·C"]) == [
        ["15", "‰", "盐水"],
        ["A·", "BC"],
        ["AA", "·B", "，", "A·", "C"],
    ]


def test_a_word_that_jieba_must_not_make_is_not_forced(tmp_path: pathlib.Path) -> None:
    (tmp_path / "words.txt").write_text("《三体》 0\n", "utf-8")
    segmenter, account = Segmenter(SegmentConfig(user_dictionary=str(tmp_path / "words.txt"))), Account()
    assert segmenter.cut(["《三体》"]) == [["《", "三体", "》"]]
    segmenter.ends(pa.array(["《三体》"]), account)
    assert account.matched() == {"user_dictionary_matched": 0, "user_dictionary_never_matched": 0}


def test_counts_do_not_depend_on_the_batches(dictionary: str) -> None:
    segmenter = Segmenter(SegmentConfig(user_dictionary=dictionary))
    lines = [SENTENCE.format(word, "C++") for word in SYMBOLS[:4]]
    together, apart = Account(), Account()
    segmenter.ends(pa.array(lines), together)
    for line in lines:
        own = Account()
        segmenter.ends(pa.array([line]), own)
        apart.add(Account.from_dict(own.as_dict()))
    assert together.matched() == apart.matched() == {"user_dictionary_matched": 5, "user_dictionary_never_matched": 9}


def test_lines_of_a_user_dictionary(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "words.txt"
    path.write_text(
        "\ufeff云计算 5 n\nBlue Leaf认证 2000\nmachine learning\t\nGPT 4\t12 nz\r\n好\n\n 小明 \n台中 nz\n", "utf-8"
    )
    assert [tuple(entry) for entry in read_user_dictionary(str(path))] == [
        ("云计算", 5, "n"), ("Blue Leaf认证", 2000, None), ("machine learning", None, None), ("GPT 4", 12, "nz"),
        ("好", None, None), ("小明", None, None), ("台中", None, "nz"),
    ]  # fmt: skip


def test_lines_of_a_lexicon(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "words.txt"
    path.write_text("研究生 12 n\nBlue Leaf认证 2000\nmachine learning\t\nGPT 4\t12\r\n好\n\t\n", "utf-8")
    assert read_lexicon(str(path)) == {
        "研究生": 12, "Blue Leaf认证": 2000, "machine learning": 1, "GPT 4": 12, "好": 1,
    }  # fmt: skip
    path.write_text("好\nmachine learning\n", "utf-8")
    with pytest.raises(DataError, match="line 2: 'learning' is no count") as caught:
        read_lexicon(str(path))
    assert "a tab ends it" in caught.value.hint
