"""Ours against ``jieba.cut``: the same words for any text, with and without HMM and user dictionaries."""

from __future__ import annotations

import copy
import functools
import math
import pathlib
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhprep.core.errors import DataError, UsageError
from zhprep.segment import SegmentConfig, load_engine
from zhprep.segment.cuts import from_words
from zhprep.segment.jieba.package import import_jieba
from zhprep.segment.jieba.user_words import read_tokenizer

pytestmark = pytest.mark.reference

# Words of the dictionary with letters in them, runs on which the HMM ties, what the regular expressions
# look for, every kind of white space, and the borders of what jieba and the Rust port call Chinese.
PIECES = [
    *"我们的人在常中国一七九上克赞哈啊呵了不说",
    *"xX光BTAc#+&._%-0179,",
    *["AT&T", "c++", "C#", "T恤", "T恤衫", "3D打印", "4S店", "K歌之王", "江南style", "B超", "γ射线"],
    *["研究生命", "上不去", "说不说", "小明硕士毕业于"],
    *["1.5", "99.9%", "a.1", ".5", "2.", "GPT-4", "v1.2.3", "www.x.com", "1,000", "-1", "１２", "٣.٤", "ａｂ"],
    *" \t\n\r\v\f\x00\x1c\x85\xa0\u2028\u3000\ufeff\u200b\u200d\u0301",
    "\r\n",
    *"。，！“”—…▁\\∶〇○γ",
    *"\u33ff\u3400\u4dbf\u4dc0\u4dff\u4e00\u9fd5\u9fd6\u9fff\ua000\uf8ff\uf900\ufaff\ufb00",
    *"\U0001f600\U0001ffff\U00020000\U0002a6df\U0002a6e0\U0002a700\U0002ebef\U0002ebf0\U0002f800\U0002fa1f\U0002fa20",
    *"\U00030000\U000323af\U000323b0\U0010ffff",
]
TEXT = st.lists(
    st.one_of(
        st.sampled_from(PIECES),
        st.characters(exclude_categories=["Cs"]),
        st.characters(min_codepoint=0x4E00, max_codepoint=0x9FD5),
    ),
    max_size=25,
).map("".join)
CASES = pathlib.Path(__file__).parents[1] / "cases" / "segment"
USER_FILE = str(CASES / "user_dictionary.txt")
USER_WORDS = [line.split()[0] for line in pathlib.Path(USER_FILE).read_text("utf-8").splitlines() if line.strip()]

SENTENCES = ["研究生命的起源，赞赞赞赞赞，T恤B超AT&T 常在", "小明硕士毕业于中国科学院计算所 1.5%", "结婚的和尚未结婚的"]


@functools.cache
def ours(hmm: bool, user_dictionary: str | None = None) -> Any:
    return load_engine(SegmentConfig(hmm=hmm, user_dictionary=user_dictionary))


@functools.cache
def theirs() -> Any:
    return read_tokenizer()


@functools.cache
def theirs_with_user_words() -> Any:
    return tokenizer_with(USER_FILE)


def tokenizer_with(user_dictionary: str) -> Any:
    tokenizer = copy.copy(theirs())  # its dictionary takes most of a second to read
    tokenizer.FREQ, tokenizer.user_word_tag_tab = dict(tokenizer.FREQ), {}
    with pathlib.Path(user_dictionary).open("rb") as lines:
        tokenizer.load_userdict(lines)
    return tokenizer


@pytest.mark.parametrize("hmm", [True, False])
@settings(max_examples=400, deadline=None)
@given(sentences=st.lists(TEXT, min_size=1, max_size=4))
def test_same_words_for_any_text(hmm: bool, sentences: list[str]) -> None:
    assert ours(hmm).cut(sentences) == [theirs().lcut(sentence, HMM=hmm) for sentence in sentences]


@pytest.mark.parametrize("hmm", [True, False])
@settings(max_examples=200, deadline=None)
@given(sentences=st.lists(st.one_of(TEXT, st.lists(st.sampled_from(USER_WORDS), max_size=8).map("".join)), max_size=4))
def test_same_words_with_a_user_dictionary(hmm: bool, sentences: list[str]) -> None:
    expected = [theirs_with_user_words().lcut(sentence, HMM=hmm) for sentence in sentences]
    assert ours(hmm, USER_FILE).cut(sentences) == expected
    assert ours(hmm, USER_FILE)._itself is None


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("中国 0", "我爱中国人民，中国很大"),  # a word that must not be made, not even by the HMM
        ("小明 0", "小明硕士毕业于中国科学院"),
        ("小明 0\n小明 1", "小明硕士毕业于中国科学院"),  # taken back, but jieba does not forget it
    ],
)
def test_user_dictionaries_that_only_jieba_can_follow(
    line: str, sentence: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "words.txt"
    path.write_text(line, "utf-8")
    got = {}
    for hmm in (True, False):
        engine = load_engine(SegmentConfig(hmm=hmm, user_dictionary=str(path)))
        assert engine._itself is not None  # type: ignore[attr-defined]
        got[hmm] = engine.cut([sentence])
        assert ours(hmm).cut([sentence]) == [theirs().lcut(sentence, HMM=hmm)], "it must not alter other engines"
    monkeypatch.setattr(import_jieba("jieba.finalseg"), "Force_Split_Words", set())
    tokenizer = tokenizer_with(str(path))
    assert got == {hmm: [tokenizer.lcut(sentence, HMM=hmm)] for hmm in got}


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("a 9999999\nb 9999999\n球 9999999\nab球 1", "xab球，ab球。ab球ab"),  # a word less probable than its characters
        ("赞 9999999\n哈 9999999\n赞哈赞哈 1", "赞哈赞哈，赞哈"),
        ("中国 2000000000\n中国 2000000000", "中国的研究生命中国人民的起源"),  # counted twice in the sum
        ("ab 2\na 999999999\nb 999999999", "xab中ab"),  # letters more probable than the word they make
        ("".join(map(chr, range(0x4E00, 0x4E60))) + " 3", "".join(map(chr, range(0x4E00, 0x4E61)))),  # a long word
        ("中国 5\n\0\0 7", "中国的研究生命中国人民的起源"),
    ],
)
def test_user_dictionaries_at_the_edge(line: str, sentence: str, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "words.txt"
    path.write_text(line, "utf-8")
    sentences = [sentence, *SENTENCES]
    tokenizer = tokenizer_with(str(path))
    for hmm in (True, False):
        engine = load_engine(SegmentConfig(hmm=hmm, user_dictionary=str(path)))
        assert engine._itself is None  # type: ignore[attr-defined]
        assert engine.cut(sentences) == [tokenizer.lcut(text, HMM=hmm) for text in sentences]


def test_user_dictionary_that_cannot_be_read(tmp_path: pathlib.Path) -> None:
    with pytest.raises(UsageError, match="cannot read the user dictionary"):
        load_engine(SegmentConfig(user_dictionary=str(tmp_path / "none.txt")))
    (tmp_path / "gbk.txt").write_bytes("好\n云计算 3".encode("gbk"))
    with pytest.raises(DataError, match=r"gbk\.txt, line 1: not UTF-8"):
        load_engine(SegmentConfig(user_dictionary=str(tmp_path / "gbk.txt")))


def test_fingerprint_follows_the_user_dictionary() -> None:
    assert ours(True).fingerprint() != ours(False).fingerprint()
    assert ours(True).fingerprint() != ours(True, USER_FILE).fingerprint()


def test_the_dictionary_is_jieba_s() -> None:
    tokenizer, dictionary = theirs(), ours(True)._dictionary
    log_total = math.log(tokenizer.total)
    reachable = [word for word, count in tokenizer.FREQ.items() if count and ours(True).matches(word)]
    longer = [word for word in reachable if len(word) > 1]
    assert len(reachable) > 348_000
    points = np.frombuffer("。".join(longer).encode("utf-32-le"), np.uint32)
    ends = np.cumsum([len(word) + 1 for word in longer]) - 1
    found = dictionary.trie.words(dictionary.ids[points])
    score_of = dict(
        zip(
            zip((found.places + found.sizes).tolist(), found.sizes.tolist(), strict=True),
            found.scores.tolist(),
            strict=True,
        )
    )
    for word, end in zip(longer, ends.tolist(), strict=True):
        assert score_of[end, len(word)] == math.log(tokenizer.FREQ[word]) - log_total
    for character, count in tokenizer.FREQ.items():
        if len(character) == 1:
            assert dictionary.singles[ord(character)] == math.log(count or 1) - log_total
            assert dictionary.alone[ord(character)] == bool(count)
    for word in ("清华大学", "的", "AT&T"):
        assert dictionary.knows(word)
    for word in ("清华大", "清", "，", "A", "😀", "不是词"):
        assert dictionary.knows(word) == bool(tokenizer.FREQ.get(word)), word


def test_no_cache_file_of_jieba_is_read_or_written(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / "jieba.cache").write_bytes(b"not to be read")
    engine = load_engine(SegmentConfig(user_dictionary=USER_FILE))
    assert engine.cut(["云计算很好"]) == [["云计算", "很", "好"]]
    assert (tmp_path / "jieba.cache").read_bytes() == b"not to be read"
    assert len(list(tmp_path.iterdir())) == 1


def corpus_lines(shared_data: pathlib.Path, step: int) -> list[str]:
    files = sorted((shared_data / "corpus").glob("*.txt"))
    return [line for file in files for line in file.read_text("utf-8").split("\n")[::step] if line]


def assert_same_lines(lines: list[str], hmm: bool) -> None:
    expected = from_words(lines, [theirs().lcut(line, HMM=hmm) for line in lines])
    got = ours(hmm).ends(pa.array(lines, pa.string()))
    assert got.offsets.tolist() == expected.offsets.tolist()
    assert got.ends.tolist() == expected.ends.tolist()


@pytest.mark.parametrize("hmm", [True, False])
def test_same_words_on_some_lines_of_the_corpora(hmm: bool, shared_data: pathlib.Path) -> None:
    assert_same_lines(corpus_lines(shared_data, 11), hmm)


@pytest.mark.nightly
@pytest.mark.parametrize("hmm", [True, False])
def test_same_words_on_every_line_of_the_corpora(hmm: bool, shared_data: pathlib.Path) -> None:
    assert_same_lines(corpus_lines(shared_data, 1), hmm)
