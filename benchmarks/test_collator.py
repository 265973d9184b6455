"""Batches of whole-word masks, rows to padded tensors, beside the collators of Hugging Face.

Only transformers 4 can mask words of Chinese; the environment variable ``ZHPREP_TRANSFORMERS4`` names a Python that has
it (it is timed there, by turns with ours). Both are given the same rows, of which nine in ten are full: theirs as
lists, the form that ``datasets`` gives, ours as lists and as arrays. Transformers 5 masks a row whole or not at all.
"""

from __future__ import annotations

import json
import os
import subprocess
import sysconfig
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from racing import Race

from zhprep import vocab
from zhprep.collate import MaskingCollator
from zhprep.core import schema

SECONDS = 4.0
LEAST = {(32, 128): 15, (32, 512): 25, (256, 128): 40, (256, 512): 60}
"""How many times as fast we must be with arrays; with lists half of it."""


@pytest.fixture(scope="module")
def vocabulary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A vocabulary of 8,000 Chinese characters."""
    folder = tmp_path_factory.mktemp("characters")
    text = "".join(chr(0x4E00 + place) for place in range(8000))
    words = pa.RecordBatch.from_pydict(
        {"doc": ["0"], "sentences": [[text] * 2], "ends": [[list(range(1, 8001))] * 2]}, schema=schema.WORDS
    )
    config = vocab.VocabConfig(size=9000, char_coverage=1.0)
    vocab.write(vocab.train(vocab.count(words, config), config), folder)
    return folder


def rows_of(vocabulary: vocab.Vocabulary, n_rows: int, length: int) -> list[dict[str, Any]]:
    """Rows of words of 1 to 4 tokens, 1.7 on average; one in ten is shorter than ``length``."""
    draw = np.random.default_rng(0)
    rows = []
    for number in range(n_rows):
        n_tokens = length if number % 10 else int(draw.integers(length // 8, length))
        word_ids = np.full(n_tokens, -1, np.int16)
        sizes = draw.choice(4, n_tokens, p=[0.5, 0.38, 0.08, 0.04]) + 1
        word_ids[1:-1] = np.repeat(np.arange(n_tokens), sizes)[: n_tokens - 2]
        input_ids = draw.choice(vocabulary.normal_ids, n_tokens).astype(np.uint16)
        input_ids[[0, -1]] = vocabulary.cls, vocabulary.sep
        rows.append({"input_ids": input_ids, "word_ids": word_ids, "instance_id": np.int64(number)})
    return rows


def as_transformers_4(row: dict[str, np.ndarray]) -> dict[str, list[int]]:
    words = row["word_ids"]
    inner = np.flatnonzero((words[1:] == words[:-1]) & (words[1:] >= 0)) + 1
    return {"input_ids": row["input_ids"].tolist(), "chinese_ref": inner.tolist()}


@contextmanager
def transformers_4(vocabulary: Path, rows: Path) -> Iterator[Callable[[], float]]:
    """Give a function that has the peer mask the rows once and returns its seconds."""
    python = os.environ.get("ZHPREP_TRANSFORMERS4")
    if not python:
        pytest.skip("ZHPREP_TRANSFORMERS4 does not name a Python that has transformers 4")
    script = Path(__file__).with_name("whole_words_peer.py")
    command = [python, str(script), sysconfig.get_path("purelib"), str(vocabulary), str(rows)]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:

        def seconds() -> float:
            process.stdin.write("\n")
            process.stdin.flush()
            return float(process.stdout.readline())

        yield seconds
        process.stdin.close()


def seconds_of(collator: MaskingCollator, rows: list[dict[str, Any]]) -> float:
    began = time.process_time()
    collator(rows)
    return time.process_time() - began


@pytest.mark.parametrize("length", [128, 512])
@pytest.mark.parametrize("n_rows", [32, 256])
def test_whole_words_beside_transformers_4(
    n_rows: int, length: int, vocabulary: Path, tmp_path: Path, race: Race
) -> None:
    arrays = rows_of(vocab.load(vocabulary), n_rows, length)
    lists = [{name: value.tolist() for name, value in row.items()} for row in arrays]
    (tmp_path / "rows.json").write_text(json.dumps([as_transformers_4(row) for row in arrays]), "utf-8")
    collator = MaskingCollator(vocabulary)
    times: dict[str, list[float]] = {"arrays": [], "lists": [], "theirs": []}
    with transformers_4(vocabulary, tmp_path / "rows.json") as theirs:
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            times["theirs"].append(theirs())
            times["arrays"] += [seconds_of(collator, arrays) for _ in range(10)]
            times["lists"] += [seconds_of(collator, lists) for _ in range(10)]
    amount = sum(len(row["input_ids"]) for row in arrays) / 1e6
    for form in ("arrays", "lists"):
        what = f"whole words, {n_rows} x {length}, rows as {form}"
        speeds = amount / min(times[form]), amount / min(times["theirs"])
        ratio = race.add(what, "transformers 4 DataCollatorForWholeWordMask", *speeds, "M tok/s")
        assert ratio > LEAST[n_rows, length] / (1 if form == "arrays" else 2)


@pytest.mark.filterwarnings("ignore:Random token replacement is not supported")
def test_whole_words_beside_transformers_5(vocabulary: Path, race: Race) -> None:
    transformers = pytest.importorskip("transformers", minversion="5")
    arrays = [row for row in rows_of(vocab.load(vocabulary), 256, 128) if len(row["input_ids"]) == 128]  # it cannot pad
    amount = sum(len(row["input_ids"]) for row in arrays) / 1e6
    theirs = [as_transformers_5(row) for row in arrays]
    tokenizer = transformers.BertTokenizerFast.from_pretrained(vocabulary)
    peer = transformers.DataCollatorForLanguageModeling(tokenizer, whole_word_mask=True, seed=0)
    collator = MaskingCollator(vocabulary)
    name = "transformers 5 whole_word_mask (wrong for Chinese)"
    race(
        f"whole words, {len(arrays)} x 128, rows as arrays",
        lambda: collator(arrays),
        name,
        lambda: peer(theirs),
        amount,
        "M tok/s",
    )
    for who, batch in (("transformers 5", peer(theirs)), ("zhprep", collator(arrays))):
        shares = (batch["labels"] != -100).sum(1) / batch["attention_mask"].sum(1)
        none, most = (shares == 0).double().mean(), (shares > 0.9).double().mean()
        print(
            f"{who}: {none:.0%} of the rows have no mask, {most:.0%} are masked whole; mean share {shares.mean():.3f}"
        )


def as_transformers_5(row: dict[str, np.ndarray]) -> dict[str, list[object]]:
    """The row as the tokenizer would give it for a line of Chinese characters without spaces."""
    n_tokens = len(row["input_ids"])
    places = np.arange(n_tokens - 2)
    offsets = [[0, 0], *np.stack([places, places + 1], 1).tolist(), [0, 0]]
    special = (row["word_ids"] < 0).astype(int).tolist()
    return {"input_ids": row["input_ids"].tolist(), "offset_mapping": offsets, "special_tokens_mask": special}
