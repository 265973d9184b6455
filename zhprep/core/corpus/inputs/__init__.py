"""Input files: found, told apart, opened as one uncompressed stream of bytes.

``find`` says what files there are and what they are, ``folders`` what is in a folder, ``promises`` what must be there,
``given`` whether two arguments give one, ``names`` what each is called, ``contents`` what their first bytes say,
``streams`` decompresses and recodes, ``opened`` keeps the stream read last, ``overlap`` tells whether what is read is
also written.
"""

from __future__ import annotations

from zhprep.core.corpus.inputs.find import (
    LINE_FORMATS,
    PLAN_SUFFIX,
    File,
    Input,
    check_promise,
    describe,
    file_sha256,
    find_files,
    find_inputs,
    open_decompressed,
    open_stdin,
    open_text,
    spool,
)  # fmt: skip
from zhprep.core.corpus.inputs.opened import borrowed
from zhprep.core.corpus.inputs.overlap import is_read, lies_in, reads
from zhprep.core.corpus.inputs.promises import MANIFEST, PLAN, SHARD
from zhprep.core.corpus.inputs.remote import (
    Stored,
    check_writable,
    exists,
    fetch_files,
    is_remote,
    open_file,
    put_new,
    size_of,
    stored_in,
)
from zhprep.core.corpus.inputs.streams import STDIN, Damaged, Hash, Hashed, Noticed, Stream

__all__ = [
    "LINE_FORMATS", "MANIFEST", "PLAN", "PLAN_SUFFIX", "SHARD", "STDIN", "Damaged", "File", "Hash", "Hashed", "Input",
    "Noticed", "Stored", "Stream", "borrowed", "check_promise", "check_writable", "describe", "exists", "fetch_files",
    "file_sha256", "find_files", "find_inputs", "is_read", "is_remote", "lies_in", "open_decompressed", "open_file",
    "open_stdin", "open_text", "put_new", "reads", "size_of", "spool", "stored_in",
]  # fmt: skip
