"""Clean text and split it into sentences.

In: a ``text`` batch whose sentences are raw lines or paragraphs. Out: a ``text`` batch of clean sentences.
What is dropped, changed or inserted is counted, and what comes out goes through again unchanged.

The text of a whole batch is one array of code points. Which steps have work is decided on its few thousand
distinct characters, so that clean text passes all steps for little more than the price of one look.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pyarrow as pa

from zhprep.core import arrow, schema
from zhprep.core.errors import UsageError
from zhprep.core.registry import lookup
from zhprep.core.report import Account
from zhprep.normalize.characters import Positions
from zhprep.normalize.config import STEP_NAMES, NormalizeConfig
from zhprep.normalize.sentences import split
from zhprep.normalize.steps import REWRITING, STEPS
from zhprep.normalize.text import Text
from zhprep.normalize.wrapping import line_counts, look, unwrap

__all__ = ["STEPS", "NormalizeConfig", "build"]

Stage = Callable[[pa.RecordBatch, Account], pa.RecordBatch]


def build(config: NormalizeConfig) -> Stage:
    """Return the stage: a ``text`` batch of raw lines in, a ``text`` batch of clean sentences out.

    Counts ``sentences_in`` and ``characters`` as read, ``sentences`` and ``characters_out`` as left.
    Raises ``UsageError`` for a step that does not exist, or a placeholder that the other steps would change.
    """
    for name in config.steps:
        lookup(STEPS, name, "normalisation step")
    names = [name for name in STEP_NAMES if name in config.steps]
    if config.emoji == "placeholder":
        _check_placeholder(config)

    def normalize(batch: pa.RecordBatch, account: Account) -> pa.RecordBatch:
        text = Text.read(arrow.items(batch.column("sentences")), account)
        counts = line_counts(batch)
        account.count(sentences_in=counts.sum())
        if config.unwrap:
            text, counts = unwrap(text, counts, account)
        else:
            look(text, counts, account)
        text = clean(text, names, config, account)
        if config.split:
            text = _split(text, names, config, account)
        return _assemble(batch, text, counts, account)

    return normalize


def clean(text: Text, names: list[str], config: NormalizeConfig, account: Account) -> Text:
    """Run the named steps, in order, until they change nothing more: only so is the result its own normal form."""
    done = False
    while not done:
        done = True
        for name in names:
            changed = STEPS[name](text, config, account)
            done &= changed is text or name not in REWRITING
            text = changed
        names = [name for name in names if name != "variants"]  # a conversion need not come to an end
    return text


def _split(text: Text, names: list[str], config: NormalizeConfig, account: Account) -> Text:
    """Split into sentences; clean and split once more the few of them that splitting itself has put in doubt."""
    text, doubtful = split(text, config, account)
    if not doubtful.size:
        return text
    again = clean(text.lines(doubtful), [name for name in names if name != "variants"], config, account)
    return text.with_lines(doubtful, _split(again, names, config, account))


def _check_placeholder(config: NormalizeConfig) -> None:
    column = pa.array([[config.emoji_placeholder]])
    batch = pa.RecordBatch.from_arrays([pa.array([""]), column], schema=schema.TEXT)
    result = build(dataclasses.replace(config, emoji="strip"))(batch, Account())
    if result.column("sentences") != column:
        raise UsageError(
            f"emoji_placeholder {config.emoji_placeholder!r} would itself be changed by normalisation",
            hint="choose plain letters, such as [EMOJI]",
        )


def _assemble(batch: pa.RecordBatch, text: Text, counts: Positions, account: Account) -> pa.RecordBatch:
    """Put the sentences back into their documents, which had ``counts`` lines (``intp[D]``); count what is empty."""
    sentences, lines = text.write()
    document_of_line = np.repeat(np.arange(batch.num_rows), counts)
    per_document = np.bincount(document_of_line[lines], minlength=batch.num_rows)
    n_filled = int(np.count_nonzero(np.diff(lines, prepend=-1)))
    account.count(sentences=len(sentences), characters_out=text.n_characters)
    account.drop("sentences.empty", counts.sum() - n_filled)
    account.insert("sentences.split", len(sentences) - n_filled)
    account.drop("documents.empty", int(np.count_nonzero(per_document == 0)))
    kept = np.flatnonzero(per_document)
    offsets = np.append(0, np.cumsum(per_document[kept]))
    lists = arrow.lists_of(offsets, sentences)
    return pa.RecordBatch.from_arrays(
        [arrow.call("take", batch.column("doc"), arrow.array_of(kept)), lists], schema=schema.TEXT
    )
