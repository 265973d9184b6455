"""The engine g2pw with a stand-in for the package: nothing is fetched, and what is missing is said in one line."""

from __future__ import annotations

import sys
import types

import pytest

from zhprep.core.errors import DataError, UsageError
from zhprep.pinyin import FlatText, PinyinConfig, build
from zhprep.pinyin.syllables import names


class Converter:
    """Reads every 行 as hang2 and nothing else."""

    answers_short = False

    def __init__(self, model_dir, model_source, style, enable_non_tradional_chinese):
        assert model_dir == f"{model_source}/"
        assert (style, enable_non_tradional_chinese) == ("pinyin", True)

    def __call__(self, sentences):
        read = [["hang2" if c == "行" else None for c in sentence] for sentence in sentences]
        return [row[:-1] for row in read] if self.answers_short else read


@pytest.fixture
def config(tmp_path, monkeypatch):
    package = types.ModuleType("g2pw")
    package.G2PWConverter = Converter
    monkeypatch.setitem(sys.modules, "g2pw", package)
    for name in ("g2pw.onnx", "version", "vocab.txt"):
        (tmp_path / name).write_bytes(b"x")
    return PinyinConfig(engine="g2pw", g2pw_model=str(tmp_path), g2pw_tokenizer=str(tmp_path))


def test_reads_by_the_package(config):
    engine = build(config).engine
    read = engine.read(FlatText.from_sentences(["银行", "", "a行"]))
    assert [names()[n] for n in read] == ["", "hang2", "", "hang2"]
    assert engine.fingerprint().startswith("g2pw unknown ")


def test_a_sentence_that_comes_back_short_is_bad_data(config, monkeypatch):
    monkeypatch.setattr(Converter, "answers_short", True)
    with pytest.raises(DataError, match="read 1 of 2 characters of '银行'"):
        build(config).engine.read(FlatText.from_sentences(["银行"]))


def test_without_a_folder_the_flag_is_named():
    with pytest.raises(UsageError, match="needs --g2pw-model"):
        build(PinyinConfig(engine="g2pw"))


def test_a_folder_from_which_the_package_would_go_to_the_network_is_refused(config, tmp_path):
    (tmp_path / "version").unlink()
    with pytest.raises(UsageError, match="has no version"):
        build(config)


def test_without_the_package_the_install_command_is_named(config, monkeypatch):
    monkeypatch.setitem(sys.modules, "g2pw", None)
    with pytest.raises(UsageError, match="needs the package 'g2pw'") as caught:
        build(config)
    assert caught.value.hint.startswith("pip install g2pw")
