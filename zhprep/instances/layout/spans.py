"""Spans of entities or phrases from a file, as any tagger gives them, so that their words are masked as one (ERNIE).

In: a file of JSON lines and documents with their words. Out: runs of words. A line is a document:
``{"doc": "news.txt:1", "spans": [[[0, 4, "ORG"]], [], [[2, 5]]]}``, a list for each sentence of the ``text`` or
``words`` table that was tagged, of begin and end in code points of that sentence; more behind them, such as a kind, is
not looked at. ``"spans": []`` says that there are none.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import IO, Any

import numpy as np
import pyarrow as pa

from zhprep.core.ragged import Ints, rows_of
from zhprep.core.report import Account
from zhprep.instances.layout.align import CharacterWords
from zhprep.instances.layout.entities import Run, longest
from zhprep.instances.layout.lines import DocumentLines


class SpanFile:
    """The spans in the file at ``path``, by document.

    Raises ``DataError`` for a file that cannot be read, a line that names no document, or two that name the same.
    """

    def __init__(self, path: str) -> None:
        example = '{"doc": "news.txt:1", "spans": [[[0, 4, "ORG"]], []]}'
        self._lines = DocumentLines(path, example, '{"doc": …, "spans": []}')

    def __len__(self) -> int:
        return len(self._lines)

    def runs(self, documents: pa.RecordBatch, words: CharacterWords, account: Account) -> list[Run]:
        """Return the runs of words that spans cover, in order, and count those that cut a word or overlap.

        Raises ``DataError`` for a document that has no line and for a line that does not fit its document.
        """
        with self._lines.open() as file:
            spans = np.array(list(self._spans(file, documents, words.bases)), np.int64).reshape(-1, 2)
        edges = np.append(words.starts, words.n_characters)
        first, last = np.searchsorted(edges, spans[:, 0]), np.searchsorted(edges, spans[:, 1])
        whole = (edges[first] == spans[:, 0]) & (edges[last] == spans[:, 1])
        found = list(zip(first[whole].tolist(), (first - last)[whole].tolist(), strict=True))
        taken = longest(found)
        account.count(entity_spans=len(spans))
        account.drop("spans.cut_a_word", len(spans) - len(found))
        account.drop("spans.overlapping", len(found) - len(taken))
        return taken

    def _spans(self, file: IO[bytes], documents: pa.RecordBatch, bases: Ints) -> Iterator[tuple[int, int]]:
        """Yield the spans of ``documents``, in characters of the whole batch; ``bases`` ``int64[S + 1]``: where its
        sentences begin."""
        rows = rows_of(documents["sentences"]).tolist()
        begins: list[int] = bases.tolist()
        for number, name in enumerate(documents["doc"].to_pylist()):
            place = self._lines.place(name)
            sentences = self._lines.read(file, place, name).get("spans")
            if not isinstance(sentences, list):
                raise self._lines.error(place, "has no list 'spans'", self._lines.hint)
            first, last = rows[number : number + 2]
            if sentences and len(sentences) != last - first:
                told = f"{len(sentences)} lists of spans for the {last - first} sentences of {name!r}"
                raise self._lines.error(place, told, "tag the sentences of the table that instances are made of")
            for sentence, spans in enumerate(sentences, first):
                for start, stop in self._checked(spans, place, begins[sentence + 1] - begins[sentence], name):
                    yield begins[sentence] + start, begins[sentence] + stop

    def _checked(self, spans: Any, place: int, length: int, name: str) -> Iterator[tuple[int, int]]:
        for span in spans if isinstance(spans, list) else [spans]:
            fits = isinstance(span, list) and len(span) > 1 and type(span[0]) is type(span[1]) is int
            if not fits or not 0 <= span[0] < span[1] <= length:
                shown = json.dumps(span, ensure_ascii=False)
                told = f"{shown} is no span in a sentence of {length} characters of {name!r}"
                raise self._lines.error(place, told, "[begin, end, kind] in code points, the end not included")
            yield span[0], span[1]
