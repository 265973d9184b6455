"""Golden cases: what the engine of the default recipe reads, word by word. ``-`` is no syllable."""

from __future__ import annotations

from itertools import accumulate
from pathlib import Path

import pytest

from zhprep.pinyin import FlatText, PinyinConfig, build
from zhprep.pinyin.syllables import names

FILES = sorted((Path(__file__).parent.parent / "cases" / "pinyin").glob("*.tsv"))


def cases():
    for file in FILES:
        for line in file.read_text(encoding="utf-8").splitlines()[1:]:
            words, syllables = line.split("\t")
            yield pytest.param(words.split(" "), syllables.split(" "), id=f"{file.stem}-{words}")


@pytest.fixture(scope="module")
def engine():
    return build(PinyinConfig()).engine


@pytest.mark.parametrize(("words", "syllables"), list(cases()))
def test_is_read_as_written(engine, words, syllables):
    text = FlatText.from_sentences(["".join(words)], [list(accumulate(map(len, words)))])
    assert [names()[number] or "-" for number in engine.read(text)] == syllables


def test_there_are_more_than_a_hundred():
    assert len(list(cases())) > 100
