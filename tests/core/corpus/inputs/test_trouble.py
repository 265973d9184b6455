"""What the system refuses (memory, a disk, a network) is no damage of the input: it is told, with its name, and nothing
is left out for it."""

from __future__ import annotations

import errno
import io
import os
import random
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import zstandard
from command_line import zhprep
from plain_reader import DOCUMENTS, corpus_of, lines_of, text_of, write_arrow, write_parquet
from plain_tasks import make_input, make_job

from zhprep.core.corpus import ReadConfig, read_input
from zhprep.core.corpus.formats import rows
from zhprep.core.corpus.inputs import describe, open_file
from zhprep.core.errors import UsageError
from zhprep.core.report import Account
from zhprep.core.shards import Output, run_job

NOWHERE = "/proc/self/mem"
"""A file whose beginning cannot be read (EIO)."""

pytestmark = pytest.mark.skipif(not os.path.exists(NOWHERE), reason="needs /proc")


LITTLE_MEMORY = """
import re, resource, sys
from pathlib import Path
from zhprep.core.corpus.inputs import describe, open_decompressed

source = describe(sys.argv[1], encoding="utf-16")
held = int(re.search(r"VmSize:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) << 10
resource.setrlimit(resource.RLIMIT_AS, (held + (64 << 20), resource.getrlimit(resource.RLIMIT_AS)[1]))
try:
    with open_decompressed(source) as stream:
        stream.read(1)
except MemoryError as error:
    print(error)
"""
"""In a process of its own: one that has trained a model keeps what it frees, and may have room for more than the limit."""


def gone(path: Path) -> None:
    """Put in the place of a file one that cannot be read."""
    path.unlink()
    path.symlink_to(NOWHERE)


class Failing(io.FileIO):
    """A file that fails with ``error`` once it has been read from ``good`` times."""

    error: Exception
    good = 0

    def readinto(self, buffer: Any, /) -> int:
        if self.good == 0:
            raise self.error
        self.good -= 1
        return super().readinto(buffer)


def test_compressed_text_for_which_there_is_no_memory(tmp_path: Path) -> None:
    settings = zstandard.ZstdCompressionParameters(window_log=29, compression_level=1)
    packer = zstandard.ZstdCompressor(compression_params=settings).compressobj()
    path = tmp_path / "x.txt.zst"
    path.write_bytes(packer.compress(random.Random(1).randbytes(1 << 20) * 2) + packer.flush())
    told = subprocess.run(
        [sys.executable, "-c", LITTLE_MEMORY, path], capture_output=True, text=True, check=True
    ).stdout
    assert re.search(r"x\.txt\.zst: .*not enough memory", told)


TROUBLE = {
    **{errno.errorcode[number]: (OSError, number, os.strerror(number)) for number in (errno.EIO, errno.ESTALE)},
    "reset": (ConnectionResetError, errno.ECONNRESET, "Connection reset by peer"),
    "memory": (pa.ArrowMemoryError, "malloc of size 402653184 failed"),
}


@pytest.mark.parametrize("form", ["parquet", "arrow"])
@pytest.mark.parametrize("good", [0, 2])
@pytest.mark.parametrize("what", TROUBLE)
def test_a_table_that_is_whole_and_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str, good: int, what: str
) -> None:
    path = tmp_path / f"x.{form}"
    documents = [[f"{n}" * 1000] for n in range(500)]
    if form == "parquet":
        write_parquet(path, documents, row_group_size=10, compression="none", use_dictionary=False)
    else:
        write_arrow(path, pa.table({"text": [text for (text,) in documents]}), stream=True, rows=10)
    source = describe(str(path))
    kind, *arguments = TROUBLE[what]
    error = kind(*arguments)

    def opened(path: str) -> io.BufferedReader:
        file = Failing(path)
        file.error, file.good = error, good
        return io.BufferedReader(file)

    monkeypatch.setattr(rows, "is_remote", lambda _: True)  # so that it is read through Python
    monkeypatch.setattr(rows, "open_file", opened)
    with pytest.raises(kind) as told:
        list(read_input(source, ReadConfig(on_error="skip"), Account()))
    assert told.value is error
    assert getattr(error, "filename", str(path)) == str(path)


@pytest.mark.parametrize("form", ["parquet", "arrow"])
def test_a_table_that_is_gone(tmp_path: Path, form: str) -> None:
    path = tmp_path / f"x.{form}"
    if form == "parquet":
        write_parquet(path, DOCUMENTS)
    else:
        write_arrow(path, pa.table({"text": ["一"]}), stream=True)
    source = describe(str(path))
    path.unlink()
    with pytest.raises(FileNotFoundError) as told:
        rows.open_rows(source, text_key="text")
    assert told.value.filename == str(path)


@pytest.mark.parametrize("form", ["txt", "parquet"])
def test_a_store_that_cannot_be_read(memory: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, form: str) -> None:
    """With the address, whoever reads, and not as an error of what is written."""
    if form == "txt":
        (tmp_path / "x").write_bytes(text_of(DOCUMENTS * 1000))
    else:
        write_parquet(tmp_path / "x", DOCUMENTS * 1000)
    address = f"memory://bucket/x.{form}"
    memory.put(str(tmp_path / "x"), f"/bucket/x.{form}")
    corpus = corpus_of(address, on_error="skip")

    class Lost:
        def __init__(self, *_: object, **__: object) -> None:
            self.seek = self.tell = lambda *_: 1 << 20
            self.close = lambda: None

        def read(self, size: int) -> bytes:
            raise ConnectionError(f"{size} bytes were asked for")

    monkeypatch.setattr(type(memory), "open", Lost)
    with pytest.raises(UsageError, match=rf"{address}: cannot be read: ConnectionError: \d+ bytes"):
        lines_of(corpus)
    with pytest.raises(UsageError, match=address), open_file(address) as file:
        file.read()


@pytest.mark.parametrize("executor", ["inline", "processes"])
def test_an_input_that_cannot_be_read_is_named_not_the_shard(tmp_path: Path, executor: str) -> None:
    path = make_input(tmp_path / "x.txt")
    job = make_job(path)
    gone(path)
    with pytest.raises(OSError, match="Input/output error") as told:
        run_job(job, Output(tmp_path / "out", executor=executor, workers=2))
    assert told.value.filename == str(path)


def test_an_input_that_cannot_be_read_is_named_where_it_is_planned(tmp_path: Path) -> None:
    path = make_input(tmp_path / "x.txt")
    source = describe(str(path))
    gone(path)
    for read in (lambda file: file.read(), lambda file: file.read(10), lambda file: file.readinto(bytearray(10))):
        with pytest.raises(OSError, match="Input/output error") as told, open_file(source.path) as file:
            read(file)
        assert told.value.filename == str(path)


@pytest.mark.parametrize("out", ["out", "out.txt"])
def test_standard_input_that_cannot_be_read_is_named_not_the_output(tmp_path: Path, out: str) -> None:
    with open(NOWHERE, "rb") as file:
        result = zhprep("normalize", "-", "-o", tmp_path / out, "--quiet", stdin=file)
    assert (result.code, result.err.partition(" / ")[0]) == (1, "Error: standard input: Input/output error")
