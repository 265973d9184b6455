"""All ideographs beside all kinds of neighbours: none unknown, and the ids of ``AutoTokenizer`` in transformers 4 and 5."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from zhprep import vocab
from zhprep.vocab import Counts, Encoder, VocabConfig, Vocabulary
from zhprep.vocab.entries import IDEOGRAPHS

pytestmark = [pytest.mark.reference, pytest.mark.slow]

NEIGHBOURS = ["", "中", "𰻝", "a", "Z", "7", "。", "!", " ", "の", "〇", "\U0002b820", "\U000323af"]
ASK = """
import itertools, sys
import numpy as np
from transformers import AutoTokenizer
folder, text, answer = sys.argv[1:]
tokenizer = AutoTokenizer.from_pretrained(folder)
lines = open(text, encoding="utf-8").read().split("\\n")
ids = []
for first in range(0, len(lines), 5000):
    ids += itertools.chain(*tokenizer(lines[first : first + 5000], add_special_tokens=False)["input_ids"])
np.save(answer, np.array(ids, np.int32))
"""


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    """An entry for each ideograph, seen once and by itself."""
    ideographs = [chr(point) for first, last in IDEOGRAPHS for point in range(first, last + 1)]
    counts = Counts.from_dict(dict.fromkeys([*ideographs, *"az7。!の〇"], 1))
    return vocab.train(counts, VocabConfig(size=300_000, char_coverage=1.0))


@pytest.fixture(scope="module")
def lines() -> list[str]:
    """Each ideograph with each neighbour on both sides, and itself."""
    return [
        " ".join(f"{side}{chr(point)}{other}" for side, other in zip(NEIGHBOURS, NEIGHBOURS[::-1], strict=True))
        + f" {chr(point) * 2} a{chr(point)}7{chr(point)}中{chr(point)}𰻝{chr(point)}。{chr(point)}a"
        for first, last in IDEOGRAPHS
        for point in range(first, last + 1)
    ]


@pytest.fixture(scope="module")
def ids(vocabulary: Vocabulary, lines: list[str]) -> np.ndarray:
    return Encoder(vocabulary).encode(lines).ids


def test_none_is_unknown(vocabulary: Vocabulary, ids: np.ndarray, lines: list[str]) -> None:
    assert vocabulary.unk not in ids
    characters = sum(len(line) for line in lines) - sum(line.count(" ") for line in lines)
    assert len(ids) == characters  # nothing is learnt here, so each is a token of its own


def test_forms_are_of_those_that_need_one(vocabulary: Vocabulary) -> None:
    glued = {
        *range(0x2A6E0, 0x2A700), *range(0x2B820, 0x2B920), *range(0x2CEB0, 0x2F800), *range(0x2FA20, 0x33480),
        *map(ord, "az7の〇"),
    }  # fmt: skip
    forms = {ord(token[2:]) for token in vocabulary.tokens if token.startswith("##")}
    assert forms >= glued
    assert not [point for point in forms - glued if any(first <= point <= last for first, last in IDEOGRAPHS)]


@pytest.mark.parametrize("version", [4, 5])
@pytest.mark.parametrize("step", [pytest.param(1, id="all", marks=pytest.mark.nightly), pytest.param(9, id="some")])
def test_auto_tokenizer_gives_the_same(
    version: int, step: int, vocabulary: Vocabulary, lines: list[str], tmp_path: Path
) -> None:
    lines = lines[::step]
    python = os.environ.get("ZHPREP_TRANSFORMERS4") if version == 4 else sys.executable
    if not python:
        pytest.skip("ZHPREP_TRANSFORMERS4 does not name a Python that has transformers 4")
    pytest.importorskip("transformers")
    vocab.write(vocabulary, tmp_path)
    (tmp_path / "text").write_text("\n".join(lines), encoding="utf-8")
    subprocess.run([python, "-c", ASK, tmp_path, tmp_path / "text", tmp_path / "ids.npy"], check=True)
    assert np.array_equal(np.load(tmp_path / "ids.npy", allow_pickle=False), Encoder(vocabulary).encode(lines).ids)
