"""Characters only: WordPiece without merges, so that every letter and digit is a token of its own."""

from __future__ import annotations

import functools

from zhprep.vocab import pieces
from zhprep.vocab.kind import Kind
from zhprep.vocab.types import wordpiece

KIND = Kind(splitter=pieces.bert, train=functools.partial(wordpiece.train, learn=False))
