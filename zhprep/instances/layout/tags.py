"""Tags of words from a file, as any tagger gives them (LERT, arXiv:2211.05344): part of speech, entity, dependency.

In: a file of JSON lines and documents. Out: for each kind a column along the tokens. The first line says which kinds
there are and all tags of each; their order numbers them::

    {"tags": {"pos": ["n", "v", "wp"], "ner": ["O", "S-Ns"]}}
    {"doc": "news.txt:1", "pos": [[[0, 2, "n"], [2, 3, "v"]], []], "ner": [[[0, 2, "S-Ns"], [2, 3, "O"]], []]}

A line is a document: for each kind a list for each sentence of the ``text`` or ``words`` table that was tagged, of
begin and end in code points of that sentence and a tag. The tagger's words need not be those of the segmenter: a token
has the tag of the tagged word that its first character is in. ``[]`` for a kind says that the document has none.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import IO, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zhprep.core.errors import DataError
from zhprep.core.parsing import parse_json
from zhprep.core.ragged import Ints, rows_of
from zhprep.core.report import Account
from zhprep.instances.layout.align import CharacterWords, Places
from zhprep.instances.layout.lines import DocumentLines

TAG_COLUMNS = {"pos": "pos_tags", "ner": "ner_tags", "dep": "dep_tags"}
"""The column of each kind of tags: part of speech, entity, dependency relation."""

MOST_TAGS = 255
_EXAMPLE = '{"doc": "news.txt:1", "pos": [[[0, 2, "n"], [2, 3, "v"]], []]}'
_HEAD = 'the first line says all tags: {"tags": {"pos": ["n", "v"], "ner": ["O", "S-Ns"]}}'


def read_tag_sets(path: str) -> dict[str, list[str]]:
    """Return the tags of each kind that the file at ``path`` says it has, in the order in which they are numbered.

    Raises ``DataError`` for a file that cannot be read or does not begin with them.
    """
    try:
        with open(path, "rb") as file:
            line = next((line for line in file if line.strip()), b"")
        sets: dict[str, list[str]] = parse_json(line)["tags"]
    except OSError as error:
        raise DataError(f"cannot read tags from {path}: {error.strerror}", hint=_HEAD) from error
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path}: does not begin with its tags", hint=_HEAD) from error
    if not isinstance(sets, dict) or not sets or (unknown := [kind for kind in sets if kind not in TAG_COLUMNS]):
        told = f"{path}: has tags of the kind {unknown[0]!r}" if isinstance(sets, dict) and sets else f"{path}: no tags"
        raise DataError(told, hint=f"kinds are {', '.join(TAG_COLUMNS)}; {_HEAD}")
    for kind, tags in sets.items():
        names = isinstance(tags, list) and all(isinstance(tag, str) for tag in tags)
        if not names or not 0 < len(tags) <= MOST_TAGS or len(set(tags)) < len(tags):
            raise DataError(
                f"{path}: the tags of the kind {kind!r} are no list of up to {MOST_TAGS} different texts", hint=_HEAD
            )
    return sets


class TagFile:
    """The tags in the file at ``path``, by document; ``kinds`` are those it has, in the order of their columns.

    Raises ``DataError`` for a file that cannot be read, does not begin with its tags, has a line that names no
    document, or two that name the same.
    """

    def __init__(self, path: str) -> None:
        sets = read_tag_sets(path)
        self._numbers = {
            kind: {tag: number for number, tag in enumerate(sets[kind], 1)} for kind in TAG_COLUMNS if kind in sets
        }
        self._lines = DocumentLines(path, _EXAMPLE, '{"doc": …, "pos": [], …}', headed=True)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of tags that the file has."""
        return tuple(self._numbers)

    def columns(
        self, documents: pa.RecordBatch, words: CharacterWords, places: Places, account: Account
    ) -> dict[str, npt.NDArray[np.uint8]]:
        """Return for each kind the tag of each token, counted from 1, 0 where it has none: ``uint8[T]``. Words whose
        first character has no tag are counted.

        Raises ``DataError`` for a document that has no line and for a line that does not fit its document.
        """
        tags = {kind: np.zeros(words.n_characters, np.uint8) for kind in self._numbers}
        with self._lines.open() as file:
            for kind, start, stop, number in self._tagged(file, documents, words.bases):
                tags[kind][start:stop] = number
        for kind, values in tags.items():
            account.count(**{f"words_without_{kind}_tag": int(np.count_nonzero(values[words.starts] == 0))})
        return {TAG_COLUMNS[kind]: values[places.first] for kind, values in tags.items()}

    def _tagged(self, file: IO[bytes], documents: pa.RecordBatch, bases: Ints) -> Iterator[tuple[str, int, int, int]]:
        """Yield kind, begin, end and number of each tag of ``documents``, in characters of the whole batch; ``bases``
        ``int64[S + 1]``: where its sentences begin."""
        rows = rows_of(documents["sentences"]).tolist()
        begins: list[int] = bases.tolist()
        for number, name in enumerate(documents["doc"].to_pylist()):
            place = self._lines.place(name)
            line = self._lines.read(file, place, name)
            first, last = rows[number : number + 2]
            for kind in self._numbers:
                for sentence, tagged in enumerate(self._sentences(line, kind, place, last - first), first):
                    begin = begins[sentence]
                    for start, stop, tag in self._checked(tagged, kind, place, begins[sentence + 1] - begin):
                        yield kind, begin + start, begin + stop, tag

    def _sentences(self, line: Mapping[str, Any], kind: str, place: int, n_sentences: int) -> list[Any]:
        sentences = line.get(kind)
        if not isinstance(sentences, list):
            raise self._lines.error(place, f"has no list {kind!r}", self._lines.hint)
        if sentences and len(sentences) != n_sentences:
            told = f"{len(sentences)} lists of {kind!r} for the {n_sentences} sentences of {line['doc']!r}"
            raise self._lines.error(place, told, "tag the sentences of the table that instances are made of")
        return sentences

    def _checked(self, tagged: Any, kind: str, place: int, length: int) -> Iterator[tuple[int, int, int]]:
        """Yield begin, end and number of the tags of one sentence of ``length`` characters."""
        free, numbers = 0, self._numbers[kind]
        for one in tagged if isinstance(tagged, list) else [tagged]:
            fits = isinstance(one, list) and len(one) > 2 and type(one[0]) is type(one[1]) is int
            if not fits or not free <= one[0] < one[1] <= length:
                shown = json.dumps(one, ensure_ascii=False)
                told = f"{shown} is no tagged word of {kind!r} from {free} to {length}"
                hint = "[begin, end, tag] in code points, the end not included, from left to right, none over another"
                raise self._lines.error(place, told, hint)
            if one[2] not in numbers:
                shown = json.dumps(one[2], ensure_ascii=False)
                raise self._lines.error(place, f"the tag {shown} of {kind!r} is not among those of line 1", _HEAD)
            free = one[1]
            yield one[0], one[1], numbers[one[2]]
