#!/usr/bin/env bash
# fsspec 2026.9.0: put_file(mode="create") of the local file system writes over what is there.
# Expected: FileExistsError and the old bytes, as with memory://, with s3fs and gcsfs (conditional requests), and as the
# local file system's own pipe_file(mode="create") does it.
# Seen: file://, and dir:// over it, take the argument, write over the file and say nothing.
# In zhprep: files are put only in stores that are known to refuse (core/corpus/inputs/remote.py); others are exit 2
# before the work begins (tests/cli/test_delivery.py).
source "$(dirname "$0")/common.sh"
packages fsspec==2026.9.0
observe <<'PYTHON'
from pathlib import Path

import fsspec

Path("new").write_text("new")


def put(system, target):
    try:
        system.put_file("new", target, mode="create")
    except FileExistsError:
        return "refused"
    return "put"


memory, local = fsspec.filesystem("memory"), fsspec.filesystem("file")
memory.pipe("/there", b"old")
Path("there").write_text("old")
try:
    local.pipe_file("there", b"new", mode="create")
    piped = "put"
except FileExistsError:
    piped = "refused"
kept = Path("there").read_text()
results = {
    "memory put_file": (put(memory, "/there"), memory.cat("/there").decode()),
    "local pipe_file": (piped, kept),
    "local put_file": (put(local, "there"), Path("there").read_text()),
}
Path("there").write_text("old")
below = fsspec.filesystem("dir", path=str(Path.cwd()), fs=local)
results["dir put_file"] = (put(below, "there"), Path("there").read_text())
for name, (what, holds) in results.items():
    print(f"{name:<16} expected refused, old   seen {what}, {holds}")
assert results["memory put_file"] == results["local pipe_file"] == ("refused", "old"), results
assert results["local put_file"] == results["dir put_file"] == ("put", "new"), results
PYTHON
