"""The process around a command: pipes that close, signals, streams that are not there."""

from __future__ import annotations

import errno
import os
import resource
import signal
import subprocess
import sys
import threading
import time

import pytest
from command_line import environment, process, zhprep
from fault_table import fault
from patience import is_late, wait_until

from zhprep.cli.process import is_of_memory

SENTENCE = "今天天气很好，我们去公园散步，看见了很多花。\n"
LINES = (SENTENCE * 4 + "\n").encode() * 10_000


@pytest.fixture(scope="module")
def long_text(tmp_path_factory):
    path = tmp_path_factory.mktemp("long") / "long.txt"
    path.write_bytes(LINES * 8)  # seconds of work: a signal is to come before its end
    return path


@fault(16, 1)
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_goes_away_is_quiet(unbuffered, tmp_path, tried):
    """One document is one write, of which `python -u` would write a part and say nothing."""
    (tmp_path / "one.txt").write_text(SENTENCE * 10_000, encoding="utf-8")
    with process("normalize", tmp_path / "one.txt", "--quiet", env=environment(PYTHONUNBUFFERED=unbuffered)) as started:
        assert started.stdout.read(30) == LINES[:30]
        started.stdout.close()
        assert started.stderr.read() == b""
        assert started.wait() == 141
    tried()


@fault(16, 1)
def test_a_closed_stdout_is_told(sample_data, tried):
    command = f"exec {sys.executable} -m zhprep normalize {sample_data}/corpus/news.txt --quiet >&-"
    done = subprocess.run(["bash", "-c", command], env=environment(), capture_output=True)
    assert done.returncode == 1
    assert done.stderr.decode().splitlines() == [
        "Error: standard output: Bad file descriptor / hint: check the path, its permissions and the free space"
    ]
    tried()


@fault(16, 1)
def test_a_closed_stdout_does_not_matter_where_nothing_is_written_to_it(sample_data, tmp_path, tried):
    command = f"exec {sys.executable} -m zhprep normalize {sample_data}/corpus/news.txt -o {tmp_path}/out >&-"
    done = subprocess.run(["bash", "-c", command], env=environment(), capture_output=True)
    assert (done.returncode, (tmp_path / "out" / "manifest.json").exists()) == (0, True)
    tried()


@fault(16, 1)
def test_a_full_disk_is_told(sample_data, tried):
    with (
        open("/dev/full", "wb") as full,
        process("normalize", sample_data / "corpus", "--quiet", stdout=full) as started,
    ):
        _, err = started.communicate()
    assert started.returncode == 1
    assert err.decode().startswith("Error: standard output: No space left on device")
    assert err.count(b"\n") == 1
    tried()


@fault(16, 1)
def test_output_is_utf8_whatever_the_locale(tried):
    locale = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}
    with process("show-masks", "使用语言模型", env=environment(**locale)) as started:
        out, err = started.communicate()
    assert (started.returncode, err) == (0, b"")
    assert "语言" in out.decode()
    tried()


@fault(16, 1)
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 85)], ids=["ctrl-c", "sigterm"])
def test_a_signal_while_reading_standard_input_leaves_nothing(number, code, tmp_path, tried):
    with process("normalize", "-", "-o", tmp_path / "new" / "out", stdin=subprocess.PIPE) as started:
        started.stdin.write(LINES)
        wait_until(lambda: (tmp_path / "new").exists())
        time.sleep(0.3)  # until it stands in the read: a signal just before that waits for the next bytes
        started.send_signal(number)
        err = started.stderr.read()
        started.stdin.close()
    assert started.returncode == code, err
    assert len(err.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []
    tried()


@fault(16, 1)
@pytest.mark.parametrize(
    ("number", "code", "said"),
    [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 85, "Error: stopped with")],
    ids=["ctrl-c", "sigterm"],
)
def test_a_signal_in_the_middle_keeps_what_is_done(number, code, said, long_text, tmp_path, tried):
    arguments = ("normalize", long_text, "-o", tmp_path / "out", "--block-size", "20KiB", "--workers", 1, "--quiet")
    with process(*arguments) as started:
        wait_until(lambda: len(list((tmp_path / "out" / ".receipts").glob("*.json"))) >= 2)
        began = time.monotonic()
        started.send_signal(number)
        _, err = started.communicate()
        assert not is_late(began, 20)
    assert (started.returncode, len(err.splitlines())) == (code, 1), err
    assert err.decode().startswith(said)
    assert not (tmp_path / "out" / "manifest.json").exists()
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").glob("data-*")}
    assert len(kept) >= 2
    with process(*arguments) as again:
        assert again.wait() == 0
    assert (tmp_path / "out" / "manifest.json").exists()
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    tried()


@fault(16, 4)
@pytest.mark.parametrize("command", ["normalize", "segment"])
def test_what_comes_bit_by_bit_is_read_whole(command, sample_data, tried):
    """Through a pipe that a child fills with writes of odd sizes, in the middle of characters."""
    data = (sample_data / "corpus" / "dialogue.txt").read_bytes()[:3000]
    whole = zhprep(command, "--quiet", stdin=data).out
    for size in (1, 7, 64, 1021):
        assert piped(command, data, size) == whole
        tried()


@pytest.mark.nightly
@fault(16, 40)
def test_what_comes_in_pieces_of_any_size_is_read_whole(sample_data, tried):
    data = (sample_data / "corpus" / "dialogue.txt").read_bytes()[:3000]
    whole = zhprep("normalize", "--quiet", stdin=data).out
    for size in range(1, 41):
        assert piped("normalize", data, size) == whole
        tried()


def piped(command, data, size):
    """Return what a command, in this process, makes of what another thread writes into its standard input."""
    reading, writing = os.pipe()

    def fill():
        for place in range(0, len(data), size):
            os.write(writing, data[place : place + size])
        os.close(writing)

    writer = threading.Thread(target=fill)
    writer.start()
    try:
        with open(reading, "rb") as pipe:
            return zhprep(command, "--quiet", stdin=pipe).out
    finally:
        writer.join()


def test_too_little_memory_is_told(sample_data, vocab, tmp_path):
    """Of a process that may have 150 MiB of addresses, in which Arrow's library has no room: no defect of ours."""
    command = [sys.executable, "-m", "zhprep", "make-instances", sample_data / "corpus", "--vocab", vocab]
    limit = (150 << 20, 150 << 20)
    done = subprocess.run(
        [*map(str, command), "-o", str(tmp_path / "data"), "--workers", "1", "--quiet"],
        capture_output=True, text=True, check=False, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, limit),
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert "there is too little memory" in done.stderr
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (MemoryError(), True),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), True),
        (RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory"), True),
        (RuntimeError("can't start new thread"), True),
        (ImportError("libarrow.so.2600: failed to map segment from shared object"), True),
        (
            ValueError("array is too big; `arr.size * arr.dtype.itemsize` is larger than the maximum possible size."),
            True,
        ),
        (ValueError("no such thing"), False),
        (OSError(errno.ENOENT, "No such file"), False),
    ],
)
def test_what_says_that_memory_is_out(error, told):
    assert is_of_memory(error) is told
