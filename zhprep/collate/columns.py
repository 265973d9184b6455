"""The columns that a batch may have, one line each. What runs along one axis is as long and is padded alike.

A column that is not here cannot be batched; adding one is adding its line.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

IGNORED = -100
"""The label of what is not to be predicted."""


class Axis(NamedTuple):
    """What columns run along.

    ``leader`` is the list column whose rows say how long the axis is in each row; an axis without one is not cut into
    rows. ``mask`` (bool, True on what is real), ``cu_seqlens`` and ``position_ids`` are the names of what is made for
    it; ``slotted`` says that it is padded at its end, to a multiple of the batch's slots.
    """

    name: str
    leader: str = ""
    mask: str = ""
    cu_seqlens: str = ""
    position_ids: str = ""
    slotted: bool = False


class Column(NamedTuple):
    """Of a column its axis, what padding holds (a number, or which setting of ``Padding`` says it), and its dtype.

    ``points_to`` is the axis that its values are places on: within their row for a list column, else in all rows laid
    end to end.
    """

    axis: Axis
    fill: int | str = 0
    dtype: type[Any] = np.int64
    points_to: Axis | None = None


TOKEN = Axis("token", "input_ids", "attention_mask", "cu_seqlens", "position_ids")
COARSE = Axis("coarse token", "coarse_input_ids", "coarse_attention_mask", "coarse_cu_seqlens", "coarse_position_ids")
TARGET = Axis("target token", "labels", "", "target_cu_seqlens", "target_position_ids")
NGRAM = Axis("n-gram token", "ngram_input_ids", "ngram_attention_mask", "ngram_cu_seqlens", "ngram_position_ids")
CHARACTER = Axis("character", "char_tokens")
CANDIDATE = Axis("candidate", "candidate_ids")
COARSE_CANDIDATE = Axis("coarse candidate", "coarse_candidate_ids")
MASKED = Axis("masked token", slotted=True)
COARSE_MASKED = Axis("masked coarse token", slotted=True)
ROW = Axis("row")
BATCH = Axis("batch")

AXES = (TOKEN, COARSE, TARGET, CHARACTER, CANDIDATE, COARSE_CANDIDATE, NGRAM)
"""The axes that are cut into rows."""

COLUMNS: dict[str, Column] = {
    "input_ids": Column(TOKEN, "pad_id"),
    "token_type_ids": Column(TOKEN),
    "word_ids": Column(TOKEN, -1),
    "special_tokens_mask": Column(TOKEN, 1),
    "pinyin_ids": Column(TOKEN),
    "pos_tags": Column(TOKEN),
    "ner_tags": Column(TOKEN),
    "dep_tags": Column(TOKEN),
    "lang_ids": Column(TOKEN),
    "next_tokens": Column(TOKEN, IGNORED),
    "coarse_input_ids": Column(COARSE, "coarse_pad_id"),
    "coarse_token_type_ids": Column(COARSE),
    "coarse_of": Column(TOKEN, -1, points_to=COARSE),
    "whole_input_ids": Column(TOKEN, "pad_id"),
    "context_input_ids": Column(TOKEN, "pad_id"),
    "ngram_input_ids": Column(NGRAM, "pad_id"),
    "labels": Column(TARGET, IGNORED),
    "masked_positions": Column(MASKED, points_to=TOKEN),
    "masked_labels": Column(MASKED, IGNORED),
    "masked_places": Column(MASKED, IGNORED),
    "coarse_masked_positions": Column(COARSE_MASKED, points_to=COARSE),
    "coarse_masked_labels": Column(COARSE_MASKED, IGNORED),
    "next_sentence_label": Column(ROW),
    "sentence_order_label": Column(ROW),
    "label": Column(ROW),
    "target": Column(ROW, dtype=np.float32),
    "char_tokens": Column(CHARACTER, -1, points_to=TOKEN),
    "char_places": Column(CHARACTER),
    "char_labels": Column(CHARACTER, IGNORED),
    "answer_start": Column(ROW),
    "answer_end": Column(ROW),
    "candidate_ids": Column(CANDIDATE, -1),
    "coarse_candidate_ids": Column(COARSE_CANDIDATE, -1),
    "blank_begin": Column(ROW),
    "coarse_blank_begin": Column(ROW),
    "example": Column(ROW),
    "prefix_length": Column(ROW),
    "instance_id": Column(ROW),
    "dupe": Column(ROW),
    "keys": Column(ROW),
    "progress": Column(BATCH, dtype=np.float32),
}
"""Every column by name. ``cu_seqlens`` is none of these: it says where the sequences of packed rows begin."""
