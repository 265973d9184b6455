"""Input files: found, told apart, opened as one uncompressed stream of bytes.

``find`` says what files there are and what they are, ``streams`` decompresses and recodes, ``opened`` keeps the stream
read last, ``overlap`` tells whether what is read is also written.
"""

from __future__ import annotations

from zhprep.core.corpus.inputs.find import (
    LINE_FORMATS,
    STDIN,
    Input,
    check_promise,
    describe,
    file_sha256,
    find_inputs,
    open_decompressed,
    open_stdin,
    open_text,
    spool,
)  # fmt: skip
from zhprep.core.corpus.inputs.opened import borrowed
from zhprep.core.corpus.inputs.overlap import is_read, lies_in, reads
from zhprep.core.corpus.inputs.streams import Damaged, Hash, Hashed, Noticed, Stream

__all__ = [
    "LINE_FORMATS", "STDIN", "Damaged", "Hash", "Hashed", "Input", "Noticed", "Stream", "borrowed", "check_promise",
    "describe", "file_sha256", "find_inputs", "is_read", "lies_in", "open_decompressed", "open_stdin", "open_text",
    "reads", "spool",
]  # fmt: skip
