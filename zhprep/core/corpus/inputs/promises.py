"""What the manifests of folders of ours promise of the shards that lie there, on a disk or in an object store."""

from __future__ import annotations

import json
import re
from pathlib import Path

from zhprep.core.corpus.inputs.remote import exists, find_remote, is_remote, open_file
from zhprep.core.errors import DataError
from zhprep.core.seal import check_sealed, read_sealed

_SHARD = re.compile(r"/data-\d{5,}-of-\d{5,}\.arrow$")


def promised_by(folder: str) -> dict[str, str]:
    """Return the sha256 that the manifest of a folder of ours promises for each of its shards.

    Raises ``DataError`` for a folder of ours that has no manifest: reading half of it would be silent.
    """
    if is_remote(folder):
        return _promised_remotely(folder)
    place = Path(folder or ".")
    if not (place / "manifest.json").exists():
        if (place / "plan.json").exists() and any(place.glob("data-*-of-*.arrow")):
            raise DataError(
                f"{place}: is unfinished", hint="run the command that makes it again, it goes on where it stopped"
            )
        return {}
    try:
        manifest = json.loads((place / "manifest.json").read_bytes())
        promised = {shard["name"]: shard["sha256"] for shard in manifest["shards"]}
    except (ValueError, KeyError, TypeError):  # somebody else's manifest.json
        return {}
    read_sealed(place / "manifest.json")
    return promised


def _promised_remotely(folder: str) -> dict[str, str]:
    """Return the sha256 that the manifest of a folder of ours in an object store promises for each of its shards.

    Raises ``DataError`` for one that is unfinished, or whose manifest was changed or is none.
    """
    manifest = f"{folder}/manifest.json"
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
            hint = "copy it again, or run the command that made the folder again"
            raise DataError(f"{manifest}: is damaged: {error}", hint=hint) from error
        return {}  # somebody else's manifest.json
    check_sealed(manifest, data, value)
    return promised


def _is_ours(folder: str) -> bool:
    """Whether there is a plan in a folder of an object store, and a shard."""
    return exists(f"{folder}/plan.json") and any(_SHARD.search(path) for path, _ in find_remote(f"{folder}/"))
