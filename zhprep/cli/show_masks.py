"""``zhprep show-masks``."""

from __future__ import annotations

import json
import os
from itertools import pairwise
from pathlib import Path
from typing import Any

import click
import pyarrow as pa

from zhprep.cli.options import Existing, config_options, read_config
from zhprep.cli.shared import shared_options, split_shared
from zhprep.core.bundled import bundled
from zhprep.core.errors import UsageError
from zhprep.instances import InstancesConfig
from zhprep.instances.corruptions import CORRUPTIONS, sentinels_of
from zhprep.instances.inspect import Cell, view_corrupted, view_sentence
from zhprep.instances.masks import STRATEGIES
from zhprep.instances.similar import read_pairs
from zhprep.segment import SegmentConfig, segment_sentence
from zhprep.vocab import VocabConfig, Vocabulary, count, load, train

SENTINELS = 100
"""Free slots of the vocabulary of a text alone, which stand for spans."""

_MEANINGLESS = (
    "mask", "corruption", "format", "pairs", "static", "dupe_factor", "max_length", "short_seq_prob", "spans", "tags",
    "mask_prob_schedule",
)  # fmt: skip
"""Settings that mean nothing for one sentence under every strategy."""


@click.command()
@click.argument("text")
@click.option(
    "--vocab", metavar="VOCAB", type=Existing(), help="The vocabulary folder  [default: the characters of the text]"
)
@click.option("--cws", help="Segmenter  [default: jieba]")
@click.option("--corruptions", is_flag=True, help="Show the corruptions for models that write instead.")
@config_options(InstancesConfig, skip=_MEANINGLESS)
@shared_options()
def command(text: str, vocab: Path | None, cws: str | None, **options: Any) -> None:
    """Show the mask strategies side by side on one sentence.

    All under the same key, so that they differ by strategy alone, as in Table 1 of the MacBERT paper; `mac` puts in
    similar words, of a small lexicon if no file is named. `--corruptions` shows what denoising, prefix and causal
    models read and write.
    """
    shared, options = split_shared(options)
    text = _as_utf8(text)
    if not text.strip():
        raise UsageError("the text is empty", hint="give a sentence")
    words = segment_sentence(text, read_config(SegmentConfig, {"cws": cws}))
    similar = options.pop("similar_words") or bundled("sample_data") / "similar-words.tsv"
    vocabulary = load(vocab) if vocab else _own_vocabulary(words, Path(similar))
    if options.pop("corruptions"):
        _corruptions(text, words, vocabulary, options, as_json=shared.json)
        return
    rows = {}
    by_words = {"replacement": "similar", **{name: value for name, value in options.items() if value is not None}}
    for name in STRATEGIES:
        given = by_words if name == "mac" else options
        config = read_config(InstancesConfig, {**given, "mask": name, "similar_words": str(similar)})
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


def _corruptions(
    text: str, words: pa.RecordBatch, vocabulary: Vocabulary, options: dict[str, Any], *, as_json: bool
) -> None:
    """Print source and target of each corruption; a target that is the whole text is left out."""
    sides: dict[str, dict[str, Any]] = {}
    for name in CORRUPTIONS:
        if name == "sentinels" and not len(sentinels_of(vocabulary)):
            continue  # a vocabulary without entries for them
        shown = view_corrupted(words, vocabulary, read_config(InstancesConfig, {**options, "corruption": (name,)}))
        sides[name] = {"source": _tokens(shown.cells), "target": _tokens(shown.target or []), **shown.labels}
    if as_json:
        print(json.dumps(sides, ensure_ascii=False))
        return
    whole = sides["causal"]["target"]
    print(f"{'original':<12}{text}")
    print(f"{'tokens':<12}{' '.join(whole)}")
    for name, side in sides.items():
        source = side["source"][: side.get("prefix_length")]
        print(f"{name:<12}{' '.join(source)}")
        if side["target"] != whole:
            print(f"{'  →':<12}{' '.join(side['target'])}")


def _tokens(cells: list[Cell]) -> list[str]:
    return [cell.shown for cell in cells]


def _as_utf8(argument: str) -> str:
    """Return an argument as UTF-8 whatever the locale took it for."""
    try:
        return os.fsencode(argument).decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError("the text is not UTF-8", hint="give it in UTF-8") from error


def _own_vocabulary(words: pa.RecordBatch, similar: Path) -> Vocabulary:
    """Return the characters of the text and, so that they can be put in, those of the similar words of its words."""
    config = VocabConfig(min_frequency=1, char_coverage=1.0, unused=SENTINELS)
    here = set(_by_spelling(words))
    others = "".join(other for word, other in read_pairs(similar) if word in here)
    both = [words, segment_sentence(others, SegmentConfig(cws="characters"))] if others else [words]
    return train(count(pa.Table.from_batches(both).combine_chunks().to_batches()[0], config), config)


def _by_spelling(words: pa.RecordBatch) -> list[str]:
    """Return the words of the one sentence of ``words``."""
    (sentence,), (ends,) = words["sentences"][0].as_py(), words["ends"][0].as_py()
    return [sentence[start:stop] for start, stop in pairwise([0, *ends])]


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
