"""A Ray cluster of two nodes, with one CPU each if not said otherwise, all on this machine, in a process of its own;
needs ray.

As a script it takes what its nodes have, as JSON, and prints the address, then removes a node for each line `remove` that it reads, and ends with its input.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from patience import patience

TESTS = Path(__file__).parent


@dataclass(frozen=True)
class Nodes:
    """A cluster that runs; ``address`` is what ``--ray-address`` takes."""

    address: str
    process: subprocess.Popen[str]

    def remove(self) -> None:
        """Take one node away, with all that runs there."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("remove\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "removed\n"


@contextlib.contextmanager
def two_nodes(*have: dict[str, int]) -> Iterator[Nodes]:
    """Inside, a cluster runs, of which each node has what ``have`` says (``num_cpus``, ``num_gpus``)."""
    have = have or ({"num_cpus": 1}, {"num_cpus": 1})
    path = os.pathsep.join([str(TESTS.parent), str(TESTS)])
    environment = {
        **os.environ,
        "PYTHONPATH": path,
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_raylet_start_wait_time_s": "300",
    }
    with subprocess.Popen(
        [sys.executable, __file__, json.dumps(have)], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True,
    ) as process:  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield Nodes(process.stdout.readline().strip(), process)
        finally:
            with contextlib.suppress(OSError):
                process.stdin.close()
            process.wait(timeout=patience(60))


def main() -> None:
    from ray.cluster_utils import Cluster

    small = {"object_store_memory": 80_000_000}
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False, **small})
    nodes = [cluster.add_node(**have, **small) for have in json.loads(sys.argv[1])]
    print(cluster.address, flush=True)
    for line in sys.stdin:
        if line == "remove\n":
            cluster.remove_node(nodes.pop(), allow_graceful=False)
            print("removed", flush=True)
    cluster.shutdown()


if __name__ == "__main__":
    main()
