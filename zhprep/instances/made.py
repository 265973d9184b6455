"""What a folder of instances was made with.

In: the folder and its manifest. Out: the settings. The table of similar words that dynamic masks are drawn from lies in
the folder, like the tokenizer, so that the data can be moved and masked without anything else.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from zhprep.core import config as settings
from zhprep.instances.config import InstancesConfig

SIMILAR_WORDS = "similar-words.tsv"
"""The table of similar words inside an instances folder; the name is ours, never one that a manifest says."""


def made_with(folder: Path, manifest: dict[str, Any]) -> InstancesConfig:
    """Return the settings in the manifest of ``folder``; raises ``UsageError`` for one that this version has not."""
    config = settings.build(InstancesConfig, manifest["config"]["instances"], where=f"the manifest of {folder}")
    if config.similar_words is None:
        return config
    return dataclasses.replace(config, similar_words=str(folder / SIMILAR_WORDS))
