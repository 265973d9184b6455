"""What the manifests of folders of ours promise of the shards that lie there, on a disk or in an object store."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from pathlib import Path

from zhprep.core.corpus.inputs.remote import exists, find_remote, is_remote, open_file
from zhprep.core.errors import DataError
from zhprep.core.seal import check_sealed, read_sealed

MANIFEST, PLAN = "manifest.json", "plan.json"
SHARD = re.compile(r"data-\d{5,}-of-\d{5,}\.arrow")
"""Names of files in folders of ours."""

_AGAIN = "copy it again, or run the command that made the folder again"


class Promises:
    """What the manifests of folders promise, each read when it is first asked for."""

    def __init__(self) -> None:
        self._of: dict[str, dict[str, str]] = {}

    def sha256_of(self, path: str) -> str:
        """Return the sha256 that a manifest promises for a file, or ``""``.

        Raises ``DataError`` for a shard that the manifest beside it does not know, and as :func:`promised_by`.
        """
        folder, name = os.path.split(path)
        promised = self._in(folder)
        if promised and name not in promised and SHARD.fullmatch(name):
            raise DataError(
                f"{path}: is a shard that the manifest beside it does not name", hint="move it to a folder of its own"
            )
        return promised.get(name, "")

    def check_whole(self, there: Iterable[str]) -> None:
        """Raise ``DataError`` where a shard that a manifest promises is missing in ``there``, all files of a folder."""
        found = set(there)
        for folder in sorted(os.path.dirname(path) for path in found if os.path.basename(path) == MANIFEST):
            for shard in self._in(folder):
                if (missing := os.path.join(folder, shard)) not in found:
                    raise DataError(f"{missing}: is not there, though {MANIFEST} names it", hint=_AGAIN)

    def _in(self, folder: str) -> dict[str, str]:
        if folder not in self._of:
            self._of[folder] = promised_by(folder)
        return self._of[folder]


def promised_by(folder: str) -> dict[str, str]:
    """Return the sha256 that the manifest of a folder of ours promises for each of its shards.

    Raises ``DataError`` for a folder of ours that has no manifest: reading half of it would be silent.
    """
    if is_remote(folder):
        return _promised_remotely(folder)
    place = Path(folder or ".")
    if not (place / MANIFEST).exists():
        if (place / PLAN).exists() and any(place.glob("data-*-of-*.arrow")):
            raise DataError(
                f"{place}: is unfinished", hint="run the command that makes it again, it goes on where it stopped"
            )
        return {}
    try:
        manifest = json.loads((place / MANIFEST).read_bytes())
        promised = {shard["name"]: shard["sha256"] for shard in manifest["shards"]}
    except (ValueError, KeyError, TypeError):  # somebody else's manifest.json
        return {}
    read_sealed(place / MANIFEST)
    return promised


def _promised_remotely(folder: str) -> dict[str, str]:
    """Return the sha256 that the manifest of a folder of ours in an object store promises for each of its shards.

    Raises ``DataError`` for one that is unfinished, or whose manifest was changed or is none.
    """
    manifest = f"{folder}/{MANIFEST}"
    if not exists(manifest):
        if _is_ours(folder):
            raise DataError(f"{folder}: is unfinished", hint="finish it where it is made, then copy it again")
        return {}
    with open_file(manifest) as file:
        data = file.read()
    try:
        value = json.loads(data)
        promised = {shard["name"]: shard["sha256"] for shard in value["shards"]}
    except (ValueError, KeyError, TypeError) as error:
        if _is_ours(folder):  # on a disk its shards are refused as they are opened
            raise DataError(f"{manifest}: is damaged: {error}", hint=_AGAIN) from error
        return {}  # somebody else's manifest.json
    check_sealed(manifest, data, value)
    return promised


def _is_ours(folder: str) -> bool:
    """Whether there is a plan in a folder of an object store, and a shard."""
    return exists(f"{folder}/{PLAN}") and any(
        SHARD.fullmatch(os.path.basename(path)) for path, _ in find_remote(f"{folder}/")
    )
