"""Engines with a lexicon, and those of other people, whose packages may be absent."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import types
from typing import Any

import pytest

from zhprep.core.errors import DataError, UsageError
from zhprep.segment import SegmentConfig, load_engine
from zhprep.segment.cuts import Loss, from_words, restore_spaces


def lexicon(tmp_path: pathlib.Path, text: str | bytes) -> str:
    path = tmp_path / "words.txt"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


@pytest.mark.parametrize(
    ("sentence", "words"),
    [
        ("研究生命的起源", ["研究生", "命", "的", "起源"]),  # forward: the longest word first, right or wrong
        ("研究", ["研究"]),
        ("研", ["研"]),
        ("3D打印GPT4，A股", ["3D打印", "GPT4", "，", "A股"]),
        ("a b", ["a", " ", "b"]),
        ("", []),
    ],
)
def test_max_match_takes_the_longest(tmp_path: pathlib.Path, sentence: str, words: list[str]) -> None:
    path = lexicon(tmp_path, "\ufeff研究\n研究生 12 n\n\n生命\t3\r\n起源\n3D打印\nA股\n")
    engine = load_engine(SegmentConfig(cws="max-match", lexicon=path))
    assert engine.cut([sentence]) == [words]
    assert engine.knows("研究生")  # type: ignore[attr-defined]
    assert not engine.knows("命")  # type: ignore[attr-defined]


def test_max_match_fingerprint_is_the_lexicon(tmp_path: pathlib.Path) -> None:
    one = load_engine(SegmentConfig(cws="max-match", lexicon=lexicon(tmp_path, "研究"))).fingerprint()
    assert load_engine(SegmentConfig(cws="max-match", lexicon=lexicon(tmp_path, "生命"))).fingerprint() != one


def test_bad_lexicons_say_where(tmp_path: pathlib.Path) -> None:
    with pytest.raises(UsageError) as caught:
        load_engine(SegmentConfig(cws="max-match"))
    assert "--lexicon" in caught.value.hint
    with pytest.raises(UsageError, match="cannot read the lexicon"):
        load_engine(SegmentConfig(cws="max-match", lexicon=str(tmp_path / "none")))
    with pytest.raises(DataError, match="line 2: 'x' is no count"):
        load_engine(SegmentConfig(cws="max-match", lexicon=lexicon(tmp_path, "研究\n生命 x\n")))
    with pytest.raises(DataError, match="line 1: not UTF-8"):
        load_engine(SegmentConfig(cws="max-match", lexicon=lexicon(tmp_path, "研究".encode("gbk"))))


@pytest.mark.parametrize(
    ("sentence", "words", "restored"),
    [
        (" 我 爱\u3000\t你 ", ["我", "爱", "你"], [" ", "我", " ", "爱", "\u3000\t", "你", " "]),
        ("我 爱", ["我", " ", "爱"], ["我", " ", "爱"]),
        ("我 爱", ["我 爱"], ["我 爱"]),
        ("  ", [], ["  "]),
        ("", [], []),
    ],
)
def test_dropped_spaces_are_words_again(sentence: str, words: list[str], restored: list[str]) -> None:
    assert restore_spaces(sentence, words) == restored
    assert "".join(restored) == sentence


@pytest.mark.parametrize("words", [["我", "你"], ["我", "爱"], ["我爱", '"你"'], ["你", "爱", "我"]])
def test_other_losses_are_not_papered_over(words: list[str]) -> None:
    with pytest.raises(Loss):
        from_words(["我 爱“你”"], [restore_spaces("我 爱“你”", words)])


class FakeLtp:
    def __init__(self, model: str = "default") -> None:
        self.model = model

    def pipeline(self, sentences: list[str], tasks: list[str]) -> Any:
        assert tasks == ["cws"]
        assert len(sentences) <= 64
        return types.SimpleNamespace(cws=[sentence.split() for sentence in sentences])


class FakeThulac:
    def __init__(self, user_dict: str | None, model_path: str | None, seg_only: bool) -> None:
        assert (user_dict, model_path, seg_only) == (None, None, True)
        print("Model loaded succeed")

    def cut(self, sentence: str) -> list[list[str]]:
        return [[word, ""] for word in sentence.split()]


class FakeLac:
    def __init__(self, model_path: str | None, mode: str) -> None:
        assert (model_path, mode) == (None, "seg")

    def run(self, sentences: list[str]) -> list[list[str]]:
        return [sentence.split() for sentence in sentences]


FAKES = {
    "ltp": ("ltp", types.SimpleNamespace(LTP=FakeLtp)),
    "thulac": ("thulac", types.SimpleNamespace(thulac=FakeThulac)),
    "lac": ("LAC", types.SimpleNamespace(LAC=FakeLac)),
    "hanlp": (
        "hanlp",
        types.SimpleNamespace(
            pretrained=types.SimpleNamespace(tok=types.SimpleNamespace(SMALL="http://small")),
            load=lambda path: lambda sentences: [s.split() for s in sentences] if path == "http://small" else None,
        ),
    ),
}


@pytest.mark.parametrize("name", FAKES)
def test_others_engines_are_called_as_their_manuals_say(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    module, fake = FAKES[name]
    monkeypatch.setitem(sys.modules, module, fake)
    monkeypatch.setattr("importlib.metadata.version", lambda package: f"{package}-version")
    engine = load_engine(SegmentConfig(cws=name, model="SMALL" if name == "hanlp" else None))
    sentences = ["我们 都 是", "", "人 ", *["好"] * 300]
    assert engine.cut(sentences)[:3] == [["我们", " ", "都", " ", "是"], [], ["人", " "]]
    assert "-version" in engine.fingerprint()
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("name", "package"), [("thulac", "thulac"), ("ltp", "ltp"), ("hanlp", "hanlp"), ("lac", "LAC")]
)
def test_absent_package_is_a_usage_error_with_the_command(
    name: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, FAKES[name][0], None)
    with pytest.raises(UsageError) as caught:
        load_engine(SegmentConfig(cws=name))
    assert caught.value.hint == f"pip install {package}"


@pytest.mark.parametrize("named", ["os:system", "types:SimpleNamespace", "os:path"])
def test_what_is_no_segmenter_is_told(named: str) -> None:
    with pytest.raises(UsageError, match="is no segmenter") as caught:
        load_engine(SegmentConfig(cws=named))
    assert "zhprep.segment.engines.SegmentEngine" in caught.value.hint


WITHOUT_JIEBA = """
import sys
from zhprep.segment import SegmentConfig, load_engine
assert load_engine(SegmentConfig()).cut(["我来到北京清华大学"]) == [["我", "来到", "北京", "清华大学"]]
assert "jieba" not in sys.modules and "jieba.finalseg" not in sys.modules
"""


def test_jieba_itself_is_imported_only_to_make_the_tables(tmp_path: pathlib.Path) -> None:
    for script in (WITHOUT_JIEBA.rpartition("assert")[0], WITHOUT_JIEBA):
        environment = os.environ | {"ZHPREP_CACHE": str(tmp_path)}
        command = [sys.executable, "-c", script]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        assert done.returncode == 0, done.stderr
