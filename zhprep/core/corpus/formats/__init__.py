"""What files hold: lines of text (``lines``, ``columns``) or rows of a table (``rows``), and how much (``weights``)."""

from __future__ import annotations

from zhprep.core.corpus.formats.columns import BadRow, Columns, check_columns, read_header
from zhprep.core.corpus.formats.divide import counted
from zhprep.core.corpus.formats.lines import (
    Flags,
    Ints,
    Lines,
    LineScanner,
    first_undecodable,
    looks_segmented,
    strings,
)  # fmt: skip
from zhprep.core.corpus.formats.parts import ENDLESS, runs
from zhprep.core.corpus.formats.rows import BATCH, BLANK, RowHash, bytes_of, open_arrow, open_rows, row_weights
from zhprep.core.corpus.formats.weights import weigh

__all__ = [
    "BATCH", "BLANK", "ENDLESS", "BadRow", "Columns", "Flags", "Ints", "LineScanner", "Lines", "RowHash", "bytes_of",
    "check_columns", "counted", "first_undecodable", "looks_segmented", "open_arrow", "open_rows", "read_header",
    "row_weights", "runs", "strings", "weigh",
]  # fmt: skip
