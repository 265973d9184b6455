"""A plan of a corpus in a file, so that what is large is read and cut once and not by every task.

It is named like an input, ``NAME.plan.json``. What is read later is held to the hashes in it, as always.
"""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from zhprep.core.corpus.inputs import PLAN_SUFFIX, Input, is_remote, size_of
from zhprep.core.corpus.inputs.remote import exists
from zhprep.core.corpus.pieces import Piece, ReadConfig
from zhprep.core.corpus.plan import Block, Corpus
from zhprep.core.errors import DataError
from zhprep.core.seal import read_sealed, sealed

__all__ = ["PLAN_SUFFIX", "corpus_facts", "load_corpus"]

_SHAPE = {
    "corpus_plan": int, "sources": [{"path": str, "name": str, "format": str, "compression": str, "encoding": str}],
    "facts": [{"bytes": int, "sha256": str, "damaged": str}], "tables": [str], "read": dict, "blocks": [[dict]],
}  # fmt: skip
_AGAIN = "make the plan again: zhprep plan INPUT... -o NAME.plan.json"


def corpus_facts(corpus: Corpus) -> dict[str, Any]:
    """Return a corpus as what is written into a plan: where its files are, what they hold and how they are cut."""
    sources = [{**asdict(source), "path": _absolute(source.path)} for source in corpus.inputs]
    blocks = [[asdict(piece) for piece in block.pieces] for block in corpus.blocks]
    facts = {"facts": corpus.facts, "tables": corpus.tables, "read": asdict(corpus.read), "blocks": blocks}
    return sealed({"corpus_plan": 1, "sources": sources, **facts})


def _absolute(path: str) -> str:
    return path if is_remote(path) else os.path.abspath(path)


def load_corpus(path: Path) -> Corpus:
    """Return the corpus that a plan is of.

    Raises ``DataError`` for a plan that was changed, and where a file is missing or has another size than when it was
    planned.
    """
    plan = read_sealed(path, _SHAPE, required=True, hint=_AGAIN)
    try:
        inputs = [Input(**source) for source in plan["sources"]]
        blocks = [Block([Piece(**piece) for piece in block]) for block in plan["blocks"]]
        corpus = Corpus(inputs, plan["facts"], plan["tables"], blocks, ReadConfig(**plan["read"]))
    except TypeError as error:
        raise DataError(f"{path}: is no plan of this version: {error}", hint=_AGAIN) from error
    for source, facts in zip(inputs, corpus.facts, strict=True):
        size = size_of(source.path) if exists(source.path) else None
        if size != facts["bytes"]:
            what = "is not there" if size is None else f"has {size} bytes, {facts['bytes']} when it was planned"
            raise DataError(f"{source.path}: {what} ({path})", hint=_AGAIN)
    return corpus
