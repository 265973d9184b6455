#!/usr/bin/env bash
# torch 2.13.0 (CPU, gloo): a process group that was destroyed stays, with its threads, once DistributedDataParallel was made.
# Expected: after destroy_process_group, and with the model gone, no thread of gloo is left.
# Seen: pt_gloo_runloop threads stay to the end of the process. The first model of that class imports torch._dynamo, and so
# torch.distributed.nn.functional, whose functions take the group of that moment as a default value (`group=group.WORLD`).
# Imported before the group is made, it holds none, and the threads end.
# In zhprep: it is imported first (tests/engine/test_distribution.py).
source "$(dirname "$0")/common.sh"
packages torch==2.13.0 numpy
observe <<'PYTHON'
import os
import subprocess
import sys

SCRIPT = """
import os
import sys

import torch
import torch.distributed

if sys.argv[1] == "first":
    import torch.distributed.nn.functional
torch.distributed.init_process_group("gloo")
model = torch.nn.parallel.DistributedDataParallel(torch.nn.Linear(2, 2))
del model
torch.distributed.destroy_process_group()
names = [open(f"/proc/self/task/{task}/comm").read().strip() for task in os.listdir("/proc/self/task")]
print(sum(name.startswith("pt_gloo") for name in names))
"""
seen = {}
alone = {"WORLD_SIZE": "1", "RANK": "0", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "0"}
for order in ("late", "first"):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, order], env={**os.environ, **alone}, capture_output=True, text=True, check=True
    )
    seen[order] = int(done.stdout)
    print(f"torch.distributed.nn.functional imported {order}: {seen[order]} threads of gloo are left")
assert seen["late"] > 0
assert seen["first"] == 0
PYTHON
