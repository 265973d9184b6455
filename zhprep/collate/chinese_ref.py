"""Words out of the reference files of transformers' ``run_chinese_ref.py``, for data that were prepared with them.

    data = add_words(data, "ref.txt", "VOCAB")
    Trainer(model, arguments, data_collator=MaskingCollator("VOCAB", mask="wwm"), train_dataset=data)

A line of such a file is a JSON list: the positions in a tokenised line (``[CLS]`` is 0) of the Chinese characters that
continue a word. The collator of transformers put ``##`` before these tokens; here they become ``word_ids``, and no
token is changed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zhprep.collate.rows import Integers, Ragged, row_numbers
from zhprep.core.errors import DataError
from zhprep.core.ragged import offsets_of
from zhprep.vocab import Vocabulary, load


def read_references(path: str | Path) -> Ragged:
    """Return the positions of every line of a reference file; blank lines are passed over, as transformers does.

    Raises ``DataError`` with the line for what is not a list of positions.
    """
    rows = [np.array(row, np.int32) for row in _read(Path(path))]
    values = np.concatenate(rows) if rows else np.zeros(0, np.int32)
    return Ragged(values, offsets_of(np.array([len(row) for row in rows], np.int64)))


def word_ids(tokens: Ragged, references: Ragged, vocabulary: Vocabulary) -> Ragged:
    """Return the index of the word of each token within its row, -1 on special tokens.

    A token continues the word before it when a reference says so or when it begins with ``##``. Positions beyond the
    end of a row, which was cut since, are passed over.
    """
    lengths = np.diff(tokens.offsets)
    of_row = row_numbers(references.offsets)
    within = references.values < lengths[of_row]
    continues = np.array([token.startswith("##") for token in vocabulary.tokens])[tokens.values]
    continues[tokens.offsets[of_row[within]] + references.values[within]] = True
    special = vocabulary.is_special[tokens.values]
    after_special = np.ones(len(special), np.bool_)
    after_special[1:] = special[:-1]
    starts = ~special & (~continues | after_special)
    counts = np.cumsum(starts)
    before = np.concatenate([[0], counts])[tokens.offsets[:-1]]
    words = np.where(special, -1, counts - 1 - np.repeat(before, lengths))
    return Ragged(words.astype(np.int16), tokens.offsets)


def add_words(dataset: Any, path: str | Path, vocabulary: str | Path) -> Any:
    """Return a ``datasets.Dataset`` that has ``input_ids`` with the columns ``word_ids`` and ``instance_id`` added.

    Raises ``DataError`` when the file has not one line for each row.
    """
    references, words = read_references(path), load(vocabulary)
    if len(dataset) != len(references.offsets) - 1:
        raise DataError(
            f"{path}: has {len(references.offsets) - 1} lines; the data have {len(dataset)} rows",
            hint="it must be the file that was made of the same lines",
        )

    def columns(rows: dict[str, Any], numbers: Sequence[int]) -> dict[str, Any]:
        first, last = references.offsets[numbers[0]], references.offsets[numbers[-1] + 1]
        offsets: Integers = references.offsets[numbers[0] : numbers[-1] + 2] - first
        lists = rows["input_ids"]
        tokens = Ragged(np.concatenate(lists).astype(np.int64), offsets_of(np.array([len(row) for row in lists])))
        found = word_ids(tokens, Ragged(references.values[first:last], offsets), words)
        return {"word_ids": np.split(found.values, found.offsets[1:-1]), "instance_id": numbers}

    return dataset.map(columns, batched=True, with_indices=True)


def _read(path: Path) -> Iterator[list[int]]:
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield _positions(line, f"{path}:{number}")
    except (OSError, UnicodeDecodeError) as error:
        hint = "a UTF-8 file, a JSON list of positions a line"
        raise DataError(f"cannot read references from {path}: {error}", hint=hint) from error


def _positions(line: str, where: str) -> list[int]:
    try:
        row = json.loads(line)
    except ValueError:
        row = None
    if not isinstance(row, list) or not all(type(position) is int and position >= 0 for position in row):
        raise DataError(f"{where}: is not a list of positions: {line.strip()[:60]}", hint="lines are like [2, 5, 6]")
    return row
