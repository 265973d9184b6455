#!/usr/bin/env bash
# GNU parallel 20221122: a job on another machine where SHELL is not set (what stands in for ssh enters a container, as
# `docker exec` does) is not run, and parallel ends with 0, without a word.
# Expected: an exit code that is not 0, or /bin/sh in its place, as on one's own machine.
# Seen: no job ran, exit code 0; with PARALLEL_SHELL=/bin/bash all ran.
# It is Debian's package that is tried (apt-get download, nothing is installed), on a machine whose Debian has this version.
# In zhprep: docs/clusters/parallel.sh says PARALLEL_SHELL (tests/faults/test_clusters.py).
source "$(dirname "$0")/common.sh"
(cd "$folder" && apt-get download --quiet parallel=20221122+ds-2 >apt.log 2>&1 && dpkg-deb --extract parallel_*.deb .) || {
  cat "$folder/apt.log" >&2
  exit 2
}
observe <<'PYTHON'
import os
import subprocess
from pathlib import Path

enter = Path("enter")
enter.write_text('#!/bin/sh\nshift 2\nunset SHELL\nexec sh -c "$*"\n')
enter.chmod(0o755)
login = f"1/{enter.absolute()} one,1/{enter.absolute()} two"
command = ["usr/bin/parallel", "--sshlogin", login, "touch"]
jobs = [str(Path(f"job-{n}").absolute()) for n in range(4)]
known = {name: value for name, value in os.environ.items() if name != "PARALLEL_SHELL"}
for more, ran in ({}, 0), ({"PARALLEL_SHELL": "/bin/bash"}, 4):
    options = {**known, **more, "PARALLEL_HOME": str(Path("home").absolute())}
    done = subprocess.run([*command, ":::", *jobs], env=options, capture_output=True, text=True, check=False)
    made = sum(Path(job).exists() for job in jobs)
    print(f"{more or 'nothing said'}: {made} of 4 jobs ran; exit code {done.returncode}; stderr {done.stderr!r}")
    assert (done.returncode, made) == (0, ran)
PYTHON
