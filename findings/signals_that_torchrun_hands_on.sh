#!/usr/bin/env bash
# torch 2.13.0: torchrun does not hand USR1 on to its workers where TORCHELASTIC_SIGNALS_TO_HANDLE names it.
# Expected: it does, as that variable is what torch.distributed.elastic reads where it begins workers.
# Seen: the launcher has written its own default over the variable before; USR1 ends torchrun alone, and the worker
# runs on without it. PET_SIGNALS_TO_HANDLE (or --signals-to-handle) is heeded.
# In zhprep: docs/clusters/pretrain.sbatch sets both (tests/faults/test_slurm_training.py).
source "$(dirname "$0")/common.sh"
packages torch==2.13.0 numpy
observe <<'PYTHON'
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

Path("worker.py").write_text("""
import os, signal, sys, time

def told(*_):
    open(sys.argv[1] + ".told", "w").close()
    os._exit(0)

signal.signal(signal.SIGUSR1, told)
open(sys.argv[1] + ".pid", "w").write(str(os.getpid()))
os.rename(sys.argv[1] + ".pid", sys.argv[1])
time.sleep(600)
""")


def there(path, seconds):
    end = time.monotonic() + seconds
    while not path.exists() and time.monotonic() < end:
        time.sleep(0.1)
    return path.exists()


known = {name: value for name, value in os.environ.items() if not name.startswith(("TORCHELASTIC_", "PET_"))}
for number, (variable, heeded) in enumerate({"TORCHELASTIC_SIGNALS_TO_HANDLE": False, "PET_SIGNALS_TO_HANDLE": True}.items()):
    mark = Path(f"worker-{number}").absolute()
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=1", "worker.py", str(mark)]
    options = {**known, variable: "SIGTERM,SIGINT,SIGUSR1", "OMP_NUM_THREADS": "1"}
    run = subprocess.Popen(command, env=options, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert there(mark, 120)
    run.send_signal(signal.SIGUSR1)
    code = run.wait(120)
    told = there(mark.with_suffix(".told"), 60 if heeded else 5)
    print(f"{variable}: the worker was told: {told}; torchrun ended with {code}")
    if not told:
        os.kill(int(mark.read_text()), signal.SIGKILL)  # it was left behind
    assert told == heeded
    assert (code == -signal.SIGUSR1) == (not heeded)
PYTHON
