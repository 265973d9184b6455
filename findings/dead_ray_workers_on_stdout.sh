#!/usr/bin/env bash
# ray 2.60.0: the driver's stdout gets a line on every worker that died, with log_to_driver=False and logging_level="error".
# Expected: what a driver prints is what it prints; what the cluster has to tell is in its log or on stderr.
# Seen: "(raylet) A worker died or was killed while executing a task …" on stdout, behind or between the lines of data. A pipeline
# that reads them takes it for data, after an error that the driver caught and dealt with.
# In zhprep: threads of Ray say nothing on stdout while it is connected (tests/faults/test_ray.py).
source "$(dirname "$0")/common.sh"
packages ray==2.60.0
export RAY_USAGE_STATS_ENABLED=0
observe <<'PYTHON'
import subprocess
import sys

SCRIPT = """
import os
import time
import ray

ray.init(num_cpus=1, address="local", log_to_driver=False, logging_level="error", configure_logging=False)

@ray.remote(max_retries=0)
def leave():
    os._exit(1)

try:
    ray.get(leave.remote())
except ray.exceptions.WorkerCrashedError:
    print("data", flush=True)
time.sleep(3)
ray.shutdown()
"""
lines = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True).stdout.splitlines()
others = [line for line in lines if line != "data"]
print(f"lines of data: {lines.count('data')}; others: {[line[:60] for line in others]}")
assert lines.count("data") == 1
assert any("A worker died" in line for line in others)
PYTHON
