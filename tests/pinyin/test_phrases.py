"""pypinyin's dictionaries as arrays: kept, and made of what is there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pypinyin.constants
import pytest

from zhprep.pinyin import phrases
from zhprep.pinyin.phrases import PhraseReadings, tables
from zhprep.pinyin.syllables import ids

_LOAD = """
import sys
from zhprep.pinyin.phrases import PhraseReadings
found = PhraseReadings.load()
print("pypinyin" in sys.modules, found.sha256, found.version, int(found.first.sum()), found.read("重庆人"))
"""


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("ZHPREP_CACHE", str(tmp_path / "cache"))

    def run() -> list[str]:
        return subprocess.run(
            [sys.executable, "-c", _LOAD], check=True, text=True, stdout=subprocess.PIPE
        ).stdout.split(" ", 1)

    return run


def test_second_run_does_without_pypinyin_and_reads_the_same(load: Any, tmp_path: Path) -> None:
    first, second = load(), load()
    assert (first[0], second[0]) == ("True", "False")
    assert first[1] == second[1]
    (file,) = (tmp_path / "cache").iterdir()
    file.write_bytes(file.read_bytes()[:-100])
    assert load() == first  # cut: made again


def test_other_phrases_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    added = {**pypinyin.constants.PHRASES_DICT, "重一": [["chóng"], ["yī"]]}
    before = PhraseReadings(tables())
    monkeypatch.setattr(pypinyin.constants, "PHRASES_DICT", added)
    found = PhraseReadings.load.__wrapped__(PhraseReadings)  # what was kept is not asked: pypinyin is imported
    assert found.sha256 != before.sha256
    assert found.in_phrases("重一") == [ids()["chong2"], ids()["yi1"]]
    assert "重一" not in before


def test_without_phrases_is_something_else(monkeypatch: pytest.MonkeyPatch) -> None:
    before = phrases.source()
    monkeypatch.setenv("PYPINYIN_NO_PHRASES", "1")
    assert phrases.source() != before
    monkeypatch.setattr(pypinyin.constants, "PHRASES_DICT", {})
    found = PhraseReadings(tables())
    assert found.in_phrases("重庆") == [0, 0]
    assert not np.any(found.moves)


def test_readings_of_a_character() -> None:
    found = PhraseReadings.load()
    for code in (0x4E00, 0x91CD, 0x20000, 0x41, 0x10FFFF):
        marked = pypinyin.constants.PINYIN_DICT.get(code, "").split(",")
        assert len(found.readings(code)) == len([one for one in marked if one])
    assert found.readings(ord("重"))[0] == found.first[ord("重")]
