"""Which text a folder goes back to, whatever was made of it on the way: the same documents have the same origin.

Words found by one segmenter and by another are other inputs, and yet of one text: who compares what was made of both
has to know that.
"""

from __future__ import annotations

import hashlib
import os
from typing import Any

from zhprep.core.corpus import Corpus
from zhprep.core.seal import json_bytes
from zhprep.core.shards.manifest import manifests_of


def origin_of(corpus: Corpus, config: dict[str, Any]) -> str:
    """Return the hash of the first inputs that ``corpus`` was made of, of how they were read and how they were cleaned:
    here, if ``config`` (of the stages) says so, or before.

    Blocks, file names and segmenters are no part of it. Of a folder of ours of which some shards are missing it is not
    known, and the inputs are their own origin.
    """
    before = _made_of(corpus)
    if before:
        return before
    plan = corpus.as_dict()
    facts = [sorted(one["sha256"] for one in plan["inputs"]), plan["read"], config.get("normalize")]
    return hashlib.sha256(json_bytes(facts)).hexdigest()


def _made_of(corpus: Corpus) -> str:
    """Return the origin that the manifest of the folder of ``corpus`` says, if that is one folder and whole."""
    manifests = manifests_of(corpus)
    if len(manifests) != 1:
        return ""
    (manifest,) = manifests
    names = {os.path.basename(source.path) for source in corpus.inputs}
    whole = {shard["name"] for shard in manifest.get("shards", ())} == names
    return str(manifest.get("origin", "")) if whole else ""
