"""The files of a task: which of a folder are its parts, and their rows as they are written.

Out: values, each with the file and line where it stands; what they mean is for the kinds of tasks to say. Read are JSON
lines, JSON documents (lists, SQuAD's ``data``), TSV and CSV with a header, columns of tokens and tags (BIO, BMES, …),
and segmented text, one sentence a line with spaces between its words.
"""

from __future__ import annotations

import csv
import io
import itertools
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from zhprep.core.errors import DataError, UsageError
from zhprep.core.parsing import parse_json
from zhprep.core.registry import suggest

PARTS = ("train", "dev", "test")
ALIASES = {"training": "train", "valid": "dev", "validation": "dev", "devel": "dev", "testing": "test"}
SETTINGS = "task.toml"
KNOWN_SETTINGS = ("name", "kind", "columns", *PARTS)
JSON, TABLES, TEXTS = (".json", ".jsonl"), {".tsv": "\t", ".csv": ","}, (".txt", ".bio", ".bmes", ".bios", ".conll")
SUFFIXES = (*JSON, *TABLES, *TEXTS)
TEST_VERSION = re.compile(r"^test(\d+)\.(\d+)$")
"""The stem of a test file that CLUE has several of (``test1.0.json``, ``test1.1.json``)."""
TAG = re.compile(r"[BIMESLUO]|[BIMESLU][-_].+")
"""What the last column of a line of tokens and tags looks like."""


class WrittenRow(NamedTuple):
    """A row as it is written, and where: ``train.jsonl, line 3``."""

    value: Any
    where: str


class TaskLayout(NamedTuple):
    """What a folder says of itself: ``task.toml``, and the files of each part, in order."""

    folder: Path
    settings: dict[str, Any]
    parts: dict[str, list[Path]]

    @property
    def name(self) -> str:
        """The name of the task."""
        return str(self.settings.get("name", self.folder.name))

    @property
    def files(self) -> list[Path]:
        """All files that are read."""
        return [path for part in PARTS for path in self.parts.get(part, [])]


def layout_of(folder: Path) -> TaskLayout:
    """Return the parts of the task in ``folder``, or of the ``task.toml`` that is named.

    A file belongs to a part by its name (``train.json``, ``m-dev.json``, ``cmrc2018_train.json``); where there is one
    of just that name, only it does, and of samples of several sizes (``train.50k.json``) the largest, of test sets of
    several versions (``test1.1.json``) the newest. Raises ``UsageError`` when there are no training rows or none to be
    judged by.
    """
    if folder.is_file():
        folder = folder.parent
    settings = _settings(folder / SETTINGS)
    found: dict[str, list[Path]] = {}
    for part in PARTS:
        named = settings.get(part, [])
        paths = [folder / one for one in ([named] if isinstance(named, str) else named)]
        found[part] = paths or _files_of(folder, part)
    for part in PARTS[:2]:
        wrong = [path for path in found[part] if not path.is_file()]
        if wrong or not found[part]:
            what = wrong[0] if wrong else folder / f"{part}.jsonl"
            hint = (
                f"a task is a folder with train and dev ({', '.join(SUFFIXES)}), or a {SETTINGS} that names its files"
            )
            raise UsageError(f"{what} is missing", hint=hint)
    return TaskLayout(folder, settings, found)


def _settings(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(f"{path}: {error}", hint="write it as TOML, in UTF-8") from error
    if unknown := [name for name in settings if name not in KNOWN_SETTINGS]:
        raise UsageError(f"{path}: unknown setting {unknown[0]!r}", hint=suggest(unknown[0], list(KNOWN_SETTINGS)))
    return settings


def _files_of(folder: Path, part: str) -> list[Path]:
    """Return the files of ``part`` by their names."""
    paths = sorted(path for path in folder.glob("*") if path.suffix in SUFFIXES and path.is_file())
    exact = [path for path in paths if ALIASES.get(path.stem, path.stem) == part]
    if exact:
        return exact[:1] if len({path.stem for path in exact}) == len(exact) else _one_of(exact)
    if part == "test" and (versions := [path for path in paths if TEST_VERSION.search(path.stem)]):
        return [max(versions, key=lambda path: [int(number) for number in re.findall(r"\d+", path.stem)])]
    words = {path: [ALIASES.get(word, word) for word in re.split(r"[-_.]", path.stem.lower())] for path in paths}
    ours = [path for path in paths if part in words[path] and "answer" not in words[path]]
    sized = {path: int(size[1]) for path in ours if (size := re.search(r"\.(\d+)k$", path.stem))}
    return [max(sized, key=lambda path: sized[path])] if sized else ours


def _one_of(paths: list[Path]) -> list[Path]:
    raise UsageError(
        f"{paths[0].parent} has {' and '.join(path.name for path in paths)}",
        hint=f"say in {SETTINGS} which: {paths[0].stem} = {paths[0].name!r}",
    )


def rows_of(path: Path, columns: Mapping[str, str]) -> Iterator[WrittenRow]:
    """Yield the rows of ``path``; ``columns`` says how a file calls what we know by another name.

    Raises ``DataError`` with file and line for what is not as its format has it, and for a file without rows.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise DataError(f"{path}, line {line}: {error}", hint="each line is in UTF-8") from error
    reader = _json if path.suffix in JSON else _table if path.suffix in TABLES else _text
    n_rows = 0
    for row in reader(path, text):
        n_rows += 1
        value = row.value
        if columns and isinstance(value, dict):
            value = {**value, **{ours: value[theirs] for ours, theirs in columns.items() if theirs in value}}
        yield WrittenRow(value, row.where)
    if not n_rows:
        raise DataError(f"{path} is empty", hint="a task has rows to train on (train) and to be judged by (dev)")


def _json(path: Path, text: str) -> Iterator[WrittenRow]:
    document = _document(text) if path.suffix == ".json" else None
    if isinstance(document, dict) and isinstance(document.get("data"), list):
        document = document["data"]
    if isinstance(document, list):
        for number, value in enumerate(document, 1):
            yield WrittenRow(value, f"{path}, entry {number}")
        return
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            value = parse_json(line)
        except (ValueError, RecursionError) as error:
            raise DataError(f"{path}, line {number}: {error}", hint="each line is a JSON object in UTF-8") from error
        yield WrittenRow(value, f"{path}, line {number}")


def _document(text: str) -> Any:
    """Return the text as one JSON document, None where it is several lines of them (or none)."""
    try:
        return parse_json(text)
    except ValueError:
        return None


def _table(path: Path, text: str) -> Iterator[WrittenRow]:
    delimiter = TABLES[path.suffix]
    file = io.StringIO(text, newline="")
    quoted = delimiter == ","
    lines = csv.reader(file) if quoted else csv.reader(file, delimiter=delimiter, quoting=csv.QUOTE_NONE)
    header = next(lines, [])
    for fields in lines:
        if not fields:
            continue
        if len(fields) != len(header):
            raise DataError(
                f"{path}, line {lines.line_num}: {len(fields)} columns, the header has {len(header)}",
                hint=f"the header is the first line: {', '.join(header)}",
            )
        yield WrittenRow(dict(zip(header, fields, strict=True)), f"{path}, line {lines.line_num}")


def _text(path: Path, text: str) -> Iterator[WrittenRow]:
    lines = [(number, line.strip()) for number, line in enumerate(text.split("\n"), 1)]
    filled = [line.split() for _, line in lines if line]
    tagged = [len(fields) > 1 and bool(TAG.fullmatch(fields[-1])) for fields in filled[:1000]]
    if not any(tagged) or (sum(tagged) < len(tagged) / 2 and path.suffix == ".txt"):
        for number, line in lines:
            if line:
                yield WrittenRow({"words": line.split()}, f"{path}, line {number}")
        return
    for full, group in itertools.groupby(lines, key=lambda pair: bool(pair[1])):
        if full:
            yield _sentence(path, list(group))


def _sentence(path: Path, lines: list[tuple[int, str]]) -> WrittenRow:
    """Return a sentence of tokens and tags, a token a line."""
    fields = [line.split() for _, line in lines]
    for (number, line), parts in zip(lines, fields, strict=True):
        if len(parts) < 2 or not TAG.fullmatch(parts[-1]):
            raise DataError(
                f"{path}, line {number}: {line!r} is no token with its tag", hint="write: token, space, tag"
            )
    value = {"tokens": [parts[0] for parts in fields], "tags": [parts[-1] for parts in fields]}
    return WrittenRow(value, f"{path}, line {lines[0][0]}")


def answers_beside(path: Path) -> dict[str, Any]:
    """Return what stands in the file of answers beside ``path`` (``train_answer.json`` beside ``train.json``, as ChID
    has it), nothing where there is none."""
    beside = path.with_name(f"{path.stem}_answer{path.suffix}")
    if not beside.is_file():
        return {}
    document = _document(beside.read_text(encoding="utf-8"))
    if not isinstance(document, dict):
        raise DataError(f"{beside} is no JSON object", hint="it says for each blank which candidate is right")
    return document
