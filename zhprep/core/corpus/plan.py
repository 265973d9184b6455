"""Cut the inputs into blocks of whole documents, by a rule of the inputs and the block size alone.

The inputs are read once. A *piece* is a run of whole documents of one file; consecutive pieces make
a *block*; a block becomes a shard.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from zhprep.core.corpus.inputs import LINE_FORMATS, Input, Noticed, check_promise
from zhprep.core.corpus.pieces import LinePieces, Piece, ReadConfig, RowPieces
from zhprep.core.errors import DataError
from zhprep.core.progress import NO_PROGRESS, Progress

DEFAULT_BLOCK = 64 << 20
LEAST_BLOCKS = 16
FINE_PIECE = 1 << 19


@dataclass
class Block:
    """What becomes one shard."""

    pieces: list[Piece]

    @property
    def weight(self) -> int:
        """How much text it holds, in bytes, about."""
        return sum(piece.weight for piece in self.pieces)


@dataclass
class Corpus:
    """The inputs, what they hold and how they are cut; as JSON, the heart of ``plan.json``."""

    inputs: list[Input]
    facts: list[dict[str, Any]]
    tables: list[str]
    blocks: list[Block]
    read: ReadConfig = field(default_factory=ReadConfig)

    @property
    def table(self) -> str:
        """The table that all inputs hold: ``text``, ``words`` or ``pinyin``."""
        return self.tables[self.blocks[0].pieces[0].input] if self.blocks else "text"

    def as_dict(self) -> dict[str, Any]:
        """Return the plan as plain values: names and hashes, never where files lie on this machine."""
        inputs = [
            {"name": source.name, "format": source.format, "table": table, **facts}
            for source, table, facts in zip(self.inputs, self.tables, self.facts, strict=True)
        ]
        return {
            "inputs": inputs,
            "read": asdict(self.read),
            "blocks": [[asdict(piece) for piece in block.pieces] for block in self.blocks],
        }


def scan(
    inputs: list[Input], read: ReadConfig, *, block_size: int | None = None, progress: Progress = NO_PROGRESS
) -> Corpus:
    """Read every input once and cut the corpus.

    Without ``block_size`` a block holds 64 MiB of text, or about a sixteenth of the corpus if that is
    less, so that a small corpus, too, gives every core something to do.

    Raises ``DataError`` for input that is empty, damaged, not text, or not what its manifest says.
    """
    corpus = Corpus(inputs, [], [], [], read)
    pieces: list[Piece] = []
    total = 0
    sizes = [Path(source.path).stat().st_size for source in inputs]
    with progress.of(sum(sizes), "bytes") as bar:
        for index, source in enumerate(inputs):
            digest = Noticed(hashlib.sha256(), bar.advance)
            cutter = (LinePieces if source.format in LINE_FORMATS else RowPieces)(index, source, read)
            cutter.size = block_size or _fineness(total)
            for piece in cutter.pieces(digest):
                pieces.append(piece)
                total += piece.weight
                cutter.size = block_size or _fineness(total)
            check_promise(source, digest.hexdigest())
            corpus.facts.append({"bytes": sizes[index], "sha256": digest.hexdigest(), "damaged": cutter.damaged})
            corpus.tables.append(cutter.table)
    _check(corpus, pieces)
    corpus.blocks = list(_group(pieces, block_size or _block_size(total)))
    return corpus


def _fineness(total: int) -> int:
    """Return the size of pieces: fine until the corpus is known to be large, so that the plan stays small."""
    return FINE_PIECE if total < LEAST_BLOCKS * DEFAULT_BLOCK else DEFAULT_BLOCK


def _block_size(total: int) -> int:
    """Return a size that gives the least number of blocks or more; it doubles, lest a few bytes move every border."""
    size = FINE_PIECE
    while size < DEFAULT_BLOCK and 2 * size * LEAST_BLOCKS <= total:
        size *= 2
    return size


def _check(corpus: Corpus, pieces: list[Piece]) -> None:
    names = ", ".join(source.name for source in corpus.inputs[:3]) + (" …" if len(corpus.inputs) > 3 else "")
    if not pieces:
        damage = next((facts["damaged"] for facts in corpus.facts if facts["damaged"]), "")
        raise DataError(
            f"{names}: no document in the input", hint=damage or "the files are empty or hold only blank lines"
        )
    tables = sorted({corpus.tables[piece.input] for piece in pieces})
    if len(tables) > 1:
        raise DataError(
            f"{names}: the inputs hold different tables ({', '.join(tables)})",
            hint="give one kind at a time, or say --input-form",
        )


def _group(pieces: list[Piece], size: int) -> Iterator[Block]:
    block = Block([])
    for piece in pieces:
        block.pieces.append(piece)
        if block.weight >= size:
            yield block
            block = Block([])
    if block.pieces:
        yield block
