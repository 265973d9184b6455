"""Lay pieces out as instances: gather the tokens, put special tokens around them, number the words.

In: a window and the pieces of its instances. Out: flat arrays. ``[CLS]`` opens an instance and ``[SEP]`` closes every
piece; a word never goes on over a ``[SEP]``.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from zhprep.instances.ragged import Array, Ints, offsets_of
from zhprep.instances.window import Pieces, Window


@dataclasses.dataclass(frozen=True)
class SpecialIds:
    """The ids of the special tokens that instances have."""

    cls: int
    sep: int


@dataclasses.dataclass(frozen=True)
class Laid:
    """Instances end to end: ``[T]`` arrays and ``offsets`` ``int64[B + 1]``."""

    input_ids: Array
    word_ids: npt.NDArray[np.int16]
    special_tokens_mask: npt.NDArray[np.uint8]
    token_type_ids: npt.NDArray[np.uint8] | None
    offsets: Ints


def lay_out(window: Window, pieces: Pieces, special: SpecialIds) -> Laid:
    """Return the instances of ``pieces``."""
    sizes = pieces.stops - pieces.starts
    opening = np.diff(pieces.instances, prepend=-1) > 0
    slots = sizes + 1 + opening
    edges = offsets_of(slots)
    begins, seps = edges[:-1], edges[1:] - 1
    heads = begins[opening]
    offsets = np.append(heads, edges[-1])
    source = np.repeat(pieces.starts - begins - opening, slots)
    source += np.arange(len(source))
    source[seps] = 0
    source[heads] = 0
    input_ids = window.token_ids[source]
    input_ids[seps] = special.sep
    input_ids[heads] = special.cls
    mask = np.zeros(len(source), np.uint8)
    mask[seps] = 1
    mask[heads] = 1
    opens = window.opens[source]
    opens[begins + opening] = True
    types = None if pieces.segments is None else np.repeat(pieces.segments, slots)
    return Laid(input_ids, _word_ids(opens, mask, offsets), mask, types, offsets)


def _word_ids(opens: npt.NDArray[np.bool_], special: npt.NDArray[np.uint8], offsets: Ints) -> npt.NDArray[np.int16]:
    """Number the words of every instance from 0; -1 on special tokens."""
    opens &= special == 0
    running = np.cumsum(opens, dtype=np.int32)
    base = running[offsets[:-1]] + 1
    running -= np.repeat(base, np.diff(offsets))
    word_ids = running.astype(np.int16)
    word_ids[special != 0] = -1
    return word_ids
