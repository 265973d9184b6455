#!/usr/bin/env bash
# ray 2.60.0: `ray symmetric-run` ends with 0 where `ray start` failed and the command was not run.
# Expected: an exit code that says so, as for a command that fails: what comes after it in a job script goes on as if all were done,
# and `srun --kill-on-bad-exit` has no bad exit to end the other nodes for.
# Seen: "Failed to start Ray: … returned non-zero exit status 1." on stderr, exit code 0; here the port is another program's.
# It ends with `ray stop`, all of Ray on a machine: so it has processes of its own here, which Linux gives.
# In zhprep: docs/clusters/ray.sbatch ends with 1 unless the manifest is there (tests/faults/test_clusters.py).
source "$(dirname "$0")/common.sh"
packages ray==2.60.0
export RAY_USAGE_STATS_ENABLED=0
observe <<'PYTHON'
import os
import socket
import subprocess
import sys
from pathlib import Path

programs = Path(sys.executable).parent
search = f"{programs}{os.pathsep}{os.environ['PATH']}"
with socket.create_server(("127.0.0.1", 0)) as other:
    address = f"127.0.0.1:{other.getsockname()[1]}"
    alone = ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child", "--mount-proc"]
    command = [*alone, programs / "ray", "symmetric-run", "--address", address, "--", "touch", "ran"]
    done = subprocess.run(command, env={**os.environ, "PATH": search}, capture_output=True, text=True, check=False)
said = next(line for line in done.stderr.splitlines() if "Failed to start Ray" in line)
print(f"{said[:60]}…; the command ran: {Path('ran').exists()}; exit code {done.returncode}")
assert not Path("ran").exists()
assert done.returncode == 0
PYTHON
