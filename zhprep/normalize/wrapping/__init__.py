"""Join the lines that the width of a page broke: e-books, mail and laws that were wrapped at so many columns.

In: documents whose sentences are raw lines. Out: the same with fewer and longer lines. Whether a document was wrapped
is seen from its own lines: those that end within a clause are as long as the width lets them be, hardly one is longer,
and their borders fall anywhere, not only after punctuation as those of verse do. In such a document a line is joined
to the next if the beginning of that one would not have fitted on it (a program that wraps fills its lines); never
across an indent, nor to an item of a list, an article, a numbered heading or a line of a table. A line that ends as a
sentence does is joined only where paragraphs are marked by indents, or where the next begins with what belongs to it
(” or 。).

    layout.py    what of a line tells whether it was broken
    document.py  which documents were wrapped, and at what width
    joints.py    which lines are joined, and by what
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from zhprep.core import arrow
from zhprep.core.report import Account
from zhprep.normalize import marks
from zhprep.normalize.characters import Positions
from zhprep.normalize.text import LINE, Text
from zhprep.normalize.wrapping.document import Documents
from zhprep.normalize.wrapping.joints import Joints
from zhprep.normalize.wrapping.layout import Layout

SAMPLE = 8192
"""Characters at the beginning of a batch that are looked at when nothing is joined."""

OPEN = 0.3
"""Share of lines that end within a clause, above which a closer look is taken."""


def unwrap(text: Text, counts: Positions, account: Account) -> tuple[Text, Positions]:
    """Return ``text`` with its broken lines joined, and how many lines each document now has.

    ``counts`` int ``[documents]`` are the lines of each as read. Joined lines count as dropped sentences, white space
    at the joints as dropped characters, spaces put there as inserted ones.
    """
    if not counts.any():
        return text, counts
    joints = _joints(text, counts)
    if not joints.after.size:
        return text, counts
    account.drop("sentences.unwrapped", joints.after.size)
    document = np.repeat(np.arange(counts.size), counts)[joints.line]
    return joints.apply(text, account), counts - np.bincount(document, minlength=counts.size)


def look(text: Text, counts: Positions, account: Account) -> None:
    """Note in ``account`` how many lines at the beginning of a batch seem to be broken, of how many."""
    ends = np.flatnonzero(text.codes[:SAMPLE] == LINE)
    account.seen.update(lines_looked_at=ends.size)
    n_open = np.count_nonzero(marks.kinds(True)[text.codes[ends - 1]] <= marks.CHINESE)
    if n_open <= OPEN * ends.size:  # so end those of most text, and no more need be asked
        return
    some = Text(text.codes[: ends[-1]], text.alphabet)
    upto = np.minimum(np.cumsum(counts), ends.size)
    joints = _joints(some, np.diff(upto, prepend=0))
    account.seen.update(broken_lines=joints.after.size)


def line_counts(batch: pa.RecordBatch) -> Positions:
    """Return how many lines each document of a ``text`` batch has."""
    counts: Positions = arrow.sizes(batch.column("sentences"))
    return counts


def _joints(text: Text, counts: Positions) -> Joints:
    """Return the ends of lines that a width may have broken, of documents of ``counts`` lines (``intp[D]``)."""
    starts, _ = text.bounds
    line = np.append(0, np.cumsum(text.codes[starts[1:] - 1] == LINE))  # of the input, in which others may be inside
    of_line = np.repeat(np.arange(counts.size), counts)[line]
    number = np.cumsum(np.diff(of_line, prepend=of_line[0]) > 0)
    return Joints.find(Documents(Layout.of(text), number), line)
