"""What Ray costs beside worker processes: the same command, blocks of the default size, as many CPUs.

Its own processes (the head, a raylet a node) run for as long as the cluster does and are the cluster's; counted are the
command's and its workers'. ``python -m pytest -s benchmarks/test_ray.py``; skipped where ray is not installed.
"""

from __future__ import annotations

import contextlib
import os
import statistics
import sys
import threading
from importlib.util import find_spec
from pathlib import Path

import psutil
import pytest
from whole import ROOT, command

sys.path.append(str(ROOT / "tests"))

from ray_nodes import Nodes, two_nodes  # it lies with the tests

COPIES = (8, 32)
N_TURNS = int(os.environ.get("ZHPREP_BENCH_TURNS", "3"))

pytestmark = pytest.mark.skipif(find_spec("ray") is None, reason="ray is not installed")


class Meter(threading.Thread):
    """Reads, ten times a second, how many seconds of processor each process of a cluster has used: workers end with
    their job, and nobody knows theirs then."""

    def __init__(self, nodes: Nodes) -> None:
        super().__init__()
        self._cluster = psutil.Process(nodes.process.pid)
        self._over = threading.Event()
        self.workers: dict[int, float] = {}

    def run(self) -> None:
        while not self._over.wait(0.1):
            for one in self._cluster.children(recursive=True):
                with contextlib.suppress(psutil.Error):
                    if "ray::" in " ".join(one.cmdline()) or "default_worker.py" in " ".join(one.cmdline()):
                        times = one.cpu_times()
                        self.workers[one.pid] = times.user + times.system

    def seconds(self) -> float:
        """Stop; return the seconds of all workers."""
        self._over.set()
        self.join()
        return sum(self.workers.values())


def by_both(corpus: Path, vocab: Path, top: Path) -> tuple[float, float]:
    """Return the seconds of processor that a corpus takes two workers and two CPUs of a Ray cluster: medians."""
    line = ("-m", "zhprep", "make-instances", corpus, "--vocab", vocab, "--mask", "wwm", "--quiet", "--overwrite")
    processes, ray = [], []
    for _ in range(N_TURNS):
        processes.append(command(*line, "--workers", 2, "-o", top / "processes").processor)
        with two_nodes() as nodes:
            meter = Meter(nodes)
            meter.start()
            own = command(*line, "--executor", "ray", "--ray-address", nodes.address, "-o", top / "ray").processor
            ray.append(own + meter.seconds())
    print(f"\n{corpus.name}: two workers {processes}, Ray {ray} s of processor", end="")
    return statistics.median(processes), statistics.median(ray)


def test_overhead(documents: list[list[str]], tmp_path: Path) -> None:
    """Of two sizes of corpus: what Ray takes once, and what it takes of each block."""
    text = "\n\n".join("\n".join(document) for document in documents) + "\n\n"
    took = []
    for copies in COPIES:
        corpus = tmp_path / f"{copies}M.txt"
        corpus.write_text(text * copies, encoding="utf-8")
        if not took:
            command("-m", "zhprep", "build-vocab", corpus, "-o", tmp_path / "vocab", "--quiet")
        took.append(by_both(corpus, tmp_path / "vocab", tmp_path))
    (few, few_ray), (many, many_ray) = took
    share = (many_ray - few_ray) / (many - few) - 1
    print(f"\nRay: {share:+.1%} of processor on each block, {few_ray - few * (1 + share):.1f} s once")
    assert share < 0.1
