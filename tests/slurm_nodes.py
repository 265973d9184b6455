"""Slurm with two nodes of two CPUs each, all on this machine, without systemd; needs root and Debian's slurmctld,
slurmd, slurm-client and munge."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

from patience import patience, wait_until
from stores import free_port

CONFIG = """
ClusterName=tests
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port={one} CPUs=2
NodeName=n2 NodeHostname={host} NodeAddr=127.0.0.1 Port={two} CPUs=2
PartitionName=debug Nodes=n1,n2 Default=YES
"""
COMMON = Path(__file__).with_name("slurm.conf")
"""The settings besides, which those of ``slurm_hosts.sh`` are too."""


def why_not() -> str:
    """Return what is missing here; nothing if two nodes can be started."""
    for program in ("slurmctld", "slurmd", "munged", "sbatch"):
        if shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin") is None:
            return f"{program} is not installed"
    return "Slurm's daemons need root" if os.geteuid() else ""


@contextlib.contextmanager
def two_nodes(top: Path) -> Iterator[dict[str, str]]:
    """Inside, Slurm runs; gives the environment that its commands need. ``top`` is an empty folder for its files."""
    for name in ("state", "spool-n1", "spool-n2"):
        (top / name).mkdir()
    key = top / "munge.key"
    key.write_bytes(os.urandom(128))
    key.chmod(0o400)
    host = socket.gethostname().split(".")[0]
    config = top / "slurm.conf"
    own = CONFIG.format(host=host, port=free_port(), one=free_port(), two=free_port())
    config.write_text(COMMON.read_text("utf-8").replace("{top}", str(top)) + own)
    munge = [
        "munged", "--foreground", "--force", f"--key-file={key}", f"--socket={top}/munge.socket",
        f"--pid-file={top}/munged.pid", f"--log-file={top}/munged.log", f"--seed-file={top}/munge.seed",
    ]  # fmt: skip
    daemons = [
        munge, ["slurmctld", "-D", "-c", "-f", config],
        ["slurmd", "-D", "-N", "n1", "-f", config], ["slurmd", "-D", "-N", "n2", "-f", config],
    ]  # fmt: skip
    options = {**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin", "SLURM_CONF": str(config)}
    started: list[subprocess.Popen[bytes]] = []
    try:
        for daemon in daemons:
            silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            started.append(subprocess.Popen(list(map(str, daemon)), env=options, **silent))  # type: ignore[call-overload]
            wait_until((top / "munge.socket").exists)  # of the first, by which the others know each other
        wait_until(lambda: _are_idle(started, options), every=0.2)
        yield {"SLURM_CONF": str(config)}
    finally:
        for one in reversed(started):
            _end(one)


def _are_idle(daemons: list[subprocess.Popen[bytes]], options: dict[str, str]) -> bool:
    assert all(one.poll() is None for one in daemons), "a daemon of Slurm has ended"
    idle = ["sinfo", "--noheader", "--states=idle", "--format=%D"]
    return subprocess.run(idle, env=options, capture_output=True, check=False).stdout.strip() == b"2"


def _end(daemon: subprocess.Popen[bytes]) -> None:
    daemon.terminate()
    try:
        daemon.wait(timeout=patience(30))
    except subprocess.TimeoutExpired:
        daemon.kill()
        daemon.wait()
