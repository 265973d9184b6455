"""A window of tokenised documents, and what a format makes of it.

A window is what is held in memory at a time: about a million characters of whole documents. A
format takes a window and returns :class:`Pieces`, which tokens stand in which instance.
"""

from __future__ import annotations

import dataclasses
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from zhprep.instances.config import InstancesConfig
from zhprep.instances.ragged import Array, Bools, Ints


@dataclasses.dataclass(frozen=True)
class Window:
    """Documents as flat tokens.

    ``token_ids`` ``[T]``; ``opens`` ``bool[T]`` marks the tokens that begin a word; ``sentences`` ``int64[S + 1]`` are
    offsets in tokens (no sentence is empty); ``documents`` ``int64[D + 1]`` are offsets in sentences (none is
    empty); ``numbers`` ``int64[D]`` count the documents of the block. Documents before ``fresh`` were in the window
    before: they only serve to draw other documents from.
    """

    token_ids: Array
    opens: Bools
    sentences: Ints
    documents: Ints
    numbers: Ints
    fresh: int = 0

    @cached_property
    def borders(self) -> Ints:
        """The tokens that begin a word, and the end of the window."""
        return np.append(np.flatnonzero(self.opens), len(self.opens))

    @cached_property
    def document_of(self) -> Ints:
        """The document of each sentence, ``int64[S]``."""
        return np.repeat(np.arange(len(self.numbers)), np.diff(self.documents))

    @property
    def first(self) -> int:
        """The first sentence that is not yet in an instance."""
        return int(self.documents[self.fresh])

    def tail(self, sentence: int) -> Window:
        """Return the window from ``sentence`` on, nothing of it used yet."""
        if sentence >= len(self.sentences) - 1:
            return no_documents(self.token_ids)
        document = int(self.document_of[sentence])
        token = self.sentences[sentence]
        documents = np.maximum(self.documents[document:] - sentence, 0)
        sentences = self.sentences[sentence:] - token
        return Window(self.token_ids[token:], self.opens[token:], sentences, documents, self.numbers[document:])

    def joined(self, later: Window, *, fresh: int = 0) -> Window:
        """Return the documents of this window and then those of the ``later`` one."""
        if len(self.numbers) == 0:
            return dataclasses.replace(later, fresh=fresh)
        return Window(
            np.concatenate([self.token_ids, later.token_ids]),
            np.concatenate([self.opens, later.opens]),
            np.concatenate([self.sentences, later.sentences[1:] + self.sentences[-1]]),
            np.concatenate([self.documents, later.documents[1:] + self.documents[-1]]),
            np.concatenate([self.numbers, later.numbers]),
            fresh,
        )


def no_documents(token_ids: Array) -> Window:
    """Return a window of no documents; ``token_ids`` is an empty array of the type of its tokens."""
    none = np.zeros(1, np.int64)
    return Window(token_ids[:0], np.zeros(0, np.bool_), none, none, none[:0])


@dataclasses.dataclass
class Pieces:
    """Which tokens stand in which instance, one row per piece, in order.

    ``instances`` ``int64[P]`` rises from 0; ``starts`` and ``stops`` are tokens of the window; ``segments``
    ``uint8[P]``, where the format has them, becomes ``token_type_ids``. ``labels`` are columns with a value per
    instance. ``used`` is the first sentence that is left for the next window; with ``remembered`` nothing is
    left but the window stays in reach as a source of other documents. ``counts``, ``dropped`` and
    ``inserted`` go into the loss account.
    """

    instances: Ints
    starts: Ints
    stops: Ints
    n_instances: int
    used: int
    segments: npt.NDArray[np.uint8] | None = None
    remembered: bool = False
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
