"""Golden cases: what the stage reads by default, word by word, and with sandhi. ``-`` is no syllable."""

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
            yield pytest.param(file.stem, words.split(" "), syllables.split(" "), id=f"{file.stem}-{words}")


@pytest.fixture(scope="module")
def stages():
    return {sandhi: build(PinyinConfig(sandhi=sandhi)) for sandhi in (False, True)}


@pytest.mark.parametrize(("file", "words", "syllables"), list(cases()))
def test_is_read_as_written(stages, file, words, syllables):
    text = FlatText.from_sentences(["".join(words)], [list(accumulate(map(len, words)))])
    assert [names()[number] or "-" for number in stages[file == "sandhi"].read(text)] == syllables


def test_there_are_more_than_two_hundred():
    assert len(list(cases())) > 200
