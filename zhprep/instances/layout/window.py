"""A window of tokenised documents, and what a format makes of it.

A window is what is held in memory at a time: some 130,000 characters of whole documents. A
format takes a window and returns :class:`Pieces`, which tokens stand in which instance.
"""

from __future__ import annotations

import dataclasses
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from zhprep.core.ragged import Ints, offsets_of
from zhprep.instances.config import InstancesConfig
from zhprep.instances.layout.tokens import Tokens, join


@dataclasses.dataclass(frozen=True)
class Window:
    """Documents as flat tokens.

    ``sentences`` ``int64[S + 1]`` are offsets in ``tokens`` (no sentence is empty); ``documents`` ``int64[D + 1]``
    are offsets in sentences (none is empty); ``numbers`` ``int64[D]`` count the documents of the block. Documents
    before ``fresh`` were in the window before: they only serve to draw other documents from.
    """

    tokens: Tokens
    sentences: Ints
    documents: Ints
    numbers: Ints
    fresh: int = 0

    @cached_property
    def document_of(self) -> Ints:
        """The document of each sentence, ``int64[S]``."""
        return np.repeat(np.arange(len(self.numbers)), np.diff(self.documents))

    @cached_property
    def document_tokens(self) -> Ints:
        """Where each document begins, in tokens, and the end: ``int64[D + 1]``."""
        return self.sentences[self.documents]

    @property
    def n_sentences(self) -> int:
        """How many sentences there are."""
        return len(self.sentences) - 1

    @property
    def first(self) -> int:
        """The first sentence that is not yet in an instance."""
        return int(self.documents[self.fresh])

    def tail(self, sentence: int) -> Window:
        """Return the window from ``sentence`` on, nothing of it used yet."""
        if sentence >= self.n_sentences:
            return self.only(np.zeros(0, np.int64), np.zeros(0, np.int64))
        document = int(self.document_of[sentence])
        start = int(self.sentences[sentence])
        documents = np.maximum(self.documents[document:] - sentence, 0)
        return Window(self.tokens.after(start), self.sentences[sentence:] - start, documents, self.numbers[document:])

    def only(self, starts: Ints, stops: Ints) -> Window:
        """Return a window of some ranges of tokens, each a sentence and a document of its own."""
        numbers = np.searchsorted(self.document_tokens, starts, side="right") - 1
        return Window(
            self.tokens.take(starts, stops),
            offsets_of(stops - starts),
            np.arange(len(starts) + 1),
            self.numbers[numbers],
        )

    def joined(self, later: Window, *, fresh: int = 0) -> Window:
        """Return the documents of this window and then those of the ``later`` one."""
        if not len(self.numbers):
            return dataclasses.replace(later, fresh=fresh)
        return Window(
            join([self.tokens, later.tokens]),
            np.concatenate([self.sentences, later.sentences[1:] + self.sentences[-1]]),
            np.concatenate([self.documents, later.documents[1:] + self.documents[-1]]),
            np.concatenate([self.numbers, later.numbers]),
            fresh,
        )


def no_documents(tokens: Tokens) -> Window:
    """Return a window of no documents; ``tokens`` are none."""
    none = np.zeros(1, np.int64)
    return Window(tokens, none, none, none[:0])


@dataclasses.dataclass
class Pieces:
    """Which tokens stand in which instance, one row per piece, in order.

    ``instances`` ``int64[P]`` rises from 0; ``starts`` and ``stops`` are tokens of the window. ``kept`` goes before
    the next window: what is not used yet, or with ``remembered`` what was used and stays in reach as other documents.
    ``segments`` ``uint8[P]``, where the format has them, become ``token_type_ids``; ``languages`` ``lang_ids``. With
    ``separate`` every piece is a sequence of its own, with its own ``[CLS]``, and ``cu_seqlens`` says where each
    begins. ``labels`` are columns with a value per instance. ``counts``, ``dropped`` and ``inserted`` go into the
    loss account.
    """

    instances: Ints
    starts: Ints
    stops: Ints
    n_instances: int
    kept: Window
    remembered: bool = False
    segments: npt.NDArray[np.uint8] | None = None
    languages: npt.NDArray[np.uint8] | None = None
    separate: bool = False
    labels: dict[str, npt.NDArray[Any]] = dataclasses.field(default_factory=dict)
    counts: dict[str, int] = dataclasses.field(default_factory=dict)
    dropped: dict[str, int] = dataclasses.field(default_factory=dict)
    inserted: dict[str, int] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Plan:
    """What a format is told besides the window: the settings, the block, the number that the next instance
    will have in it, and whether this is the block's ``last`` window, after which nothing may be left over."""

    config: InstancesConfig
    block: int
    next_instance: int
    last: bool

    @property
    def first_id(self) -> int:
        """The id of the next instance."""
        return (self.block << 32) + self.next_instance
