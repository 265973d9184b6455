"""Shards: how results reach the disk, whole or not at all, and how they are read again.

``commit`` makes files appear at once, ``folder`` knows what lies in an output folder (plan, receipts,
manifest), ``job`` makes what is missing, ``reading`` maps what is there.
"""

from __future__ import annotations

from zhprep.core.shards.folder import Folder, content_sha256
from zhprep.core.shards.job import BlockJob, Output, run_job
from zhprep.core.shards.reading import open_batches, open_table, read_manifest, verify

__all__ = [
    "BlockJob",
    "Folder",
    "Output",
    "content_sha256",
    "open_batches",
    "open_table",
    "read_manifest",
    "run_job",
    "verify",
]  # fmt: skip
