"""Make the shards that are missing: one block in, one shard and one receipt out.

``maker`` is what workers do, ``place`` where in its block each is, ``quarantine`` finds what kills them, ``job`` does
the whole.
"""

from __future__ import annotations

from zhprep.core.shards.making.job import Output, run_job
from zhprep.core.shards.making.maker import BlockJob
from zhprep.core.shards.making.place import Note, read_note

__all__ = ["BlockJob", "Note", "Output", "read_note", "run_job"]
