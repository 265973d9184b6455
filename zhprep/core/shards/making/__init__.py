"""Make the shards that are missing: one block in, one shard and one receipt out.

``maker`` is what workers do, ``place`` where in its block each is, ``quarantine`` finds what kills them,
``watch`` tells how far they are, ``job`` does the whole.
"""

from __future__ import annotations

from zhprep.core.shards.making.job import Output, run_job
from zhprep.core.shards.making.maker import BlockJob
from zhprep.core.shards.making.place import Note, numbers, read_failed, read_made, read_note

__all__ = ["BlockJob", "Note", "Output", "numbers", "read_failed", "read_made", "read_note", "run_job"]
