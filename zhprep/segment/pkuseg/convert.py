"""Turn pkuseg's model into tables that can be mapped from disk.

In: the wheel or source archive of the ``pkuseg`` package, or a folder with ``features.pkl`` and ``weights.npz``.
Out: a folder of ``.npy`` arrays, the words of its dictionary and ``model.json`` with the hashes of these. The
pickles are read by an unpickler that makes strings, numbers, lists and dicts and refuses anything else, so that a file
can hold no code.
"""

from __future__ import annotations

import hashlib
import io
import json
import pathlib
import pickle
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from zhprep.core.arrays import load_arrays
from zhprep.core.corpus.inputs import file_sha256
from zhprep.core.errors import DataError, Stopped, UsageError
from zhprep.core.mapped import Arrays
from zhprep.core.shape import fault
from zhprep.core.temporary import remove_leftovers, temporary_folder
from zhprep.segment.pkuseg.nodes import FIRST_CHARACTER, LETTER, LETTER_FEATURE, NUMBER, NUMBER_FEATURE, node_table
from zhprep.segment.pkuseg.table import FeatureTable

FORMAT = 2
DICTIONARY = "dictionary.txt"
ARRAYS = (
    "characters", "bias", "transitions", "character_scores", "pair_scores", "word_scores", "word_pair_scores",
    "words_of_states", "pair_keys", "pair_values", "word_pair_keys", "word_pair_values", "step_keys", "step_values",
)  # fmt: skip
MAX_WORD = 6
CHARACTER_KINDS = ("c", "c-1", "c1", "c-2", "c2")
PAIR_KINDS = ("c-1c", "cc1", "c-2c-1")
WORD_KINDS = ("w-1", "w1")
WORD_PAIR_KINDS = ("ww.l", "ww.r")

_TAKE = "take the wheel or source archive of pkuseg 0.0.25"

Floats = npt.NDArray[np.float64]


class _Plain(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        raise DataError(
            f"the model asks for {module}.{name}", hint="a model holds only text and numbers: do not use this file"
        )


def convert(source: str, output: str) -> dict[str, Any]:
    """Write the tables of the model in ``source`` into the folder ``output`` and return what ``model.json`` says.

    Raises ``UsageError`` when there is no model in ``source`` or ``output`` exists, ``DataError`` when the model is
    not what pkuseg writes.
    """
    folder = pathlib.Path(output)
    if folder.exists():
        raise UsageError(f"{output!r} exists", hint="name a new folder")
    found = _read(pathlib.Path(source))
    if "features.pkl" not in found or "weights.npz" not in found:
        raise UsageError(
            f"no features.pkl and weights.npz in {source!r}", hint="see `python -m zhprep.segment.pkuseg --help`"
        )
    model = _unpickle(found["features.pkl"], dict)
    _check(model)
    words = _unpickle(found["default.pkl"], str).strip().split("\n") if "default.pkl" in found else []
    arrays = _Model(model, found["weights.npz"]).arrays()
    about = {
        "format": FORMAT,
        "tags": sorted(model["tag_to_idx"], key=model["tag_to_idx"].get),
        "features": len(model["feature_to_idx"]),
        "dictionary_words": len(words),
        "sha256": {name: hashlib.sha256(data).hexdigest() for name, data in sorted(found.items())},
    }
    try:
        return _write(folder, about, arrays, words)
    except OSError as error:
        raise UsageError(f"{output!r} cannot be written: {error}", hint="name another folder") from error


def _write(folder: pathlib.Path, about: dict[str, Any], arrays: Arrays, words: list[str]) -> dict[str, Any]:
    """Write a model, whole or not at all: its ``arrays`` ``[…]``, the ``words`` of its dictionary, and ``about``, which
    is returned with the hashes of these files."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    remove_leftovers(folder.parent, of=folder.name)
    with temporary_folder(folder) as new:
        for name, array in arrays.items():
            np.save(new / f"{name}.npy", array, allow_pickle=False)
        (new / DICTIONARY).write_text("\n".join(words), "utf-8")
        about |= {"files": {path.name: file_sha256(path) for path in sorted(new.iterdir())}}
        (new / "model.json").write_text(json.dumps(about, indent=1, ensure_ascii=False) + "\n", "utf-8")
        new.replace(folder)
    return about


def _read(source: pathlib.Path) -> dict[str, bytes]:
    """Return the files of the default model in a wheel, source archive or folder by their names."""
    found: dict[str, bytes] = {}
    try:
        for name, data in _files(source):
            found.setdefault(name, data)
    except (OSError, EOFError, RuntimeError, zlib.error, zipfile.BadZipFile, tarfile.TarError) as error:
        raise UsageError(f"cannot read {str(source)!r}: {error}", hint=_TAKE) from error
    return found


def _files(source: pathlib.Path) -> Iterator[tuple[str, bytes]]:
    if source.is_dir():
        for path in sorted(source.rglob("*")):
            if _wanted(path.as_posix()):
                yield path.name, path.read_bytes()
    elif zipfile.is_zipfile(source):
        with zipfile.ZipFile(source) as archive:
            for name in sorted(archive.namelist()):
                if _wanted(name):
                    yield name.rsplit("/", 1)[-1], archive.read(name)
    else:
        with tarfile.open(source) as packed:
            for member in packed:
                content = packed.extractfile(member) if member.isfile() and _wanted(member.name) else None
                if content is not None:
                    yield member.name.rsplit("/", 1)[-1], content.read()


def _wanted(path: str) -> bool:
    return path.endswith(("/features.pkl", "/weights.npz", "dicts/default.pkl"))


def _unpickle(data: bytes, kind: type) -> Any:
    try:
        value = _Plain(io.BytesIO(data)).load()
    except (DataError, Stopped):
        raise
    except Exception as error:  # whatever altered bytes lead to
        raise DataError(f"the model cannot be read: {error}", hint=_TAKE) from error
    if not isinstance(value, kind):
        raise DataError(f"the model holds a {type(value).__name__} where a {kind.__name__} should be", hint=_TAKE)
    return value


def _check(model: dict[str, Any]) -> None:
    """Raise ``DataError`` unless ``model`` has features and tags with a number each, and words."""
    found = fault(model, {"feature_to_idx": {"*": int}, "tag_to_idx": {"*": int}, "unigram": [str]})
    for name in () if found else ("feature_to_idx", "tag_to_idx"):
        ids = model[name]
        if not ids or sorted(ids.values()) != list(range(len(ids))) or not all(isinstance(key, str) for key in ids):
            found = f"{name} does not number texts from 0"
    if found:
        raise DataError(f"features.pkl is none of pkuseg: {found}", hint=_TAKE)


class _Model:
    """The features by name and their weights, to be put in order."""

    def __init__(self, model: dict[str, Any], weights: bytes) -> None:
        self.features: dict[str, int] = model["feature_to_idx"]
        self.n_tags = len(model["tag_to_idx"])
        flat = load_arrays(pathlib.Path("weights.npz"), ["w"], hint=_TAKE, held=io.BytesIO(weights))["w"]
        n_scores = len(self.features) * self.n_tags
        if flat.dtype.kind != "f" or flat.shape != (n_scores + self.n_tags**2,):
            what = f"weights {flat.dtype}{list(flat.shape)} for {len(self.features)} features and {self.n_tags} tags"
            raise DataError(what, hint=_TAKE)
        flat = flat.astype(np.float64)
        self.weights: Floats = np.concatenate((flat[:n_scores].reshape(-1, self.n_tags), np.zeros((1, self.n_tags))))
        # The file has weights[tag, tag before]; pkuseg adds them to ones.
        self.transitions: Floats = 1.0 + flat[n_scores:].reshape(self.n_tags, self.n_tags).T
        unigrams = [word for word in model["unigram"] if 2 <= len(word) <= MAX_WORD]
        seen = {name for name in self._names("c") if len(name) == 1}.union(*unigrams)
        self.characters = np.array(sorted(map(ord, seen)), np.uint32)
        node_of = node_table(self.characters)
        self.nodes = {NUMBER_FEATURE: NUMBER, LETTER_FEATURE: LETTER}
        # Digits, letters and signs that are another node never stand for themselves.
        own = enumerate(map(chr, self.characters.tolist()), FIRST_CHARACTER)
        self.nodes |= {character: node for node, character in own if node_of[ord(character)] == node}
        self.words = sorted(word for word in unigrams if all(character in self.nodes for character in word))

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return every array of the converted model by name."""
        word_ids = {word: number for number, word in enumerate(self.words)}
        pairs = self._joined(PAIR_KINDS, ".", self.nodes)
        word_pairs = self._joined(WORD_PAIR_KINDS, "*", word_ids)
        characters = [""] * (FIRST_CHARACTER + len(self.characters))
        for name, node in self.nodes.items():
            characters[node] = name
        steps, words_of_states = self._steps(word_ids)
        return {
            "characters": self.characters,
            "bias": self.weights[0],
            "transitions": self.transitions,
            "character_scores": self._scores(CHARACTER_KINDS, characters),
            "pair_scores": self._scores(PAIR_KINDS, list(pairs)),
            "word_scores": self._scores(WORD_KINDS, self.words),
            "word_pair_scores": self._scores(WORD_PAIR_KINDS, list(word_pairs)),
            "words_of_states": words_of_states,
            **_table("pair", {left << 16 | right: number for number, (left, right) in enumerate(pairs.values())}),
            **_table(
                "word_pair", {left << 32 | right: number for number, (left, right) in enumerate(word_pairs.values())}
            ),
            **_table("step", steps),
        }

    def _names(self, kind: str) -> list[str]:
        return [feature[len(kind) + 1 :] for feature in self.features if feature.startswith(f"{kind}.")]

    def _joined(self, kinds: tuple[str, ...], between: str, ids: dict[str, int]) -> dict[str, tuple[int, int]]:
        """Return the ids of both parts of each name ``left + between + right`` that can occur, in order."""
        found = {}
        for name in sorted({name for kind in kinds for name in self._names(kind)}):
            left, _, right = name.rpartition(between) if between == "." else name.partition(between)
            if left in ids and right in ids:
                found[name] = (ids[left], ids[right])
        return found

    def _scores(self, kinds: tuple[str, ...], names: list[str]) -> Floats:
        """Return the weights of each name in each kind: float64[kinds, names + 1, tags], zeros for what is missing."""
        missing = len(self.weights) - 1
        places = [[self.features.get(f"{kind}.{name}", missing) for name in names] + [missing] for kind in kinds]
        scores: Floats = self.weights[np.array(places)]
        return scores

    def _steps(self, word_ids: dict[str, int]) -> tuple[dict[int, int], npt.NDArray[np.int32]]:
        """Return the transitions of a trie of the words (state << 16 | node: state) and the word of each state or -1,
        ``int32[N]``.

        The states of single characters are their nodes.
        """
        first = FIRST_CHARACTER + len(self.characters)
        steps: dict[int, int] = {}
        words = {}
        for word, number in word_ids.items():
            state = self.nodes[word[0]]
            for character in word[1:]:
                state = steps.setdefault(state << 16 | self.nodes[character], first + len(steps))
            words[state] = number
        of_states = np.full(first + len(steps), -1, np.int32)
        of_states[list(words)] = list(words.values())
        return steps, of_states


def _table(name: str, entries: dict[int, int]) -> dict[str, npt.NDArray[Any]]:
    """Return a table of features by hash as arrays by name: keys ``uint64[N]``, values ``int32[N]``."""
    keys = np.fromiter(entries.keys(), np.uint64, len(entries))
    table = FeatureTable.build(keys, np.fromiter(entries.values(), np.int32, len(entries)))
    return {f"{name}_keys": table.keys, f"{name}_values": table.values}
