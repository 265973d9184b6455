"""Memory is bounded by the batch, never by the corpus."""

from __future__ import annotations

import contextlib
import gzip
import re
import time
from pathlib import Path

import psutil
import pytest
from command_line import process

LIMIT = 1_500_000_000


def peak_of(started):
    """Return the largest resident memory of a process and of each of its workers, summed, in bytes: the system keeps
    it, so nothing is missed between two looks."""
    peaks = {}
    own = psutil.Process(started.pid)
    while started.poll() is None:
        with contextlib.suppress(psutil.NoSuchProcess):
            for one in (own, *own.children(recursive=True)):
                peaks[one.pid] = high_water(one.pid) or peaks.get(one.pid, 0)  # it begins anew with another program
        time.sleep(0.02)
    return sum(peaks.values())


def high_water(pid):
    """Return the largest resident memory of a process so far, in bytes; of one that is gone, 0."""
    with contextlib.suppress(OSError):
        if found := re.search(r"^VmHWM:\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE):
            return int(found[1]) << 10
    return 0


@pytest.fixture(scope="module")
def corpora(shared_data, tmp_path_factory):
    """A corpus of real prose, and the same six and ten times over."""
    text = (shared_data / "corpus" / "prose_public_domain_fiction.txt").read_bytes().strip() + b"\n\n"
    folder = tmp_path_factory.mktemp("corpora")
    for times in (1, 6, 10):
        (folder / f"{times}.txt").write_bytes(text * times)
    return folder


@pytest.mark.slow
def test_ten_times_the_corpus_needs_no_more_memory(corpora, vocab, tmp_path):
    """Loops are compiled before, by one worker that has as much to do as each of two has of ten times the corpus: how
    much that takes depends on the compiler."""
    peaks = {}
    for times, workers in ((6, 1), (1, 2), (10, 2)):
        arguments = (corpora / f"{times}.txt", "--vocab", vocab, "-o", tmp_path / str(times), "--quiet")
        started = process("make-instances", *arguments, "--workers", workers)
        peaks[times] = peak_of(started)
        assert (started.communicate()[1], started.returncode) == (b"", 0)
    print(f"peak memory {peaks[1] / 1e6:.0f} MB, of ten times the corpus {peaks[10] / 1e6:.0f} MB")
    assert max(peaks.values()) < LIMIT
    assert peaks[10] <= 1.1 * peaks[1]


def test_duplicates_are_not_held(corpora, vocab, tmp_path):
    peaks = {}
    for copies in (1, 10):
        flags = ("--static", "--dupe-factor", copies, "--workers", 1, "--quiet")
        started = process("make-instances", corpora / "1.txt", "--vocab", vocab, "-o", tmp_path / str(copies), *flags)
        peaks[copies] = peak_of(started)
        assert (started.communicate()[1], started.returncode) == (b"", 0)
    assert peaks[10] <= 1.15 * peaks[1]


def test_a_line_without_an_end_is_not_held(tmp_path):
    """8 MB in one line of a .gz beside the same text in short lines: the memory of a part more, not of the line."""
    sentences = [f"第{number}天，他在公园里走了很久，天气很好，还遇见了一位老朋友。" for number in range(100_000)]
    peaks = {}
    for name, text in (("short", "\n".join(sentences)), ("long", "".join(sentences))):
        with gzip.open(tmp_path / f"{name}.txt.gz", "wt", encoding="utf-8", compresslevel=1) as file:
            file.write(text)
        started = process("segment", tmp_path / f"{name}.txt.gz", "-o", tmp_path / name, "--workers", 1, "--quiet")
        peaks[name] = peak_of(started)
        assert (started.communicate()[1], started.returncode) == (b"", 0)
    assert peaks["long"] < peaks["short"] + 80_000_000
