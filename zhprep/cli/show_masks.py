"""``zhprep show-masks``."""

from __future__ import annotations

import json
import os
import unicodedata
from pathlib import Path
from typing import Any

import click
import pyarrow as pa

from zhprep.cli.options import Existing, config_options, read_config
from zhprep.cli.shared import shared_options, split_shared
from zhprep.core import schema
from zhprep.core.errors import UsageError
from zhprep.core.report import Account
from zhprep.instances import InstancesConfig
from zhprep.instances.masks import STRATEGIES
from zhprep.instances.view import Cell, view_sentence
from zhprep.segment import SegmentConfig
from zhprep.segment import build as build_segment
from zhprep.vocab import VocabConfig, Vocabulary, count, load, train

_MEANINGLESS = (
    "mask", "format", "pairs", "static", "dupe_factor", "max_length", "short_seq_prob", "spans", "rate_schedule",
)  # fmt: skip
"""Settings that mean nothing for one sentence under every strategy."""


@click.command()
@click.argument("text")
@click.option(
    "--vocab", metavar="VOCAB", type=Existing(), help="The vocabulary folder  [default: the characters of the text]"
)
@click.option("--cws", help="Segmenter  [default: jieba]")
@config_options(InstancesConfig, skip=_MEANINGLESS)
@shared_options()
def command(text: str, vocab: Path | None, cws: str | None, **options: Any) -> None:
    """Show the mask strategies side by side on one sentence.

    All under the same key, so that they differ by strategy alone, as in Table 1 of the MacBERT paper.
    """
    shared, options = split_shared(options)
    text = _as_utf8(text)
    if not text.strip():
        raise UsageError("the text is empty", hint="give a sentence")
    words = _segmented(text, read_config(SegmentConfig, {"cws": cws}))
    vocabulary = load(vocab) if vocab else _own_vocabulary(words)
    rows = {}
    for name in STRATEGIES:
        config = read_config(InstancesConfig, {**options, "mask": name})
        rows[name] = view_sentence(words, vocabulary, config)
    if shared.json:
        print(json.dumps({name: [vars(cell) for cell in cells] for name, cells in rows.items()}, ensure_ascii=False))
        return
    print(f"{'original':<12}{text}")
    first = next(iter(rows.values()))
    print(f"{'segmented':<12}{_by_word(first)}")
    print(f"{'tokens':<12}{' '.join(cell.label or cell.shown for cell in first)}")
    for name, cells in rows.items():
        print(f"{name:<12}{' '.join(cell.shown for cell in cells)}")


def _as_utf8(argument: str) -> str:
    """Return an argument as UTF-8 whatever the locale took it for."""
    try:
        return os.fsencode(argument).decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError("the text is not UTF-8", hint="give it in UTF-8") from error


def _segmented(text: str, config: SegmentConfig) -> pa.RecordBatch:
    batch = pa.RecordBatch.from_pydict(
        {"doc": ["text"], "sentences": [[unicodedata.normalize("NFC", text)]]}, schema=schema.TEXT
    )
    return build_segment(config)(batch, Account())


def _own_vocabulary(words: pa.RecordBatch) -> Vocabulary:
    config = VocabConfig(min_frequency=1, char_coverage=1.0)
    return train(count(words, config), config)


def _by_word(cells: list[Cell]) -> str:
    parts: list[str] = []
    last = -2
    for cell in cells:
        token = (cell.label or cell.shown).removeprefix("##")
        if cell.word == last and parts:
            parts[-1] += token
        else:
            parts.append(token)
        last = cell.word
    return " ".join(parts)
