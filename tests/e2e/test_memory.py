"""Memory is bounded by the batch, never by the corpus."""

from __future__ import annotations

import time

import psutil
import pytest
from command_line import process

LIMIT = 1_500_000_000


def peak_of(started):
    """Return the largest resident memory of a process and its workers together, in bytes."""
    peak = 0
    own = psutil.Process(started.pid)
    while started.poll() is None:
        try:
            peak = max(peak, sum(one.memory_info().rss for one in (own, *own.children(recursive=True))))
        except psutil.NoSuchProcess:
            continue
        time.sleep(0.02)
    return peak


@pytest.fixture(scope="module")
def corpora(shared_data, tmp_path_factory):
    """A corpus of real prose and the same ten times over."""
    text = (shared_data / "corpus" / "prose_public_domain_fiction.txt").read_bytes().strip() + b"\n\n"
    folder = tmp_path_factory.mktemp("corpora")
    for times in (1, 10):
        (folder / f"{times}.txt").write_bytes(text * times)
    return folder


@pytest.mark.slow
def test_ten_times_the_corpus_needs_no_more_memory(corpora, vocab, tmp_path):
    peaks = {}
    for times in (1, 10):
        arguments = (corpora / f"{times}.txt", "--vocab", vocab, "-o", tmp_path / str(times), "--workers", 2, "--quiet")
        started = process("make-instances", *arguments)
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
