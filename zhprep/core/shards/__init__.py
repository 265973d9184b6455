"""Shards: how results reach the disk, whole or not at all, and how they are read again.

``commit`` makes files appear at once, ``folder`` knows what lies in an output folder (plan, receipts,
manifest), ``making`` makes what is missing, ``reading`` maps what is there.
"""

from __future__ import annotations

from zhprep.core.corpus.inputs import MANIFEST, PLAN, SHARD
from zhprep.core.shards.claim import Claim, check_way
from zhprep.core.shards.commit import committed, read_json, sync_folder, write_json
from zhprep.core.shards.folder import (
    FAILED,
    QUARANTINE,
    RECEIPTS,
    WORKING,
    Folder,
    content_sha256,
    open_folder,
)
from zhprep.core.shards.making import (
    BlockJob,
    Note,
    Output,
    numbers,
    read_failed,
    read_made,
    read_note,
    run_job,
)
from zhprep.core.shards.manifest import (
    add_files,
    check_covered,
    check_files,
    differing_files,
    facts_of_files,
    holds_rows,
    is_trusting,
    load_manifest,
    manifests_of,
    sha256_of,
    trusting,
    write_manifest,
)  # fmt: skip
from zhprep.core.shards.reading import check_folder, open_batches, open_shards, open_table, read_manifest, verify
from zhprep.core.shards.versions import check_versions, dependency_versions, versions_here
from zhprep.core.temporary import remove_leftovers, temporary_folder, temporary_name

__all__ = [
    "FAILED",
    "MANIFEST",
    "PLAN",
    "QUARANTINE",
    "RECEIPTS",
    "SHARD",
    "WORKING",
    "BlockJob",
    "Claim",
    "Folder",
    "Note",
    "Output",
    "add_files",
    "check_covered",
    "check_files",
    "check_folder",
    "check_versions",
    "check_way",
    "committed",
    "content_sha256",
    "dependency_versions",
    "differing_files",
    "facts_of_files",
    "holds_rows",
    "is_trusting",
    "load_manifest",
    "manifests_of",
    "numbers",
    "open_batches",
    "open_folder",
    "open_shards",
    "open_table",
    "read_failed",
    "read_json",
    "read_made",
    "read_manifest",
    "read_note",
    "remove_leftovers",
    "run_job",
    "sha256_of",
    "sync_folder",
    "temporary_folder",
    "temporary_name",
    "trusting",
    "verify",
    "versions_here",
    "write_json",
    "write_manifest",
]  # fmt: skip
