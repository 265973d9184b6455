"""The folders of ours that a corpus is read from, on a disk or in an object store, and what they say of themselves."""

from __future__ import annotations

import os
from typing import Any

from zhprep.core.corpus import Corpus
from zhprep.core.corpus.inputs import exists
from zhprep.core.shards.folder import SHARD
from zhprep.core.shards.manifest import MANIFEST, load_manifest


def manifests_of(corpus: Corpus) -> list[dict[str, Any]]:
    """Return the manifests of the folders of ``corpus``, in the order of their names; none unless all its inputs are
    shards in folders that have one.

    Raises ``DataError`` for a manifest that is not as it was written, ``UsageError`` for a store that fails.
    """
    if not all(SHARD.fullmatch(os.path.basename(source.path)) for source in corpus.inputs):
        return []  # what is called so beside them is somebody else's
    folders = sorted({os.path.dirname(source.path) or "." for source in corpus.inputs})
    if not all(exists(f"{folder}/{MANIFEST}") for folder in folders):
        return []
    return [load_manifest(folder) for folder in folders]
